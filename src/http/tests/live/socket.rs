//! A WebSocket as its clients have it: over a real connection, through the real listener.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::super::estate::{estate, id};
use super::super::scene::Scene;
use crate::app::listener::{HeaderNames, Listener, bind};

/// A frame that is not there by then is not coming.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Door {
    pub(super) listener: Listener,
    pub(super) scene: Scene,
}

impl Door {
    pub(super) async fn of(scene: Scene) -> Self {
        let edge = Arc::clone(&scene.edge);
        let socket = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let answer = move |request, from| Arc::clone(&edge).answer(request, from);
        let listener = Listener::start(socket, HeaderNames::Lower, answer).unwrap();
        Self { listener, scene }
    }

    pub(super) async fn knock(&self, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
        let address = self.listener.address();
        let stream = TcpStream::connect(address).await.unwrap();
        let mut request = format!("ws://{address}/api/v1/ws")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match client_async(request, stream).await {
            Ok((socket, answer)) => {
                let wanted = headers
                    .iter()
                    .find(|(name, _)| *name == "sec-websocket-protocol");
                let chosen = answer.headers().get("sec-websocket-protocol");
                assert_eq!(chosen.is_some(), wanted.is_some());
                Ok(Socket(socket))
            }
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) async fn enter(&self, who: &str) -> Socket {
        let token = format!("Bearer {who}");
        let mut socket = self.knock(&[("authorization", &token)]).await.unwrap();
        assert_eq!(socket.frame().await["type"], "hello");
        socket
    }

    pub(super) async fn stranger(&self) -> Socket {
        let mut socket = self
            .knock(&[("sec-websocket-protocol", "evara.v1")])
            .await
            .unwrap();
        assert_eq!(socket.frame().await["type"], "hello");
        socket
    }
}

pub(super) struct Socket(pub(super) WebSocketStream<TcpStream>);

impl Socket {
    pub(super) async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn message(&mut self) -> Message {
        let message = timeout(PATIENCE, self.0.next()).await.expect("a message");
        message.expect("more to come").unwrap()
    }

    pub(super) async fn frame(&mut self) -> Value {
        loop {
            match self.message().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("{other:?}")
                }
            }
        }
    }

    pub(super) async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The code that it is closed with, and why.
    pub(super) async fn end(&mut self) -> (u16, String) {
        loop {
            match self.message().await {
                Message::Close(Some(close)) => {
                    return (close.code.into(), close.reason.to_string());
                }
                Message::Text(_) => {}
                other @ (Message::Binary(_)
                | Message::Ping(_)
                | Message::Pong(_)
                | Message::Close(None)
                | Message::Frame(_)) => panic!("{other:?}"),
            }
        }
    }

    async fn subscribe(&mut self, topic: &str) -> Value {
        self.say(&json!({ "type": "subscribe", "topic": topic }))
            .await;
        self.until("snapshot").await
    }
}

