//! Tenants and plans: added, changed, moved and removed by those above, and never orphaned.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::estate::{estate, id};
use super::scene::{Reply, Scene, request};

pub(super) const ROOT: &str = "super_admin";

pub(super) async fn post(scene: &Scene, who: &str, path: &str, body: Value) -> Reply {
    scene.ask(who, Method::POST, path, &body.to_string()).await
}

pub(super) async fn patch(scene: &Scene, who: &str, path: &str, body: Value) -> Reply {
    scene.ask(who, Method::PATCH, path, &body.to_string()).await
}

/// The status, and the first field that is named.
pub(super) fn refusal(reply: &Reply) -> (u16, String) {
    let pointer = &reply.json()["errors"][0]["pointer"];
    let pointer = pointer.as_str().unwrap_or_default().to_owned();
    (reply.status.as_u16(), pointer)
}

pub(super) fn unknown(pointer: &str) -> (u16, String) {
    (422, pointer.to_owned())
}

fn community(distributor: &str, region: &str) -> Value {
    json!({"name": "x", "distributor_id": id(distributor), "region": region})
}

async fn ids(scene: &Scene, who: &str, path: &str) -> Vec<Uuid> {
    let list = scene.ask(who, Method::GET, path, "").await;
    assert_eq!(list.status, StatusCode::OK, "{path}");
    let list = list.json();
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn a_tenant_of_each_kind_is_added_shown_changed_and_removed() {
    let scene = estate().await;
    for (kind, body, change) in [
        (
            "distributors",
            json!({"name": "North"}),
            json!({"name": "n"}),
        ),
        (
            "communities",
            community("d1", "north"),
            json!({"time_zone": "Asia/Kolkata", "plan_id": null}),
        ),
        (
            "customers",
            json!({"name": "House", "community_id": id("n1")}),
            json!({"community_id": id("n2")}),
        ),
        (
            "plans",
            json!({"name": "tailored", "nodes": 3}),
            json!({"nodes": null}),
        ),
    ] {
        let list = format!("/admin/{kind}");
        let before = ids(&scene, ROOT, &list).await;
        let made = post(&scene, ROOT, &list, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{kind}: {}", made.json());
        assert_eq!(made.header("etag"), r#""v1""#);
        let one = made.header("location").strip_prefix("/api/v1").unwrap();
        let shown = scene.ask(ROOT, Method::GET, one, "").await;
        assert_eq!(shown.json(), made.json());
        let changed = patch(&scene, ROOT, one, change.clone()).await;
        assert_eq!(changed.json()["version"], 2, "{kind}: {}", changed.json());
        let same = patch(&scene, ROOT, one, change).await;
        assert_eq!(same.header("etag"), r#""v2""#, "a change that is none");
        assert_eq!(ids(&scene, ROOT, &list).await.len(), before.len() + 1);
        let gone = scene.ask(ROOT, Method::DELETE, one, "").await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        let shown = scene.ask(ROOT, Method::GET, one, "").await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND);
        assert_eq!(ids(&scene, ROOT, &list).await, before);
    }
}

#[tokio::test]
async fn a_change_of_what_has_moved_on_is_refused_and_a_repeated_creation_is_one() {
    let scene = estate().await;
    let one = format!("/admin/distributors/{}", id("d1"));
    for (tag, status) in [
        (r#""v2""#, 412),
        (r#""r1""#, 412),
        (r#""v1""#, 200),
        (r#""v1""#, 412),
    ] {
        let body = json!({"name": format!("as of {status}")}).to_string();
        let mut request = request(Method::PATCH, &format!("/api/v1{one}"), &body);
        let headers = request.headers_mut();
        headers.insert("authorization", "Bearer super_admin".parse().unwrap());
        headers.insert("if-match", tag.parse().unwrap());
        assert_eq!(scene.send(request).await.status.as_u16(), status, "{tag}");
    }
    let mut answers = Vec::new();
    for _ in 0..2 {
        let body = json!({"name": "once"}).to_string();
        let mut request = request(Method::POST, "/api/v1/admin/distributors", &body);
        let headers = request.headers_mut();
        headers.insert("authorization", "Bearer super_admin".parse().unwrap());
        headers.insert("idempotency-key", "one".parse().unwrap());
        answers.push(scene.send(request).await.json());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(ids(&scene, ROOT, "/admin/distributors").await.len(), 3);
}

#[tokio::test]
async fn one_makes_what_is_below_and_hangs_it_on_what_one_sees() {
    let scene = estate().await;
    let communities = "/admin/communities";
    for (who, distributor, region, expected) in [
        ("distributor", "d2", "", unknown("/distributor_id")),
        ("distributor", "missing", "", unknown("/distributor_id")),
        ("region_admin", "d2", "north", unknown("/distributor_id")),
        ("region_admin", "d1", "south", unknown("/region")),
        (ROOT, "missing", "", unknown("/distributor_id")),
        ("distributor", "d1", "west", (201, String::new())),
        ("region_admin", "d1", "north", (201, String::new())),
    ] {
        let made = post(&scene, who, communities, community(distributor, region)).await;
        assert_eq!(refusal(&made), expected, "{who} {distributor} {region}");
    }
    for (who, community, expected) in [
        ("community_admin", "n2", unknown("/community_id")),
        ("community_admin", "missing", unknown("/community_id")),
        ("region_admin", "s1", unknown("/community_id")),
        ("community_admin", "n1", (201, String::new())),
    ] {
        let body = json!({"name": "x", "community_id": id(community)});
        let made = post(&scene, who, "/admin/customers", body).await;
        assert_eq!(refusal(&made), expected, "{who} {community}");
    }
}

#[tokio::test]
async fn a_move_needs_sight_and_right_at_both_ends() {
    let scene = estate().await;
    let [n1, c1, c9] = ["communities/n1", "customers/c1", "customers/c9"].map(|path| {
        let (kind, name) = path.split_once('/').unwrap();
        format!("/admin/{kind}/{}", id(name))
    });
    for (who, path, change, expected) in [
        (
            "distributor",
            &n1,
            json!({"distributor_id": id("d2")}),
            unknown("/distributor_id"),
        ),
        (
            "region_admin",
            &n1,
            json!({"region": "south"}),
            unknown("/region"),
        ),
        (
            "region_admin",
            &c1,
            json!({"community_id": id("s1")}),
            unknown("/community_id"),
        ),
        (
            "community_admin",
            &c1,
            json!({"community_id": id("n2")}),
            unknown("/community_id"),
        ),
        (
            "distributor",
            &c9,
            json!({"community_id": id("n1")}),
            (404, String::new()),
        ),
        (
            "distributor",
            &n1,
            json!({"region": "south"}),
            (200, String::new()),
        ),
        (
            "distributor",
            &c1,
            json!({"community_id": id("n2")}),
            (200, String::new()),
        ),
    ] {
        let moved = patch(&scene, who, path, change.clone()).await;
        assert_eq!(refusal(&moved), expected, "{who} {path} {change}");
    }
}

#[tokio::test]
async fn what_something_hangs_on_is_not_removed_and_says_what_it_is() {
    let scene = estate().await;
    let node = scene.tank("oht-1", Some("n1"), Some("c2")).await;
    scene.tank("oht-2", Some("s1"), None).await;
    let planned = json!({"plan_id": id("base")});
    let planned = patch(
        &scene,
        ROOT,
        &format!("/admin/communities/{}", id("s1")),
        planned,
    )
    .await;
    assert_eq!(planned.status, StatusCode::OK);
    for (path, said) in [
        ("distributors/d1", "communities"),
        ("communities/n1", "customers"),
        ("communities/s1", "a node"),
        ("customers/c2", "a node"),
        ("plans/base", "communities"),
    ] {
        let (kind, name) = path.split_once('/').unwrap();
        let path = format!("/admin/{kind}/{}", id(name));
        let refused = scene.ask(ROOT, Method::DELETE, &path, "").await;
        assert_eq!(refused.code(), "conflict", "{path}");
        let detail = refused.json()["detail"].to_string();
        assert!(detail.contains(said), "{path}: {detail}");
    }
    let c2 = format!("/admin/customers/{}", id("c2"));
    let moved = patch(&scene, ROOT, &c2, json!({"community_id": id("n2")})).await;
    assert_eq!(moved.code(), "conflict");
    let gone = scene
        .ask(ROOT, Method::DELETE, &format!("/nodes/{node}"), "")
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let gone = scene.ask(ROOT, Method::DELETE, &c2, "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn names_are_kept_to_the_byte_and_what_is_none_is_refused() {
    let scene = estate().await;
    for name in ["a  b", "\u{202e}गाँव\u{0}", "'; DROP TABLE nodes; --", "💧"] {
        let made = post(&scene, ROOT, "/admin/distributors", json!({ "name": name })).await;
        assert_eq!(made.json()["name"], name, "{name:?}");
    }
    for name in ["", " \n\t", " a", "a ", &"x".repeat(201)] {
        let made = post(&scene, ROOT, "/admin/distributors", json!({ "name": name })).await;
        assert_eq!(refusal(&made), unknown("/name"), "{name:?}");
    }
    let n1 = format!("/admin/communities/{}", id("n1"));
    for (change, pointer) in [
        (json!({"time_zone": "Mars/Olympus"}), "/time_zone"),
        (json!({"time_zone": ""}), "/time_zone"),
        (json!({"time_zone": "../../etc/passwd"}), "/time_zone"),
        (json!({"region": "x".repeat(65)}), "/region"),
        (json!({"plan_id": id("missing")}), "/plan_id"),
    ] {
        let refused = patch(&scene, ROOT, &n1, change.clone()).await;
        assert_eq!(refusal(&refused), unknown(pointer), "{change}");
    }
    for (limit, value) in [("audit_days", 364), ("raw_days", 0), ("nodes", 1_000_001)] {
        let made = post(
            &scene,
            ROOT,
            "/admin/plans",
            json!({"name": "x", limit: value}),
        )
        .await;
        assert_eq!(refusal(&made), unknown(&format!("/{limit}")));
    }
    let taken = post(&scene, ROOT, "/admin/plans", json!({"name": "base"})).await;
    assert_eq!(refusal(&taken), (409, "/name".to_owned()));
    for forged in [
        json!({"name": "x", "version": 9}),
        json!({"name": "x", "id": id("d9")}),
    ] {
        let made = post(&scene, ROOT, "/admin/distributors", forged).await;
        assert_eq!(made.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_new_community_has_the_base_plan_and_another_one_is_for_those_who_run_the_service() {
    let scene = estate().await;
    let plain = post(
        &scene,
        "distributor",
        "/admin/communities",
        community("d1", ""),
    )
    .await;
    assert_eq!(plain.json()["plan_id"], json!(id("base")));
    let mut better = community("d1", "");
    better["plan_id"] = json!(id("pro"));
    let refused = post(&scene, "distributor", "/admin/communities", better.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let n1 = format!("/admin/communities/{}", id("n1"));
    let refused = patch(&scene, "distributor", &n1, json!({"plan_id": id("pro")})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let made = post(&scene, ROOT, "/admin/communities", better).await;
    assert_eq!(made.json()["plan_id"], json!(id("pro")));
}

#[tokio::test]
async fn lists_hold_what_is_seen_and_wanted_page_by_page() {
    let scene = estate().await;
    let named = |names: &[&str]| names.iter().map(|name| id(name)).collect::<Vec<_>>();
    for (who, path, names) in [
        (
            ROOT,
            "communities".to_owned(),
            &["n1", "n2", "o1", "s1"][..],
        ),
        ("distributor", "communities".to_owned(), &["n1", "n2", "s1"]),
        ("region_admin", "distributors".to_owned(), &[]),
        ("operator", "customers".to_owned(), &["c1", "c2"]),
        (
            ROOT,
            format!("communities?distributor_id={}", id("d2")),
            &["o1"],
        ),
        (
            "distributor",
            format!("communities?distributor_id={}", id("d2")),
            &[],
        ),
        (ROOT, "communities?region=south,west".to_owned(), &["s1"]),
        (
            "region_admin",
            format!("customers?community_id={},{}", id("n2"), id("o1")),
            &["c3"],
        ),
    ] {
        let found = ids(&scene, who, &format!("/admin/{path}")).await;
        assert_eq!(found, named(names), "{who} {path}");
    }
    let (mut seen, mut path) = (Vec::new(), "/admin/customers?limit=3".to_owned());
    loop {
        seen.extend(ids(&scene, ROOT, &path).await);
        let page = scene.ask(ROOT, Method::GET, &path, "").await.json();
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/admin/customers?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, named(&["c1", "c2", "c3", "c9"]));
}
