//! The simulator behind a real socket, read letter by letter as the official device library does.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Lab;
use crate::simulator::Knobs;

/// Sends one request over a connection of its own and reads until the other side closes.
async fn talk(router: Router, request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let host = async {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(router);
        // A broken connection is what some of these tests want.
        let _closed = http1::Builder::new()
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    };
    let device = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    tokio::join!(host, device).1
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: api.thingspeak.com\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_device_finds_the_length_of_a_text_by_its_letters() {
    let lab = Lab::with_rows(Knobs::default(), 17);
    let body = "field1=7&headers=false";
    let request = format!(
        "POST /update HTTP/1.1\r\nHost: api.thingspeak.com\r\nConnection: close\r\n\
         X-THINGSPEAKAPIKEY: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        lab.card().write_api_key,
        body.len()
    );
    let answer = talk(lab.router.clone(), &request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("Content-Length: 2\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n18"), "{answer}");
}

#[tokio::test]
async fn json_is_chunked_on_the_wire() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    let card = lab.card();
    let path = format!(
        "/channels/{}/feeds.json?api_key={}",
        card.id, card.read_api_key
    );
    let answer = talk(lab.router.clone(), &get(&path)).await;
    assert!(
        answer.contains("Transfer-Encoding: chunked\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_cut_body_never_ends_on_the_wire() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    lab.order(r#"{"cut":true}"#).await;
    let card = lab.card();
    let path = format!(
        "/channels/{}/feeds.json?api_key={}",
        card.id, card.read_api_key
    );
    let answer = talk(lab.router.clone(), &get(&path)).await;
    assert!(!answer.ends_with("\r\n0\r\n\r\n"), "{answer}");
}
