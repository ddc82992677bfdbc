//! What breaks the protocol of WebSockets and what only looks like it, letter by letter against the real program:
//! the classes of frames of the Autobahn suite (`make autobahn`), without it.

use reqwest::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::binary::start_service;
use super::harness::Scratch;
use super::program::{Caller, PATIENCE, Program};

const FIN: u8 = 0x80;
const TEXT: u8 = 1;
const PING: u8 = 9;
const PONG: u8 = 10;
const CLOSE: u8 = 8;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// More than the service takes at once.
const TOO_LONG: usize = 64 * 1024 + 1;

/// A frame as clients send it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        longer @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((longer as u16).to_be_bytes());
        }
        longest => {
            bytes.push(0x80 | 127);
            bytes.extend((longest as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

fn frames(all: &[(u8, &[u8])]) -> Vec<u8> {
    all.iter()
        .flat_map(|(first, payload)| frame(*first, payload))
        .collect()
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// A socket without a library between.
struct Raw(TcpStream);

impl Raw {
    async fn open(caller: &Caller) -> Self {
        let request = caller.request("GET", "/api/v1/ws", "").build().unwrap();
        let url: &Url = request.url();
        let host = format!("127.0.0.1:{}", url.port().unwrap());
        let mut raw = Self(TcpStream::connect(&host).await.unwrap());
        let head = format!(
            "GET /api/v1/ws HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            caller.token
        );
        raw.say(head.as_bytes()).await;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.extend(raw.bytes(1).await.expect("an answer"));
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{answer:?}");
        let (first, hello) = raw.frame().await.expect("a hello");
        assert!(first == FIN | TEXT && hello.starts_with(b"{\"type\":\"hello\""));
        raw
    }

    async fn say(&mut self, bytes: &[u8]) {
        // It may have been closed for the first of them.
        let _closed_meanwhile = self.0.write_all(bytes).await;
    }

    /// So many bytes; `None` at the end.
    async fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = timeout(PATIENCE, self.0.read_exact(&mut bytes)).await;
        read.expect("in time").ok().map(|_| bytes)
    }

    /// A frame of the service, which masks nothing; `None` at the end.
    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.bytes(2).await?;
        let length = match head[1] {
            126 => self.bytes(2).await?,
            127 => panic!("longer than anything that is said here"),
            short => vec![0, short],
        };
        let length = u16::from_be_bytes([length[0], length[1]]);
        Some((head[0], self.bytes(length.into()).await?))
    }

    /// What it was closed with, and then is: no bytes where no code was said.
    async fn end(mut self) -> Vec<u8> {
        let mut told = None;
        while let Some((first, payload)) = self.frame().await {
            if first == FIN | CLOSE {
                assert_eq!(told, None, "closed twice");
                told = Some(payload);
            }
        }
        told.expect("no word at the end")
    }

    /// The error that is the next thing told.
    async fn error(&mut self) -> String {
        let (first, payload) = self.frame().await.expect("an answer");
        assert_eq!(first, FIN | TEXT);
        let said: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        said["code"].as_str().unwrap().to_owned()
    }
}

async fn service() -> (Scratch, Program, Caller) {
    let scratch = Scratch::new();
    let (program, caller) = start_service(&scratch.place(0).display().to_string()).await;
    (scratch, program, caller)
}

/// Breaches, and the codes that RFC 6455 demands.
fn breaches() -> Vec<(String, Vec<u8>, u16)> {
    let mut rows: Vec<(String, Vec<u8>, u16)> = Vec::new();
    let mut row = |name: &str, bytes: Vec<u8>, code| rows.push((name.to_owned(), bytes, code));
    for bit in [0x10, 0x20, 0x40, 0x70] {
        row(
            "reserved bits in a text",
            frame(FIN | bit | TEXT, b"a"),
            1002,
        );
        row(
            "reserved bits in a ping",
            frame(FIN | bit | PING, b""),
            1002,
        );
    }
    for kind in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        row("a reserved kind", frame(FIN | kind, b"a"), 1002);
        row("a reserved kind, empty", frame(FIN | kind, b""), 1002);
    }
    row("unmasked", b"\x81\x01a".to_vec(), 1002);
    for kind in [PING, PONG, CLOSE] {
        row("control in parts", frame(kind, b""), 1002);
        row("control too long", frame(FIN | kind, &[b'a'; 126]), 1002);
    }
    row("an end without a beginning", frame(FIN, b"a"), 1002);
    row("a part without a beginning", frame(0, b"a"), 1002);
    let nested = frames(&[(TEXT, b"a"), (FIN | TEXT, b"b")]);
    row("a text within a text", nested, 1002);
    let again = frames(&[(TEXT, b"a"), (FIN, b"b"), (FIN, b"c")]);
    row("a part after the end", again, 1002);
    row("half a code", frame(FIN | CLOSE, b"\x03"), 1002);
    for code in [
        0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535,
    ] {
        row(&format!("a close by {code}"), close(code, b""), 1002);
    }
    row("a reason that is no text", close(1000, b"\xc3\x28"), 1007);
    for bad in [
        &b"\xc3\x28"[..],
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xfe",
        b"\xc0\xaf",
        b"a\xe1\xbd",
    ] {
        row("no text", frame(FIN | TEXT, bad), 1007);
        let (one, other) = bad.split_at(bad.len() - 1);
        let parts = frames(&[(TEXT, one), (FIN | PING, b""), (FIN, other)]);
        row("no text, in parts", parts, 1007);
    }
    row("too long", frame(FIN | TEXT, &vec![b' '; TOO_LONG]), 1009);
    let half = vec![b' '; TOO_LONG / 2 + 1];
    row(
        "too long in parts",
        frames(&[(TEXT, &half), (FIN, &half)]),
        1009,
    );
    let claimed = [
        &[FIN | 2, 0xff][..],
        &(i64::MAX as u64).to_be_bytes(),
        &MASK,
    ]
    .concat();
    row("a length that nobody sends", claimed, 1009);
    rows
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_socket_by_the_code_that_the_protocol_demands() {
    let (_scratch, _program, caller) = service().await;
    let mut wrong = Vec::new();
    for (name, bytes, code) in breaches() {
        let mut raw = Raw::open(&caller).await;
        raw.say(&bytes).await;
        let told = raw.end().await;
        if told.get(..2) != Some(&code.to_be_bytes()) {
            let shown = &bytes[..bytes.len().min(16)];
            wrong.push(format!("{name} ({shown:02x?}): {told:?}, not {code}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_the_protocol_allows_ends_nothing() {
    let (_scratch, _program, caller) = service().await;
    let mut raw = Raw::open(&caller).await;
    for said in [&b""[..], b"a", &[0xff; 125]] {
        raw.say(&frames(&[(FIN | PONG, said), (FIN | PING, said)]))
            .await;
        assert_eq!(raw.frame().await, Some((FIN | PONG, said.to_vec())));
    }
    // A letter of two bytes is parted, and a ping comes between.
    let text = r#"{"type":"unsubscribe","topic":"κόσμε"}"#.as_bytes();
    for cut in 0..text.len() {
        let (one, other) = text.split_at(cut);
        let parts = frames(&[(TEXT, one), (0, b""), (FIN | PING, b"!"), (FIN, other)]);
        if cut % 8 == 0 {
            raw = Raw::open(&caller).await;
        }
        raw.say(&parts).await;
        assert_eq!(
            raw.frame().await,
            Some((FIN | PONG, b"!".to_vec())),
            "{cut}"
        );
        assert_eq!(raw.error().await, "not_found", "{cut}");
    }
    raw = Raw::open(&caller).await;
    for byte in frame(FIN | TEXT, text) {
        raw.say(&[byte]).await;
    }
    assert_eq!(raw.error().await, "not_found");
    for empty in [frame(FIN | TEXT, b""), frames(&[(TEXT, b""), (FIN, b"")])] {
        raw.say(&empty).await;
        assert_eq!(raw.error().await, "invalid_request");
    }
    raw.say(&frame(FIN | 2, &[0, 0xff])).await;
    assert_eq!(raw.error().await, "invalid_request");
    raw.say(&frame(FIN | TEXT, &vec![b' '; TOO_LONG - 1])).await;
    assert_eq!(raw.error().await, "invalid_request");
}

#[tokio::test]
async fn who_leaves_as_the_protocol_has_it_is_answered_alike() {
    let (_scratch, _program, caller) = service().await;
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        for reason in [&b""[..], "κόσμε".as_bytes(), &[b'a'; 123]] {
            let mut raw = Raw::open(&caller).await;
            raw.say(&close(code, reason)).await;
            assert_eq!(raw.end().await.get(..2), Some(&code.to_be_bytes()[..]));
        }
    }
    let mut raw = Raw::open(&caller).await;
    // What is said after the last word is not heard.
    raw.say(&frames(&[(FIN | CLOSE, b""), (FIN | PING, b"late")]))
        .await;
    assert_eq!(raw.end().await, b"");
}
