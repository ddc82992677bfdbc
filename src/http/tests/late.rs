//! Requests whose bodies are long in coming: what was judged at their beginning may be true no longer.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tokio::sync::oneshot;

use super::estate::{estate, id};
use super::scene::{CHANNEL, Reply, Scene, request};

/// A request of somebody, whose body comes once it is said.
fn slow(who: &str, method: Method, path: &str) -> (Request<Body>, oneshot::Sender<String>) {
    let (say, said) = oneshot::channel();
    let mut slow = request(method, &format!("/api/v1{path}"), "");
    *slow.body_mut() = Body::from_stream(futures_util::stream::once(said));
    let bearer = format!("Bearer {who}").parse().unwrap();
    slow.headers_mut().insert("authorization", bearer);
    (slow, say)
}

/// Has the request judged, and wait for its body.
async fn judged(asking: &mut Pin<&mut impl Future<Output = Reply>>) {
    for _ in 0..12 {
        let reply = poll_fn(|context| Poll::Ready(asking.as_mut().poll(context)));
        assert!(reply.await.is_pending(), "answered without a body");
        tokio::task::yield_now().await;
    }
}

async fn moves(scene: &Scene, node: &str, community: &str) {
    let path = format!("/nodes/{node}");
    let there = json!({ "community_id": id(community) }).to_string();
    let moved = scene.ask("super_admin", Method::PATCH, &path, &there).await;
    assert!(moved.status.is_success(), "{}", moved.json());
}

#[tokio::test]
async fn what_is_asked_of_a_node_that_went_elsewhere_before_the_body_came_is_not_done() {
    let scene = estate().await;
    for (number, method, path, body) in [
        (1, Method::POST, "/devices/{id}/keys", "{}"),
        (2, Method::PATCH, "/nodes/{id}", r#"{"label": "Mine"}"#),
        (3, Method::PATCH, "/nodes/{id}/twin", r#"{"tags": {"whose": "mine"}}"#),
        (4, Method::PUT, "/devices/{id}/channel", &CHANNEL.replace('7', "8")),
    ] {
        let node = scene.tank(&format!("oht-{number}"), Some("n1"), None).await;
        let (slow, say) = slow("community_admin", method, &path.replace("{id}", &node));
        let mut asking = pin!(scene.send(slow));
        judged(&mut asking).await;
        moves(&scene, &node, "n2").await;
        let shown = async |path: &str| {
            let path = path.replace("{id}", &node);
            scene.ask("super_admin", Method::GET, &path, "").await.json()
        };
        let before = [shown("/nodes/{id}").await, shown("/devices/{id}/channel").await];
        say.send(body.to_owned()).unwrap();
        assert_eq!(asking.await.code(), "conflict", "{path}");
        let after = [shown("/nodes/{id}").await, shown("/devices/{id}/channel").await];
        assert_eq!(after, before, "{path}");
        assert_eq!(shown("/devices/{id}/keys").await["items"], json!([]));
    }
}