#[tokio::test]
async fn whoever_says_who_he_is_listens_and_goes_on_from_where_he_stopped() {
    let (scene, node) = Scene::with_tank().await;
    let door = Door::of(scene).await;
    let mut socket = door.stranger().await;
    socket
        .say(&json!({ "type": "subscribe", "topic": "fleet" }))
        .await;
    assert_eq!(socket.until("error").await["code"], "unauthenticated");
    socket
        .say(&json!({ "type": "auth", "token": "an-open-secret" }))
        .await;
    socket.until("authenticated").await;
    let snapshot = socket.subscribe("fleet").await;
    assert_eq!(snapshot["nodes"][0]["node_id"], node);
    door.scene.report(&node, 1, 10.0).await;
    let event = socket.until("event").await;
    assert_eq!(event["previous_revision"], snapshot["nodes"][0]["revision"]);
    drop(socket);
    door.scene.report(&node, 2, 11.0).await;
    let mut socket = door.enter("an-open-secret").await;
    let since = &event["cursor"];
    socket
        .say(&json!({ "type": "subscribe", "topic": "fleet", "mode": "all", "since": since }))
        .await;
    assert_eq!(socket.until("subscribed").await["cursor"], *since);
    let missed = socket.until("event").await;
    assert_eq!(missed["previous_revision"], event["revision"]);
    socket
        .say(&json!({ "type": "unsubscribe", "topic": "fleet" }))
        .await;
    socket.until("unsubscribed").await;
    door.scene.report(&node, 3, 12.0).await;
    let more = timeout(Duration::from_millis(300), socket.frame()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn what_is_wrong_costs_an_answer_and_not_the_socket() {
    let scene = estate().await;
    let own = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let foreign = scene.tank("oht-2", Some("n1"), Some("c2")).await;
    let door = Door::of(scene).await;
    let mut socket = door.enter("user").await;
    let subscribe = |topic: String| json!({ "type": "subscribe", "topic": topic }).to_string();
    for (frame, code) in [
        ("".to_owned(), "invalid_request"),
        ("{".to_owned(), "invalid_request"),
        ("[1]".to_owned(), "invalid_request"),
        (r#"{"type":"dance"}"#.to_owned(), "invalid_request"),
        ("[".repeat(60_000), "invalid_request"),
        (subscribe("everything".to_owned()), "invalid_request"),
        (subscribe(format!("nodes/{foreign}")), "not_found"),
        (subscribe(format!("nodes/{}", id("missing"))), "not_found"),
        (subscribe(format!("communities/{}", id("n1"))), "not_found"),
        (subscribe("commands".to_owned()), "forbidden"),
        (
            r#"{"type":"unsubscribe","topic":"fleet"}"#.to_owned(),
            "not_found",
        ),
    ] {
        socket.0.send(Message::text(frame.clone())).await.unwrap();
        assert_eq!(socket.until("error").await["code"], code, "{:.80}", frame);
    }
    socket.0.send(Message::binary(vec![0, 1, 2])).await.unwrap();
    assert_eq!(socket.until("error").await["code"], "invalid_request");
    socket.say(&json!({ "type": "pong" })).await;
    assert_eq!(
        socket.subscribe(&format!("nodes/{own}")).await["nodes"][0]["node_id"],
        own
    );
}

#[tokio::test]
async fn what_ends_a_socket_is_told_by_its_code() {
    let door = Door::of(estate().await).await;
    let mut wrong = door.stranger().await;
    wrong
        .say(&json!({ "type": "auth", "token": "no-such" }))
        .await;
    assert_eq!(wrong.end().await.0, 4401);
    let mut other = door.enter("user").await;
    other
        .say(&json!({ "type": "auth", "token": "operator" }))
        .await;
    assert_eq!(other.end().await.0, 4403);
    let mut same = door.enter("user").await;
    same.say(&json!({ "type": "auth", "token": "user" })).await;
    same.until("authenticated").await;
    let mut flooding = door.enter("user").await;
    for _ in 0..60 {
        let _closed_meanwhile = flooding.0.send(Message::text(r#"{"type":"pong"}"#)).await;
    }
    assert_eq!(flooding.end().await.0, 4429);
    let mut large = door.enter("user").await;
    let _closed_meanwhile = large.0.send(Message::text(" ".repeat(70_000))).await;
    assert_eq!(large.end().await.0, 1009);
    door.scene.state.drain();
    let (code, reason) = same.end().await;
    let reason: Value = serde_json::from_str(&reason).unwrap();
    assert_eq!(code, 1012);
    assert!((1_000..5_000).contains(&reason["retry_after_ms"].as_u64().unwrap()));
    timeout(PATIENCE, door.scene.state.left())
        .await
        .expect("no socket is left");
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_socket_as_the_protocol_says() {
    let door = Door::of(estate().await).await;
    // Each with a mask of noughts, but for the last, which has none.
    for (name, frame, code) in [
        ("no text", &b"\x81\x82\0\0\0\0\xc3\x28"[..], 1007_u16),
        ("a reserved bit", b"\xc1\x81\0\0\0\0a", 1002),
        ("a reserved kind", b"\x83\x81\0\0\0\0a", 1002),
        ("a part without a beginning", b"\x80\x81\0\0\0\0a", 1002),
        ("a ping in parts", b"\x09\x81\0\0\0\0a", 1002),
        ("unmasked", b"\x81\x01a", 1002),
    ] {
        let mut socket = door.enter("user").await;
        socket.0.get_mut().write_all(frame).await.unwrap();
        let mut heard = Vec::new();
        let read = timeout(PATIENCE, socket.0.get_mut().read_to_end(&mut heard)).await;
        assert!(read.is_ok(), "{name}");
        let close = [&[0x88][..], &code.to_be_bytes()];
        let (kind, told) = (heard.first(), heard.get(2..4));
        assert_eq!(
            (kind, told),
            (close[0].first(), Some(close[1])),
            "{name}: {heard:?}"
        );
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_before_there_is_a_socket() {
    let door = Door::of(estate().await).await;
    let own = format!("http://{}", door.listener.address());
    assert!(door.knock(&[("origin", &own)]).await.is_ok());
    for origin in ["https://elsewhere.example", "null", "http://127.0.0.1", ""] {
        assert_eq!(
            door.knock(&[("origin", origin)]).await.err(),
            Some(403),
            "{origin}"
        );
    }
    assert_eq!(
        door.knock(&[("authorization", "Bearer no-such")])
            .await
            .err(),
        Some(401)
    );
    let asked = door.scene.get("/api/v1/ws").await;
    assert_eq!(asked.code(), "invalid_request");
}

#[tokio::test]
async fn one_person_holds_so_many_sockets_and_no_more() {
    let door = Door::of(estate().await).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(door.enter("user").await);
    }
    let refused = door.knock(&[("authorization", "Bearer user")]).await;
    assert_eq!(refused.err(), Some(429));
    let mut stranger = door.stranger().await;
    stranger
        .say(&json!({ "type": "auth", "token": "user" }))
        .await;
    assert_eq!(stranger.end().await.0, 4429);
    let mut left = held.pop().unwrap();
    left.0.close(None).await.unwrap();
    assert!(matches!(left.message().await, Message::Close(_)));
    let entered = async {
        while door
            .knock(&[("authorization", "Bearer user")])
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, entered).await.expect("room");
}
