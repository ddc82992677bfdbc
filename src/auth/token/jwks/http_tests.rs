//! The fetch of keys against real sockets on this machine.

use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

const PATH: &str = "/auth/v1/.well-known/jwks.json";

/// A server that lives as long as the value beside its address.
async fn serve(router: Router) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, server)
}

async fn fetch(router: Router) -> Result<Bytes, JwksError> {
    let (address, _server) = serve(router).await;
    let project = ProjectUrl::parse(&format!("http://{address}")).unwrap();
    HttpJwks::of(&project).unwrap().fetch().await
}

#[tokio::test]
async fn the_document_is_read_where_the_project_publishes_it() {
    let router = Router::new().route(PATH, get(async || r#"{"keys":[]}"#));
    assert_eq!(fetch(router).await.unwrap(), r#"{"keys":[]}"#);
}

#[tokio::test]
async fn a_redirect_is_not_followed_wherever_it_points() {
    let (other, _server) = serve(Router::new().fallback(async || r#"{"keys":[]}"#)).await;
    for target in [format!("http://{other}/keys"), "/keys".to_owned()] {
        let redirect = Redirect::temporary(&target);
        let router = Router::new()
            .route(PATH, get(async move || redirect))
            .route("/keys", get(async || r#"{"keys":[]}"#));
        let refused = fetch(router).await;
        assert!(
            matches!(refused, Err(JwksError::Status(307))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_document_of_just_the_limit_is_read_and_one_byte_more_is_refused() {
    let of = |bytes: usize| Router::new().route(PATH, get(async move || "k".repeat(bytes)));
    let read = fetch(of(HttpJwks::MOST_BYTES)).await.unwrap();
    assert_eq!(read.len(), HttpJwks::MOST_BYTES);
    let refused = fetch(of(HttpJwks::MOST_BYTES + 1)).await;
    assert!(matches!(refused, Err(JwksError::TooLarge)), "{refused:?}");
}

#[tokio::test]
async fn an_answer_of_another_status_holds_no_keys() {
    for status in [
        StatusCode::NO_CONTENT,
        StatusCode::NOT_FOUND,
        StatusCode::BAD_GATEWAY,
    ] {
        let router = Router::new().route(PATH, get(async move || (status, r#"{"keys":[]}"#)));
        let refused = fetch(router).await;
        assert!(matches!(refused, Err(JwksError::Status(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn where_nobody_listens_there_are_no_keys() {
    let (address, server) = serve(Router::new()).await;
    drop(server);
    let project = ProjectUrl::parse(&format!("http://{address}")).unwrap();
    let refused = HttpJwks::of(&project).unwrap().fetch().await;
    assert!(refused.is_err());
}
