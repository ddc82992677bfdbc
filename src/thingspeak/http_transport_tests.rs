//! The real transport against real sockets on this machine.

use std::future::{pending, ready};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::Redirect;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_http::compression::CompressionLayer;

use super::*;

const CANARY: &str = "CANARYCANARY0123";
const IMPATIENT: Limits = Limits {
    total: Duration::from_millis(100),
    ..Limits::STANDARD
};

/// A server that lives as long as the value beside its address.
async fn serve(router: Router) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, server)
}

/// A server that answers its first request with `bytes`, and closes after `then`.
async fn serve_bytes(
    bytes: impl Into<Vec<u8>>,
    then: impl Future<Output = ()> + Send + 'static,
) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bytes = bytes.into();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _request = socket.read(&mut [0; 4096]).await.unwrap();
        let _client_may_have_left = socket.write_all(&bytes).await;
        then.await;
    });
    (address, server)
}

async fn fetch(address: SocketAddr, limits: Limits) -> Result<Response, TransportError> {
    let url = format!("http://{address}/?results=1").parse().unwrap();
    let request = Request::new(url, Some(CANARY.into()));
    HttpTransport::with_limits(limits)
        .unwrap()
        .get(request)
        .await
}

async fn fetch_from(router: Router, limits: Limits) -> Result<Response, TransportError> {
    let (address, _server) = serve(router).await;
    fetch(address, limits).await
}

/// All that can be printed of an error, with all that lies beneath it.
fn printed(error: &TransportError) -> String {
    let mut text = format!("{error:?}");
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        text.push_str(&format!(" {error} {error:?}"));
        next = error.source();
    }
    text
}

#[tokio::test]
async fn an_answer_is_read_whole_with_its_headers() {
    let handler = |uri: Uri| async move {
        let headers = [
            (header::RETRY_AFTER, "7"),
            (header::CONTENT_TYPE, "text/odd"),
        ];
        (StatusCode::IM_A_TEAPOT, headers, uri.to_string())
    };
    let answer = fetch_from(Router::new().fallback(handler), Limits::STANDARD)
        .await
        .unwrap();
    let expected = Response {
        status: 418,
        retry_after: Some(Duration::from_secs(7)),
        content_type: Some("text/odd".into()),
        body: format!("/?results=1&api_key={CANARY}").into(),
    };
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_server_is_told_who_asks() {
    let handler = |headers: axum::http::HeaderMap| async move {
        headers[header::USER_AGENT].to_str().unwrap().to_owned()
    };
    let answer = fetch_from(Router::new().fallback(handler), Limits::STANDARD)
        .await
        .unwrap();
    assert_eq!(answer.body, concat!("evara/", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let error = fetch_from(Router::new().fallback(get(pending::<()>)), IMPATIENT)
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::TimedOut), "{error:?}");
}

#[tokio::test]
async fn a_server_that_stops_within_its_body_is_given_up() {
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{";
    let (address, _server) = serve_bytes(begun, pending()).await;
    let error = fetch(address, IMPATIENT).await.unwrap_err();
    assert!(matches!(error, TransportError::TimedOut), "{error:?}");
}

#[tokio::test]
async fn a_body_past_the_limit_is_refused_whether_or_not_its_length_is_said() {
    let size = Limits::STANDARD.body_bytes + 1;
    let body = " ".repeat(size);
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{body}"),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"
        ),
        format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
    ] {
        let (address, _server) = serve_bytes(answer, pending()).await;
        let error = fetch(address, Limits::STANDARD).await.unwrap_err();
        assert!(matches!(error, TransportError::TooLarge), "{error:?}");
    }
}

#[tokio::test]
async fn a_small_body_that_unpacks_past_the_limit_is_refused() {
    let zeros = |len: usize| {
        Router::new()
            .fallback(move || async move { vec![0; len] })
            .layer(CompressionLayer::new())
    };
    let limit = Limits::STANDARD.body_bytes;
    let answer = fetch_from(zeros(limit), Limits::STANDARD).await.unwrap();
    assert_eq!(answer.body.len(), limit);
    let error = fetch_from(zeros(16 * limit), Limits::STANDARD)
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::TooLarge), "{error:?}");
}

#[tokio::test]
async fn a_body_that_does_not_unpack_is_garbled() {
    let handler = || async {
        (
            [(header::CONTENT_ENCODING, "gzip")],
            "this is not gzip at all",
        )
    };
    let error = fetch_from(Router::new().fallback(handler), Limits::STANDARD)
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Garbled(_)), "{error:?}");
    assert!(!printed(&error).contains(CANARY));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let router = Router::new()
        .route("/", get(|| async { Redirect::temporary("/elsewhere") }))
        .route("/elsewhere", get(|| async { "followed" }));
    let answer = fetch_from(router, Limits::STANDARD).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (307, 0));
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_the_error_tells_no_key() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = fetch(address, Limits::STANDARD).await.unwrap_err();
    assert!(matches!(error, TransportError::Unreachable(_)), "{error:?}");
    assert!(!printed(&error).contains(CANARY));
}

#[tokio::test]
async fn a_connection_that_breaks_is_unreachable_and_the_error_tells_no_key() {
    for bytes in [
        &b""[..],
        b"220 mail ready\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n\x1f\x8b\x08",
    ] {
        let (address, _server) = serve_bytes(bytes, ready(())).await;
        let error = fetch(address, Limits::STANDARD).await.unwrap_err();
        assert!(
            matches!(error, TransportError::Unreachable(_)),
            "{bytes:?}: {error:?}"
        );
        assert!(!printed(&error).contains(CANARY));
    }
}
