//! Topics as they are listened to, in virtual time, over the real router.

mod client;
mod described;
mod door;
mod fields;
mod kept_out;
mod resuming;
mod rights;
mod sending;
mod shared;
mod socket;
mod stale;
mod stats;
mod storm;
mod supervision;

use axum::http::{Method, Request, StatusCode};
use serde_json::json;

use super::estate::id;
use super::scene::{PEER, Reply, Scene, request};
use client::Client;
pub(super) use rights::Changing;

impl Scene {
    /// What somebody is answered who wants to listen.
    fn wish(who: &str, query: &str, cursor: Option<&str>) -> Request<axum::body::Body> {
        let mut request = request(Method::GET, &format!("/api/v1/stream?{query}"), "");
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {who}").parse().unwrap());
        if let Some(cursor) = cursor {
            headers.insert("last-event-id", cursor.parse().unwrap());
        }
        request
    }

    /// Somebody who listens.
    async fn listen(&self, who: &str, query: &str, cursor: Option<&str>) -> Client {
        let edge = std::sync::Arc::clone(&self.edge);
        let response = edge.answer(Self::wish(who, query, cursor), PEER).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Client::new(response.into_body())
    }

    /// The refusal of somebody who may not listen.
    async fn refusal(&self, who: &str, query: &str) -> Reply {
        self.send(Self::wish(who, query, None)).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_not_there_or_anothers_is_404_and_one_that_is_none_is_400() {
    let scene = super::estate::estate().await;
    let own = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let foreign = scene.tank("oht-2", Some("n1"), Some("c2")).await;
    let missing = id("missing");
    for topic in [
        format!("nodes/{foreign}"),
        format!("nodes/{missing}"),
        format!("communities/{}", id("n2")),
        format!("communities/{missing}"),
    ] {
        let refusal = scene.refusal("user", &format!("topic={topic}")).await;
        assert_eq!(refusal.code(), "not_found", "{topic}");
    }
    for query in [
        "",
        "topic=",
        "topic=fleets",
        "topic=nodes/oht-1",
        "topic=fleet&mode=some",
        "topic=fleet&fields=",
        "topic=fleet&fields=colour",
        "topics=fleet",
    ] {
        let refusal = scene.refusal("user", query).await;
        assert_eq!(refusal.code(), "invalid_request", "{query}");
    }
    assert_eq!(
        scene.refusal("user", "topic=commands").await.code(),
        "forbidden"
    );
    scene
        .listen("user", &format!("topic=nodes/{own}"), None)
        .await;
}

#[tokio::test(start_paused = true)]
async fn so_many_listen_at_once_and_whoever_leaves_makes_room() {
    let scene = super::estate::estate().await;
    let mut listening = Vec::new();
    for _ in 0..20 {
        listening.push(scene.listen("operator", "topic=fleet", None).await);
    }
    let refusal = scene.refusal("operator", "topic=fleet").await;
    assert_eq!(refusal.code(), "rate_limited");
    assert!(!refusal.header("retry-after").is_empty());
    scene.listen("user", "topic=fleet", None).await;
    listening.pop();
    scene.listen("operator", "topic=fleet", None).await;
}

#[tokio::test(start_paused = true)]
async fn one_who_listens_more_often_than_the_plan_allows_is_told_the_plan_and_its_limit() {
    let scene = super::estate::estate().await;
    for (path, body) in [
        (
            format!("/admin/plans/{}", id("base")),
            json!({ "sockets": 2 }),
        ),
        (
            format!("/admin/communities/{}", id("n1")),
            json!({ "plan_id": id("base") }),
        ),
    ] {
        let body = body.to_string();
        let planned = scene.ask("super_admin", Method::PATCH, &path, &body).await;
        assert_eq!(planned.status, StatusCode::OK, "{}", planned.json());
    }
    let _one = scene.listen("user", "topic=fleet", None).await;
    let _two = scene.listen("user", "topic=fleet", None).await;
    let refused = scene.refusal("user", "topic=fleet").await;
    assert_eq!(refused.code(), "rate_limited");
    let detail = &refused.json()["detail"];
    assert_eq!(detail, "The plan base allows one person 2 sockets at once.");
}
