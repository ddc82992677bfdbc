//! What a plan allows the people of its community: so many requests a minute, and what is said to one more.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;
use tokio::time::{advance, pause};

use super::estate::{estate, id};
use super::scene::{Reply, Scene};
use super::tenants::{ROOT, patch};

/// What everyone may see of themselves, whatever their role.
const OWN: &str = "/nodes";

async fn allow(scene: &Scene, plan: &str, requests: Option<u32>) {
    let path = format!("/admin/plans/{}", id(plan));
    let allowed = json!({ "requests_per_minute": requests });
    let allowed = patch(scene, ROOT, &path, allowed).await;
    assert_eq!(allowed.status, StatusCode::OK, "{}", allowed.json());
}

async fn subscribe(scene: &Scene, community: &str, plan: &str) {
    let path = format!("/admin/communities/{}", id(community));
    let planned = patch(scene, ROOT, &path, json!({ "plan_id": id(plan) })).await;
    assert_eq!(planned.status, StatusCode::OK, "{}", planned.json());
}

async fn ask(scene: &Scene, who: &str) -> Reply {
    scene.ask(who, Method::GET, OWN, "").await
}

#[tokio::test]
async fn people_of_a_community_have_what_its_plan_allows_each_and_a_refusal_names_both() {
    let scene = estate().await;
    pause();
    allow(&scene, "base", Some(3)).await;
    subscribe(&scene, "n1", "base").await;
    for who in ["community_admin", "operator", "user"] {
        for left in ["2", "1", "0"] {
            let reply = ask(&scene, who).await;
            assert_eq!(reply.status, StatusCode::OK, "{who}");
            assert_eq!(reply.header("ratelimit-remaining"), left, "{who}");
        }
        let refused = ask(&scene, who).await;
        assert_eq!(refused.code(), "rate_limited", "{who}");
        let detail = refused.json()["detail"].to_string();
        assert!(
            detail.contains("The plan base allows 3 requests a minute"),
            "{detail}"
        );
        assert_eq!(refused.header("retry-after"), "20", "{who}");
    }
    // Who stands above several communities is under the plan of none.
    for who in ["super_admin", "distributor", "region_admin", "nobody"] {
        assert_ne!(
            ask(&scene, who).await.header("ratelimit-limit"),
            "3",
            "{who}"
        );
    }
}

#[tokio::test]
async fn a_better_plan_is_more_requests_at_once_and_none_is_counted_where_it_has_no_limit() {
    let scene = estate().await;
    pause();
    allow(&scene, "base", Some(2)).await;
    allow(&scene, "pro", Some(40)).await;
    subscribe(&scene, "n1", "base").await;
    while ask(&scene, "user").await.status == StatusCode::OK {}
    subscribe(&scene, "n1", "pro").await;
    // The minute that was spent is one of this plan's now: the next comes back in a fortieth of it.
    assert_eq!(ask(&scene, "user").await.header("retry-after"), "2");
    advance(Duration::from_millis(1_500)).await;
    let reply = ask(&scene, "user").await;
    let limit = reply.header("ratelimit-limit");
    assert_eq!((reply.status, limit), (StatusCode::OK, "40"));
    allow(&scene, "pro", None).await;
    for _ in 0..100 {
        let reply = ask(&scene, "user").await;
        let limit = reply.header("ratelimit-limit");
        assert_eq!((reply.status, limit), (StatusCode::OK, ""));
    }
}
