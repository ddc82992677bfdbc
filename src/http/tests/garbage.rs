//! What strangers send. None of it may be anything but a problem of theirs.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

use super::scene::{Scene, TANK, TOKEN, request};

#[tokio::test]
async fn bad_queries_and_paths_are_400_or_404_and_name_the_parameter() {
    let (scene, id) = Scene::with_tank().await;
    let node = format!("/api/v1/nodes/{id}");
    let cases = [
        ("/api/v1/nodes?limit=0".to_owned(), "/limit"),
        ("/api/v1/nodes?limit=201".to_owned(), "/limit"),
        ("/api/v1/nodes?limit=many".to_owned(), "/limit"),
        ("/api/v1/nodes?cursor=zz".to_owned(), "/cursor"),
        ("/api/v1/nodes?cursor=6162".to_owned(), "/cursor"),
        ("/api/v1/nodes?cursor=616".to_owned(), "/cursor"),
        ("/api/v1/nodes?kind=boat".to_owned(), "/kind"),
        ("/api/v1/nodes?status=online,asleep".to_owned(), "/status"),
        ("/api/v1/nodes?customer_id=7".to_owned(), "/customer_id"),
        ("/api/v1/nodes?colour=red".to_owned(), "/colour"),
        ("/api/v1/nodes?=red".to_owned(), ""),
        ("/api/v1/nodes?limit=1&limit=2".to_owned(), "/limit"),
        ("/api/v1/dashboard/stats?x=1".to_owned(), ""),
        (format!("{node}/telemetry?from=yesterday"), "/from"),
        (
            format!("{node}/telemetry?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"),
            "/from",
        ),
        (format!("{node}/telemetry?metric=A%20B"), "/metric"),
        (format!("{node}/telemetry?cursor=31"), "/cursor"),
        (format!("{node}/telemetry?metric=ph,"), "/metric"),
        (format!("{node}/telemetry?bucket=2h"), "/bucket"),
        (format!("{node}/telemetry?bucket=1h&agg=median"), "/agg"),
        (format!("{node}/telemetry?bucket=1h&agg="), "/agg"),
        (format!("{node}/telemetry?bucket=1h&fill=zero"), "/fill"),
        (format!("{node}/telemetry?bucket=1h&tz=Mars/Base"), "/tz"),
        (format!("{node}/telemetry?bucket=1h&tz=%00"), "/tz"),
        (
            format!("{node}/telemetry?bucket=1h&tz=../../etc/passwd"),
            "/tz",
        ),
        (format!("{node}/telemetry?max_points=2"), "/max_points"),
        (format!("{node}/telemetry?max_points=1e9"), "/max_points"),
        (
            format!("{node}/telemetry?metric={}", ["a"; 101].join(",")),
            "/metric",
        ),
        (format!("{node}/events?after=-1"), "/after"),
        (
            format!("{node}/events?after=99999999999999999999"),
            "/after",
        ),
        (format!("{node}/twin?view=upside-down"), "/view"),
        (format!("{node}/twin?at=yesterday"), "/at"),
        ("/api/v1/nodes/7".to_owned(), "/id"),
        ("/api/v1/nodes/%FF%FE/twin".to_owned(), "/id"),
        ("/api/v1/nodes/..%2F..%2Fetc/twin".to_owned(), "/id"),
    ];
    for (path, pointer) in cases {
        let reply = scene.get(&path).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(reply.code(), "invalid_request", "{path}");
        let named = reply.json()["errors"][0]["pointer"].clone();
        assert!(
            pointer.is_empty() || named == pointer,
            "{path} names {named}"
        );
    }
    for path in [
        "/",
        "/api/v1",
        "/api/v1/nodes/",
        "/api/v2/nodes",
        "/nodes",
        "/api/v1/nodes/key:%00",
        "//",
    ] {
        assert_eq!(scene.get(path).await.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn bad_bodies_are_400_and_point_at_the_fault() {
    let (scene, id) = Scene::with_tank().await;
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = TANK.replace(
        r#""block": "B""#,
        &format!(r#""block": {}"B"{}"#, "[".repeat(40), "]".repeat(40)),
    );
    let by_order = r#"["n-9","Nine","tank","OHT",null,null,null,null,null,null,{},{}]"#;
    let cases: [(&str, &str); 17] = [
        (by_order, ""),
        ("", ""),
        ("{", ""),
        ("null", ""),
        ("[]", ""),
        ("{} {}", ""),
        ("\u{0}", ""),
        (&deep, ""),
        (&nested, ""),
        (
            &TANK.replace(r#""kind": "tank""#, r#""kind": "boat""#),
            "/kind",
        ),
        (&TANK.replace(r#""lat": 17.4"#, r#""lat": "north""#), "/lat"),
        (&TANK.replace(r#""lat": 17.4"#, r#""lat": 1e999"#), ""),
        (&TANK.replace(r#""lat": 17.4"#, r#""lat": NaN"#), ""),
        (&TANK.replace(r#""label""#, r#""lable""#), ""),
        (
            &TANK.replace(
                r#""expected_interval_s": 60"#,
                r#""expected_interval_s": -1"#,
            ),
            "/config/expected_interval_s",
        ),
        (
            &TANK.replace(r#""radius_m": 1.0"#, r#""radius_m": 1.0, "colour": 1"#),
            "",
        ),
        (
            &TANK.replace(r#"{"block": "B"}"#, r#"{"block": 7}"#),
            "/tags/block",
        ),
    ];
    for (body, pointer) in cases {
        let short = &body[..body.len().min(80)];
        let reply = scene.post("/api/v1/nodes", body).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (StatusCode::BAD_REQUEST, "invalid_request"),
            "{short}"
        );
        let named = reply.json()["errors"][0]["pointer"].clone();
        assert!(
            pointer.is_empty() || named == pointer,
            "{named} for {short}"
        );
    }
    for patch in [
        r#"{"colour": 1}"#,
        r#"{"colour": null}"#,
        r#"{"label": null}"#,
        r#"{"id": "x"}"#,
        "[1]",
        "7",
    ] {
        let reply = scene.patch(&format!("/api/v1/nodes/{id}"), patch).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{patch}");
    }
}

#[tokio::test]
async fn texts_that_would_break_a_log_or_a_terminal_are_422_at_the_most() {
    let scene = Scene::empty().await;
    for key in [
        "",
        " ",
        "a b",
        "a/b",
        "\\u0000",
        "\\u001b[2J",
        &"x".repeat(65),
    ] {
        let reply = scene
            .post("/api/v1/nodes", &TANK.replace("oht-7", key))
            .await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed"),
            "{key}"
        );
        assert_eq!(reply.json()["errors"][0]["pointer"], "/node_key");
    }
}

#[tokio::test]
async fn bodies_that_are_not_plain_json_are_415_and_long_ones_413() {
    let scene = Scene::empty().await;
    let mut cases = Vec::new();
    for kind in ["text/plain", "application/xml", "", "application/json-seq"] {
        let mut request = request(Method::POST, "/api/v1/nodes", TANK);
        request
            .headers_mut()
            .insert("content-type", kind.parse().unwrap());
        cases.push((
            request,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
        ));
    }
    for encoding in ["gzip", "br", "identity, gzip"] {
        let mut request = request(Method::POST, "/api/v1/nodes", TANK);
        request
            .headers_mut()
            .insert("content-encoding", encoding.parse().unwrap());
        cases.push((
            request,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
        ));
    }
    let long = " ".repeat(1024 * 1024 + 1);
    cases.push((
        request(Method::POST, "/api/v1/nodes", &long),
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload_too_large",
    ));
    for (request, status, code) in cases {
        let reply = scene.send(request).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code));
    }
    let utf16 = Request::post("/api/v1/nodes")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json")
        .body(Body::from(vec![0xff, 0xfe, b'{', 0, b'}', 0]));
    assert_eq!(scene.send(utf16.unwrap()).await.code(), "invalid_request");
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_405_and_names_those_that_are() {
    let scene = Scene::empty().await;
    for (method, path) in [
        (Method::PUT, "/api/v1/nodes"),
        (Method::POST, "/health"),
        (Method::TRACE, "/api/v1/dashboard/stats"),
    ] {
        let reply = scene.send(request(method.clone(), path, "")).await;
        assert_eq!(
            reply.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert_eq!(reply.code(), "invalid_request");
        assert!(reply.header("allow").contains("GET"), "{path}");
    }
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_is_400_and_a_foreign_one_412() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}");
    for tag in ["r42", "\"r42", "", ",", "\"a\"\"b\""] {
        let reply = scene.patch_if(&path, tag, r#"{"label": "x"}"#).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{tag}");
        assert_eq!(reply.json()["errors"][0]["pointer"], "/if-match");
    }
    for tag in ["\"abc\"", "\"r99999999999999999999\"", "\"r0\", \"v0\""] {
        let reply = scene.patch_if(&path, tag, r#"{"label": "x"}"#).await;
        assert_eq!(reply.status, StatusCode::PRECONDITION_FAILED, "{tag}");
    }
}

#[tokio::test]
async fn bad_readings_are_400_and_point_at_the_fault() {
    let (scene, id) = Scene::with_tank().await;
    let node = format!("/api/v1/nodes/{id}/readings");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for (reading, pointer) in [
        (r#"{"metric": "ph", "value": true}"#, "/value"),
        (r#"{"metric": "ph", "value": [7]}"#, "/value"),
        (&*format!(r#"{{"metric": "ph", "value": {deep}}}"#), ""),
        (r#"{"metric": "ph", "value": 1e999}"#, ""),
        (r#"{"metric": "ph", "value": NaN}"#, ""),
        (r#"{"metric": 7, "value": 7}"#, "/metric"),
        (r#"{"metric": "ph"}"#, ""),
        (r#"{"metric": "ph", "value": 7, "at": 7}"#, "/at"),
        (r#"{"metric": "ph", "value": 7, "unit": "pH"}"#, ""),
        ("null", ""),
    ] {
        let one = format!(r#"{{"readings": [{reading}]}}"#);
        let many = format!(r#"{{"batches": [{{"node_id": "{id}", "readings": [{reading}]}}]}}"#);
        let short = &reading[..reading.len().min(60)];
        let alone = scene.post(&node, &one).await;
        assert_eq!(alone.status, StatusCode::BAD_REQUEST, "{short}");
        let bulk = scene.post("/api/v1/telemetry", &many).await;
        for (problem, prefix) in [(alone.problem(), ""), (bulk.problem(), "/batches/0")] {
            assert_eq!(problem["status"], 400, "{short}");
            let named = problem["errors"][0]["pointer"].clone();
            let expected = format!("{prefix}/readings/0{pointer}");
            assert!(
                pointer.is_empty() || named == expected,
                "{named} for {short}"
            );
        }
    }
    for body in ["", "{", "[]", "{}", "null", r#"{"readings": 7}"#, "{} {}"] {
        for path in [&*node, "/api/v1/telemetry"] {
            let reply = scene.post(path, body).await;
            assert_eq!(reply.code(), "invalid_request", "{path} {body}");
        }
    }
}
