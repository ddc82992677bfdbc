//! Nodes of tenants: no more than the plan allows, and always of what is above them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::estate::{estate, id};
use super::scene::{TANK, request};
use super::tenants::{ROOT, patch, post, refusal, unknown};

#[tokio::test]
async fn a_community_has_no_more_nodes_than_its_plan_allows_however_they_come() {
    let scene = estate().await;
    let n1 = format!("/admin/communities/{}", id("n1"));
    let planned = patch(&scene, ROOT, &n1, json!({"plan_id": id("base")})).await;
    assert_eq!(planned.status, StatusCode::OK);
    scene.tank("oht-1", Some("n1"), None).await;
    let second = scene.tank("oht-2", Some("n1"), None).await;
    let other = scene.tank("oht-3", Some("n2"), None).await;
    let mut body: Value = serde_json::from_str(TANK).unwrap();
    body["node_key"] = json!("oht-4");
    body["community_id"] = json!(id("n1"));
    let refused = post(&scene, "community_admin", "/nodes", body).await;
    assert_eq!(refused.code(), "forbidden");
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("base") && detail.contains("2 nodes"),
        "{detail}"
    );
    let into = json!({"community_id": id("n1")});
    let moved = patch(&scene, ROOT, &format!("/nodes/{other}"), into.clone()).await;
    assert_eq!(moved.code(), "forbidden");
    // Who did not see it as it is is told that first.
    let shown = format!("/nodes/{other}");
    let shown = scene.ask(ROOT, Method::GET, &shown, "").await;
    for (tag, code) in [
        ("\"v99\"", "precondition_failed"),
        (shown.header("etag"), "forbidden"),
        ("*", "forbidden"),
    ] {
        let path = format!("/api/v1/nodes/{other}");
        let mut request = request(Method::PATCH, &path, &into.to_string());
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {ROOT}").parse().unwrap());
        headers.insert("if-match", tag.parse().unwrap());
        assert_eq!(scene.send(request).await.code(), code, "{tag}");
    }
    let kept = patch(
        &scene,
        ROOT,
        &format!("/nodes/{second}"),
        json!({"label": "y"}),
    )
    .await;
    assert_eq!(kept.status, StatusCode::OK);
    let out = json!({"community_id": id("n2")});
    let moved = patch(&scene, ROOT, &format!("/nodes/{second}"), out).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.json());
    let moved = patch(&scene, ROOT, &format!("/nodes/{other}"), into).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.json());
}

#[tokio::test]
async fn a_node_of_a_customer_is_of_the_customers_community_and_distributor() {
    let scene = estate().await;
    let node = scene.tank("oht-1", None, Some("c1")).await;
    let path = format!("/nodes/{node}");
    let shown = scene.ask("user", Method::GET, &path, "").await.json();
    assert_eq!(shown["community_id"], json!(id("n1")));
    assert_eq!(shown["distributor_id"], json!(id("d1")));
    for change in [
        json!({"customer_id": id("c3")}),
        json!({"customer_id": id("missing")}),
        json!({"community_id": id("n2")}),
    ] {
        let refused = patch(&scene, ROOT, &path, change.clone()).await;
        assert_eq!(refusal(&refused), unknown("/customer_id"), "{change}");
    }
    let handed = json!({"customer_id": id("c2")});
    let handed = patch(&scene, "community_admin", &path, handed).await;
    assert_eq!(handed.status, StatusCode::OK);
    let lost = scene.ask("user", Method::GET, &path, "").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_node_follows_its_community_to_another_distributor() {
    let scene = estate().await;
    let node = scene.tank("oht-1", Some("n1"), None).await;
    let path = format!("/nodes/{node}");
    let n1 = format!("/admin/communities/{}", id("n1"));
    let moved = patch(&scene, ROOT, &n1, json!({"distributor_id": id("d2")})).await;
    assert_eq!(moved.status, StatusCode::OK);
    let lost = scene.ask("distributor", Method::GET, &path, "").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    let edited = patch(&scene, "community_admin", &path, json!({"label": "y"})).await;
    assert_eq!(edited.status, StatusCode::OK, "{}", edited.json());
    assert_eq!(edited.json()["distributor_id"], json!(id("d2")));
}
