//! What happens on the wire: slow clients, too many of them, and the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::scene::Scene;
use crate::app::listener::{HeaderNames, Limits, Listener, bind};

async fn serving(limits: Limits) -> Listener {
    let edge = Scene::empty().await.edge;
    let socket = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let answer = move |request, from| Arc::clone(&edge).answer(request, from);
    Listener::start_within(limits, socket, HeaderNames::Lower, answer).unwrap()
}

const BRIEF: Limits = Limits {
    connections: 2,
    headers_within: Duration::from_millis(200),
};

const PATIENT: Limits = Limits {
    connections: 2,
    headers_within: Duration::from_secs(60),
};

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";

/// What arrives until the other side closes, or `None` where it does not.
async fn all(stream: &mut TcpStream, within: Duration) -> Option<String> {
    let mut text = String::new();
    let read = tokio::time::timeout(within, stream.read_to_string(&mut text)).await;
    // A reset is an end, too.
    read.ok().map(|_| text)
}

async fn some(stream: &mut TcpStream, within: Duration) -> Option<String> {
    let mut buffer = vec![0; 4096];
    let read = tokio::time::timeout(within, stream.read(&mut buffer))
        .await
        .ok()?;
    Some(String::from_utf8_lossy(&buffer[..read.ok()?]).into_owned())
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_is_let_go() {
    let server = serving(BRIEF).await;
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    slow.write_all(b"GET /health/live HTTP/1.1\r\nx-slow: ")
        .await
        .unwrap();
    assert!(all(&mut slow, Duration::from_secs(5)).await.is_some());
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go() {
    let server = serving(BRIEF).await;
    let mut silent = TcpStream::connect(server.address()).await.unwrap();
    assert!(all(&mut silent, Duration::from_secs(5)).await.is_some());
}

#[tokio::test]
async fn a_connection_beyond_the_cap_waits_until_another_ends() {
    let server = serving(PATIENT).await;
    let mut seated = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(LIVE).await.unwrap();
        assert!(
            some(&mut stream, Duration::from_secs(5))
                .await
                .unwrap()
                .starts_with("HTTP/1.1 200")
        );
        seated.push(stream);
    }
    let mut third = TcpStream::connect(server.address()).await.unwrap();
    third.write_all(LIVE).await.unwrap();
    assert!(some(&mut third, Duration::from_millis(200)).await.is_none());
    drop(seated.pop());
    assert!(
        some(&mut third, Duration::from_secs(5))
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let server = serving(BRIEF).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    for _ in 0..3 {
        stream.write_all(LIVE).await.unwrap();
        let answer = some(&mut stream, Duration::from_secs(5)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"status":"live"}"#));
    }
}

#[tokio::test]
async fn bytes_that_are_no_http_break_nothing() {
    let server = serving(BRIEF).await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        &[b'A'; 100_000],
    ] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let _refused = stream.write_all(garbage).await;
        let answer = all(&mut stream, Duration::from_secs(5))
            .await
            .expect("closed");
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(LIVE).await.unwrap();
    assert!(
        some(&mut stream, Duration::from_secs(5))
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn a_stop_ends_idle_connections_at_once_and_refuses_new_ones() {
    let server = serving(PATIENT).await;
    let address = server.address();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(LIVE).await.unwrap();
    some(&mut idle, Duration::from_secs(5)).await.unwrap();
    assert!(
        server.drain(Duration::from_secs(5)).await,
        "an idle connection outlived the end"
    );
    assert_eq!(
        all(&mut idle, Duration::from_secs(5)).await.as_deref(),
        Some("")
    );
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_it_is_told_to() {
    let server = serving(PATIENT).await;
    let mut stuck = TcpStream::connect(server.address()).await.unwrap();
    let head =
        b"POST /api/v1/nodes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer an-open-secret\r\n\
        content-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    stuck.write_all(head).await.unwrap();
    tokio::time::timeout(Duration::from_millis(100), std::future::pending::<()>())
        .await
        .unwrap_err();
    let within = Duration::from_millis(200);
    assert!(
        !server.drain(within).await,
        "the request had no body to end with"
    );
}
