//! Says whatever it is told, over a WebSocket with the very settings of the service's: what `make autobahn` asks.
//!
//! `cargo run --example echo -- 127.0.0.1:9001`; ends with its standard input.

use std::io::Read as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use evara::http::socket;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args()
        .nth(1)
        .context("usage: echo ADDRESS:PORT")?;
    let address: SocketAddr = address.parse().context("an address and a port")?;
    let listener = TcpListener::bind(address).await?;
    println!("{}", listener.local_addr()?);
    let over = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let service = axum::Router::new().fallback(any(upgraded));
    let served = axum::serve(listener, service).with_graceful_shutdown(async {
        let _ended = over.await;
    });
    Ok(served.await?)
}

async fn upgraded(upgrade: WebSocketUpgrade) -> Response {
    socket::bounded(upgrade).on_upgrade(echo)
}

/// Until either side ends it; what breaks the protocol ends it as the service does.
async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        let said = match message {
            Ok(said @ (Message::Text(_) | Message::Binary(_))) => said,
            // These are answered while one goes on reading.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => continue,
            Err(error) => {
                let Some((code, reason)) = socket::breach(error) else {
                    return;
                };
                let reason = reason.into();
                Message::Close(Some(CloseFrame { code, reason }))
            }
        };
        if socket.send(said).await.is_err() {
            return;
        }
    }
}
