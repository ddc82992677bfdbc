//! Requests whose bodies are long in coming: what was judged at their beginning may be true no longer.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::advance;

use super::estate::{estate, estate_of, id};
use super::live::Changing;
use super::scene::{CHANNEL, Reply, Scene, TANK, request};

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
        (
            3,
            Method::PATCH,
            "/nodes/{id}/twin",
            r#"{"tags": {"whose": "mine"}}"#,
        ),
        (
            4,
            Method::PUT,
            "/devices/{id}/channel",
            &CHANNEL.replace('7', "8"),
        ),
    ] {
        let node = scene.tank(&format!("oht-{number}"), Some("n1"), None).await;
        let (slow, say) = slow("community_admin", method, &path.replace("{id}", &node));
        let mut asking = pin!(scene.send(slow));
        judged(&mut asking).await;
        moves(&scene, &node, "n2").await;
        let shown = async |path: &str| {
            let path = path.replace("{id}", &node);
            scene
                .ask("super_admin", Method::GET, &path, "")
                .await
                .json()
        };
        let before = [
            shown("/nodes/{id}").await,
            shown("/devices/{id}/channel").await,
        ];
        say.send(body.to_owned()).unwrap();
        assert_eq!(asking.await.code(), "conflict", "{path}");
        let after = [
            shown("/nodes/{id}").await,
            shown("/devices/{id}/channel").await,
        ];
        assert_eq!(after, before, "{path}");
        assert_eq!(shown("/devices/{id}/keys").await["items"], json!([]));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_loses_a_right_before_the_body_came_does_not_do_what_it_was_for() {
    let people = Arc::new(Changing::default());
    people.make("super_admin", "super_admin");
    people.make("mallory", "community_admin");
    let scene = estate_of(people.clone()).await;
    let node = scene.tank("oht-1", Some("n1"), None).await;
    for (method, path, key) in [
        (Method::PATCH, format!("/nodes/{node}"), None),
        (Method::POST, "/nodes".to_owned(), None),
        (Method::POST, "/nodes".to_owned(), Some("k")),
    ] {
        for (becomes, code) in [
            (Some("community_admin"), None),
            (Some("operator"), Some("conflict")),
            (None, Some("unauthenticated")),
        ] {
            people.make("mallory", "community_admin");
            let (mut slow, say) = slow("mallory", method.clone(), &path);
            if let Some(key) = key {
                let key = format!("{key}-{becomes:?}").replace(['"', ' '], "");
                slow.headers_mut()
                    .insert("idempotency-key", key.parse().unwrap());
            }
            let mut asking = pin!(scene.send(slow));
            judged(&mut asking).await;
            match becomes {
                Some(like) => people.make("mallory", like),
                None => people.put_out("mallory"),
            }
            advance(Duration::from_millis(1_500)).await;
            let mut body: Value = serde_json::from_str(TANK).unwrap();
            let whose = becomes.unwrap_or("nobody");
            body["node_key"] = json!(format!("{method}-{key:?}-{whose}"));
            body["community_id"] = json!(id("n1"));
            say.send(body.to_string()).unwrap();
            let reply = asking.await;
            match code {
                None => assert!(reply.status.is_success(), "{path}: {}", reply.json()),
                Some(code) => assert_eq!(reply.code(), code, "{path}"),
            }
        }
    }
    let nodes = scene.ask("super_admin", Method::GET, "/nodes", "").await;
    assert_eq!(nodes.json()["items"].as_array().unwrap().len(), 1 + 2);
}
