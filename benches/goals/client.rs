//! A client that asks the same thing again and again, for machines without `wrk`.
//!
//! Knows just enough of HTTP to find the end of an answer whose length is told.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::measure::per_second;

/// For the next part of an answer: many times what any takes, so that no measure waits for ever.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// What is asked, and of whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    path: String,
    credentials: String,
    accept: &'static str,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, path: &str, token: &str) -> Self {
        Self {
            address,
            path: path.to_owned(),
            credentials: format!("Bearer {token}"),
            accept: "*/*",
        }
    }

    /// The same, asked by a device.
    pub(crate) fn of_device(self, key: &str) -> Self {
        let credentials = format!("Device {key}");
        Self {
            credentials,
            ..self
        }
    }

    /// The same, in a format of several.
    pub(crate) fn accepting(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    pub(crate) fn authorization(&self) -> String {
        format!("Authorization: {}", self.credentials)
    }

    fn head(&self, verb: &str, more: &str) -> String {
        let (path, address, accept) = (&self.path, self.address, self.accept);
        let authorization = self.authorization();
        format!(
            "{verb} {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\n{authorization}\r\n{more}\r\n"
        )
    }
}

/// The body of one answer.
pub(crate) async fn get(target: &Target) -> Vec<u8> {
    let mut connection = Connection::open(target).await;
    connection.get(target).await.to_vec()
}

/// Answers a second, on so many connections for so long.
pub(crate) async fn load(target: &Target, connections: usize, span: Duration) -> f64 {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let target = target.clone();
        tasks.spawn(async move {
            let mut connection = Connection::open(&target).await;
            let mut answers = 0;
            while start.elapsed() < span {
                connection.get(&target).await;
                answers += 1;
            }
            answers
        });
    }
    let answers: usize = tasks.join_all().await.into_iter().sum();
    per_second(answers, start)
}

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(target: &Target) -> Self {
        let stream = TcpStream::connect(target.address).await;
        Self::over(stream.expect("the server takes connections"))
    }

    /// The body of an answer on a connection of its own, if there is one.
    pub(crate) async fn try_get(target: &Target) -> Option<Vec<u8>> {
        let stream = TcpStream::connect(target.address).await.ok()?;
        let mut connection = Self::over(stream);
        connection
            .request
            .extend(target.head("GET", "").into_bytes());
        let (status, body) = connection.ask().await;
        (status == 200).then(|| connection.answer[body].to_vec())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("it is a TCP socket");
        Self {
            stream,
            request: Vec::new(),
            answer: Vec::new(),
        }
    }

    /// The body of an answer, which must be one.
    pub(crate) async fn get(&mut self, target: &Target) -> &[u8] {
        self.request.clear();
        self.request.extend(target.head("GET", "").into_bytes());
        let (status, body) = self.ask().await;
        assert_eq!(status, 200, "only answers count");
        &self.answer[body]
    }

    /// The status of an answer, and its body.
    pub(crate) async fn post(&mut self, target: &Target, body: &[u8]) -> (u16, &[u8]) {
        let length = body.len();
        let more = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        self.request.clear();
        self.request.extend(target.head("POST", &more).into_bytes());
        self.request.extend_from_slice(body);
        let (status, body) = self.ask().await;
        (status, &self.answer[body])
    }

    /// The status of the answer, and where its body is.
    async fn ask(&mut self) -> (u16, Range<usize>) {
        let sent = self.stream.write_all(&self.request).await;
        sent.expect("the server takes requests");
        self.answer.clear();
        loop {
            let read = timeout(ANSWERED_WITHIN, self.stream.read_buf(&mut self.answer)).await;
            let read = read.expect("the server answers in time");
            let read = read.expect("the server answers");
            assert!(read > 0, "the server goes on answering");
            if let Some(whole) = whole(&self.answer) {
                return whole;
            }
        }
    }
}

/// The status of an answer and where its body is, once all of it is there.
fn whole(answer: &[u8]) -> Option<(u16, Range<usize>)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let Some((_, length)) = head.split_once("content-length: ") else {
        // In chunks, of which the last is empty; what they hold is not looked at.
        let is_whole = answer.ends_with(b"\r\n0\r\n\r\n");
        return is_whole.then_some((status, end..answer.len()));
    };
    let length: usize = length.lines().next()?.parse().ok()?;
    let body = end..end + length;
    (answer.len() >= body.end).then_some((status, body))
}
