//! A client that asks the same thing again and again, for machines without `wrk`.
//!
//! Knows just enough of HTTP to find the end of an answer whose length is told.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::measure::per_second;

/// What is asked, and of whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    path: String,
    token: String,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, path: &str, token: &str) -> Self {
        let (path, token) = (path.to_owned(), token.to_owned());
        Self {
            address,
            path,
            token,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    pub(crate) fn authorization(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    fn request(&self) -> String {
        let (path, address, bearer) = (&self.path, self.address, self.authorization());
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{bearer}\r\n\r\n")
    }
}

/// The body of one answer.
pub(crate) async fn get(target: &Target) -> Vec<u8> {
    let mut connection = Connection::open(target).await;
    let range = connection.ask(target.request().as_bytes()).await;
    connection.buffer[range].to_vec()
}

/// Answers a second, on so many connections for so long.
pub(crate) async fn load(target: &Target, connections: usize, span: Duration) -> f64 {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let target = target.clone();
        tasks.spawn(async move {
            let mut connection = Connection::open(&target).await;
            let request = target.request();
            let mut answers = 0;
            while start.elapsed() < span {
                connection.ask(request.as_bytes()).await;
                answers += 1;
            }
            answers
        });
    }
    let answers: usize = tasks.join_all().await.into_iter().sum();
    per_second(answers, start)
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(target: &Target) -> Self {
        let stream = TcpStream::connect(target.address).await;
        Self {
            stream: stream.expect("the server takes connections"),
            buffer: Vec::new(),
        }
    }

    /// Where the body of the answer is in the buffer.
    async fn ask(&mut self, request: &[u8]) -> std::ops::Range<usize> {
        let sent = self.stream.write_all(request).await;
        sent.expect("the server takes requests");
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await;
            let read = read.expect("the server answers");
            assert!(read > 0, "the server goes on answering");
            if let Some(body) = whole(&self.buffer) {
                return body;
            }
        }
    }
}

/// Where the body of an answer is, once all of it is there.
fn whole(answer: &[u8]) -> Option<std::ops::Range<usize>> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    assert!(
        head.starts_with("http/1.1 200"),
        "only answers count: {head}"
    );
    let (_, length) = head.split_once("content-length: ")?;
    let length: usize = length.lines().next()?.parse().ok()?;
    let body = end..end + length;
    (answer.len() >= body.end).then_some(body)
}
