//! One WebSocket of many in a process: reads as fast as it can, and looks at no more than it must.
//!
//! Frames that many are told are the same letters: the first who meets one reads its times, and all others note when
//! theirs came. Knows just enough of RFC 6455 to find the end of a frame of a service that sends none in parts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evara::app::clock::SystemClock;
use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Enough of a frame to tell it from others: its type, its topic and its cursor.
const BEGINNING: usize = 256;

/// What is read at once.
const PORTION: usize = 64 * 1024;

/// Frames of so many letters are no longer than a second of the fastest fleet.
const LONGEST: usize = 16 * 1024 * 1024;

/// A frame by its letters.
type Key = u64;

/// What a frame with events tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Those of the readings, one of each event.
    pub(super) times: Vec<Timestamp>,
    pub(super) bytes: usize,
}

/// What all ears of a process share.
#[derive(Debug)]
pub(super) struct Ledger {
    /// What is known of each; nothing where nobody is done reading it.
    frames: Mutex<HashMap<Key, Arc<Told>>>,
    clock: SystemClock,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            frames: Mutex::default(),
            clock: SystemClock::new(),
        }
    }
}

impl Ledger {
    /// What a frame tells.
    pub(super) fn told(&self, key: Key) -> Arc<Told> {
        self.frames().get(&key).cloned().unwrap_or_default()
    }

    /// Whether this is the first time that anybody meets it.
    fn is_new(&self, key: Key) -> bool {
        let mut frames = self.frames();
        let is_new = !frames.contains_key(&key);
        if is_new {
            frames.insert(key, Arc::default());
        }
        is_new
    }

    fn read(&self, key: Key, text: &[u8]) {
        let told = Told {
            times: times(text),
            bytes: text.len(),
        };
        self.frames().insert(key, Arc::new(told));
    }

    fn frames(&self) -> MutexGuard<'_, HashMap<Key, Arc<Told>>> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest source time of each node that a frame tells of.
fn times(text: &[u8]) -> Vec<Timestamp> {
    const MEMBER: &str = "\"last_seen_at\":\"";
    let text = std::str::from_utf8(text).expect("frames are text");
    let ends = text.match_indices(MEMBER).filter_map(|(at, _)| {
        let (time, _) = text[at + MEMBER.len()..].split_once('"')?;
        time.parse().ok()
    });
    ends.collect()
}

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Events, in this frame, at this time.
    Told(Key, Timestamp),
    /// A topic is known as a whole.
    Whole,
    /// A sign of life is asked for.
    Ping,
    /// Anything else.
    Other,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Ear {
    stream: TcpStream,
    portion: Vec<u8>,
    /// From where to where nothing of the portion was looked at.
    unread: std::ops::Range<usize>,
}

impl Ear {
    /// Opens a socket as whoever bears the token. Where little is to be held of what is not read, `room` says how much.
    pub(super) async fn open(address: SocketAddr, token: &str, room: Option<u32>) -> Option<Self> {
        let socket = TcpSocket::new_v4().ok()?;
        if let Some(room) = room {
            socket.set_recv_buffer_size(room).ok()?;
        }
        let mut stream = socket.connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let head = format!(
            "GET /api/v1/ws HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.ok()?);
        }
        let portion = vec![0; PORTION];
        let is_open = answer.starts_with(b"HTTP/1.1 101");
        is_open.then_some(Self {
            stream,
            portion,
            unread: 0..0,
        })
    }

    /// Says something, by a mask of noughts.
    pub(super) async fn say(&mut self, text: &str) -> Option<()> {
        let length = u16::try_from(text.len()).expect("what is said is short");
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend(length.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).await.ok()
    }

    /// What comes next; `None` at the end.
    pub(super) async fn next(&mut self, ledger: &Ledger) -> Option<Heard> {
        let first = self.byte().await?;
        let length = match self.byte().await? {
            126 => usize::from(self.byte().await?) << 8 | usize::from(self.byte().await?),
            127 => {
                let mut length = 0;
                for _ in 0..8 {
                    length = length << 8 | usize::from(self.byte().await?);
                }
                length
            }
            short => usize::from(short),
        };
        assert!(length <= LONGEST, "no frame is so long");
        let mut text = self.some(length.min(BEGINNING)).await?;
        let is_text = first == 0x81;
        let kind = kind(&text).filter(|_| is_text);
        let rest = length - text.len();
        if kind != Some("batch") && kind != Some("event") {
            self.pass(rest).await?;
            let is_last = text.windows(13).any(|it| it == b"\"more\":false,");
            return Some(match kind {
                Some("snapshot") if is_last => Heard::Whole,
                Some("subscribed") if !text.ends_with(b"\"cursor\":null}") => Heard::Whole,
                Some("ping") => Heard::Ping,
                _ => Heard::Other,
            });
        }
        let mut hasher = DefaultHasher::new();
        (&text, length).hash(&mut hasher);
        let key = hasher.finish();
        if ledger.is_new(key) {
            text.extend(self.some(rest).await?);
            let at = ledger.clock.now();
            ledger.read(key, &text);
            return Some(Heard::Told(key, at));
        }
        self.pass(rest).await?;
        Some(Heard::Told(key, ledger.clock.now()))
    }

    async fn byte(&mut self) -> Option<u8> {
        let some = self.some(1).await?;
        some.first().copied()
    }

    async fn some(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut some = Vec::with_capacity(count);
        while some.len() < count {
            let part = self.part(count - some.len()).await?;
            some.extend_from_slice(part);
        }
        Some(some)
    }

    async fn pass(&mut self, mut count: usize) -> Option<()> {
        while count > 0 {
            count -= self.part(count).await?.len();
        }
        Some(())
    }

    /// At least one byte, and at most so many.
    async fn part(&mut self, most: usize) -> Option<&[u8]> {
        if self.unread.is_empty() {
            let read = self.stream.read(&mut self.portion).await.ok()?;
            self.unread = 0..Some(read).filter(|read| *read > 0)?;
        }
        let end = self.unread.end.min(self.unread.start + most);
        let part = self.unread.start..end;
        self.unread.start = end;
        Some(&self.portion[part])
    }
}

/// What type of frame begins so.
fn kind(text: &[u8]) -> Option<&str> {
    let text = text.strip_prefix(b"{\"type\":\"")?;
    let end = text.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&text[..end]).ok()
}
