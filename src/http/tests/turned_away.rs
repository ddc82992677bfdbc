//! Those who ask for what no route takes.

use axum::body::Body;
use axum::http::Request;

use super::limits::{NODES, scene, told};

#[tokio::test(start_paused = true)]
async fn whoever_is_turned_away_before_they_are_known_is_counted_by_their_address() {
    for (method, path) in [
        ("DELETE", NODES),
        ("OPTIONS", NODES),
        ("PUT", "/health"),
        ("GET", "/api/v1/ws"),
        ("GET", "/api/v1/ws?x=1"),
        ("GET", "/api/v1/auth/me?x=1"),
        ("POST", "/api/v1/auth/refresh?x=1"),
    ] {
        let scene = scene().await;
        let ask = || {
            let request = Request::builder().method(method).uri(path);
            scene.send(request.body(Body::empty()).unwrap())
        };
        for left in (0..4).rev() {
            let reply = ask().await;
            assert!(reply.status.is_client_error(), "{method} {path}");
            assert_eq!(told(&reply)[..2], [4, left], "{method} {path}");
        }
        assert_eq!(ask().await.code(), "rate_limited", "{method} {path}");
    }
}
