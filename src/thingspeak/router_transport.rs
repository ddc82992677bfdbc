//! The transport within this process: a router is called as if it were a server, without a socket.
//!
//! Keeps the limits of the real one by the runtime's timer, so that a test with paused time sees a
//! server that hangs at no cost. Nothing here listens or connects.

use axum::Router;
use axum::body::Body;
use axum::http::header::USER_AGENT as USER_AGENT_HEADER;
use axum::http::{self, Method};
use evara_actors::ports::BoxFuture;
use tower::ServiceExt;

use super::transport::{
    Limits, ReadError, Request, Response, Transport, TransportError, USER_AGENT, assemble,
    read_body,
};

/// Serves every request from a router, whatever host it was for.
#[derive(Debug, Clone)]
pub struct RouterTransport {
    router: Router,
    limits: Limits,
}

impl RouterTransport {
    /// In front of `router`, with the limits of the real transport.
    pub fn new(router: Router) -> Self {
        Self::with_limits(router, Limits::STANDARD)
    }

    /// The same, with other limits; there is no connection whose time could be limited.
    pub fn with_limits(router: Router, limits: Limits) -> Self {
        Self { router, limits }
    }

    async fn fetch(&self, request: Request) -> Result<Response, TransportError> {
        let request =
            http_request(&request).map_err(|error| TransportError::Unreachable(error.into()))?;
        // A router's error type has no values.
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        let (head, body) = answer.into_parts();
        let body = read_body(body, self.limits.body_bytes)
            .await
            .map_err(|error| match error {
                ReadError::TooLarge => TransportError::TooLarge,
                ReadError::Broken(error) => TransportError::Unreachable(error.into()),
            })?;
        Ok(assemble(&head, body))
    }
}

/// The request in origin form, as it would arrive over a socket.
fn http_request(request: &Request) -> Result<http::Request<Body>, http::Error> {
    let url = request.url_with_key();
    let target = url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    );
    http::Request::builder()
        .method(Method::GET)
        .uri(target)
        .header(http::header::HOST, url.authority())
        .header(USER_AGENT_HEADER, USER_AGENT)
        .body(Body::empty())
}

impl Transport for RouterTransport {
    fn get(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let answer = tokio::time::timeout(self.limits.total, self.fetch(request)).await;
            answer.unwrap_or(Err(TransportError::TimedOut))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::HttpBody;
    use axum::routing::get;
    use bytes::Bytes;
    use hyper::body::Frame;
    use tokio::time::Instant;

    use super::*;

    async fn fetch(router: Router, path: &str) -> Result<Response, TransportError> {
        let url = format!("http://localhost{path}").parse().unwrap();
        let request = Request::new(url, Some("KEY".into()));
        RouterTransport::new(router).get(request).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_router_that_hangs_is_given_up_after_ten_seconds() {
        let start = Instant::now();
        let router = Router::new().route("/", get(pending::<()>));
        let answer = fetch(router, "/").await;
        assert!(matches!(answer, Err(TransportError::TimedOut)));
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up_after_ten_seconds_too() {
        let endless = || async { Body::new(Silence) };
        let answer = fetch(Router::new().route("/", get(endless)), "/").await;
        assert!(matches!(answer, Err(TransportError::TimedOut)));
    }

    #[tokio::test]
    async fn a_body_past_two_mebibytes_is_refused() {
        let body_of = |len: usize| get(move || async move { vec![b' '; len] });
        let limit = Limits::STANDARD.body_bytes;
        let router = Router::new()
            .route("/full", body_of(limit))
            .route("/over", body_of(limit + 1));
        assert_eq!(
            fetch(router.clone(), "/full").await.unwrap().body.len(),
            limit
        );
        assert!(matches!(
            fetch(router, "/over").await,
            Err(TransportError::TooLarge)
        ));
    }

    #[tokio::test]
    async fn a_router_sees_what_a_server_would_see() {
        let echo = |request: http::Request<Body>| async move {
            let headers = request.headers();
            let header = |name: &str| headers[name].to_str().unwrap().to_owned();
            format!(
                "{} {} {}",
                request.uri(),
                header("host"),
                header("user-agent")
            )
        };
        let answer = fetch(Router::new().route("/a", get(echo)), "/a?b=%20")
            .await
            .unwrap();
        let expected = format!("/a?b=%20&api_key=KEY localhost {USER_AGENT}");
        assert_eq!((answer.status, answer.body), (200, Bytes::from(expected)));
    }

    /// A body whose server sent a head and then nothing.
    struct Silence;

    impl HttpBody for Silence {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }
}
