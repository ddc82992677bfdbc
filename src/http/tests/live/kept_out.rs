//! Rules about addresses, and those who listen already.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;
use tokio::time::Instant;

use super::super::estate::estate;
use super::super::scene::{PEER, Scene, TOKEN, empty_inside, operator, request};
use super::socket::Door;
use crate::address::{Action, Header, Proxies, Rule, Rules};
use crate::http::{Border, Inside, Transport};

/// What is promised.
const WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_stream_to_where_nobody_is_let_in_any_more_ends() {
    let scene = estate().await;
    let node = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let mut client = scene.listen("user", "topic=fleet", None).await;
    client.until_current().await;
    // One who is elsewhere, or would shut himself out.
    let elsewhere: SocketAddr = "198.51.100.1:1".parse().unwrap();
    let rule = json!({"network": PEER.ip().to_string(), "action": "deny"}).to_string();
    let mut asked = request(Method::POST, "/api/v1/admin/ip-rules", &rule);
    let headers = asked.headers_mut();
    headers.insert("authorization", "Bearer super_admin".parse().unwrap());
    let made = Arc::clone(&scene.edge).answer(asked, elsewhere).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let denied = Instant::now();
    assert_eq!(client.until("error").await["code"], "forbidden");
    assert!(denied.elapsed() < WITHIN, "{:?}", denied.elapsed());
    scene.report(&node, 1, 10.0).await;
    assert!(client.frame().await.is_none());
}

/// Where a proxy on the same machine says whom it serves.
async fn behind_a_proxy() -> Door {
    let machine = vec!["127.0.0.0/8".parse().unwrap()];
    let proxies = Proxies::new(machine, Header::XForwardedFor);
    Door::of(Scene::of(Inside {
        border: Border::new(proxies, Vec::new(), Transport::Plain),
        ..empty_inside(operator()).await
    }))
    .await
}

fn deny(scene: &Scene, network: &str) {
    let rule = Rule {
        id: uuid::Uuid::nil(),
        network: network.parse().unwrap(),
        action: Action::Deny,
        note: None,
        created_at: super::super::scene::NOW,
    };
    scene.state.border.gate().follow(Rules::new(vec![rule]));
}

#[tokio::test]
async fn sockets_of_an_address_that_is_denied_end_whether_they_said_who_they_are_or_not() {
    let door = behind_a_proxy().await;
    let token = format!("Bearer {TOKEN}");
    let from = |address| ("x-forwarded-for", address);
    let known = |address| [("authorization", token.as_str()), from(address)];
    let mut denied = door.knock(&known("203.0.113.9")).await.unwrap();
    let mut stranger = door.knock(&[from("203.0.113.9")]).await.unwrap();
    let mut other = door.knock(&known("203.0.114.9")).await.unwrap();
    deny(&door.scene, "203.0.113.0/24");
    let since = Instant::now();
    for socket in [&mut denied, &mut stranger] {
        let (code, why) = socket.end().await;
        assert_eq!(
            (code, why.as_str()),
            (4403, "requests from this address are not taken")
        );
    }
    assert!(since.elapsed() < WITHIN, "{:?}", since.elapsed());
    for refused in ["203.0.113.9", "unknown", "nonsense"] {
        let knocked = door.knock(&known(refused)).await;
        assert_eq!(knocked.err(), Some(403), "{refused}");
    }
    other
        .say(&json!({"type": "subscribe", "topic": "fleet"}))
        .await;
    other.until("snapshot").await;
}
