//! How a body travels: whole, in chunks, slowly, in part, or without end.
//!
//! A chunked body hides its length, so that the server must send `Transfer-Encoding: chunked`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::Frame;
use tokio::time::Sleep;

use super::fault::BodyFault;

/// Bytes between two pauses of a slow body: a full feed takes longer than any sane deadline.
const SLOW_CHUNK_BYTES: usize = 256;

/// Bytes that a huge body sends at once.
const HUGE_CHUNK_BYTES: usize = 64 * 1024;

/// One way of sending a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    Chunked,
    Bad(BodyFault),
}

impl Delivery {
    pub(super) fn body(self, bytes: Bytes) -> Body {
        match self {
            Self::Whole => Body::from(bytes),
            Self::Chunked => Body::new(Drip::once(bytes)),
            Self::Bad(BodyFault::Slow { pause_ms }) => Body::new(Drip {
                chunk_bytes: SLOW_CHUNK_BYTES,
                pause: Some(Duration::from_millis(pause_ms)),
                ..Drip::once(bytes)
            }),
            Self::Bad(BodyFault::Truncate { keep }) => {
                let keep = keep.unwrap_or(bytes.len() / 2).min(bytes.len());
                Body::new(Drip::once(bytes.slice(..keep)))
            }
            Self::Bad(BodyFault::Cut) => Body::new(Drip {
                breaks: true,
                ..Drip::once(bytes.slice(..bytes.len() / 2))
            }),
        }
    }
}

/// A JSON body of `bytes` bytes that never closes its brackets.
pub(super) fn huge(bytes: u64) -> Body {
    let chunk = Bytes::from("[\"0\",".repeat(HUGE_CHUNK_BYTES / 5));
    let repeats = bytes / chunk.len() as u64;
    Body::new(Drip {
        template: Some(chunk),
        repeats,
        ..Drip::once(Bytes::new())
    })
}

/// A body that comes in pieces.
#[derive(Debug)]
struct Drip {
    rest: Bytes,
    chunk_bytes: usize,
    /// Before each piece but the first.
    pause: Option<Duration>,
    asleep: Option<Pin<Box<Sleep>>>,
    /// Sent again `repeats` times once the rest is gone.
    template: Option<Bytes>,
    repeats: u64,
    /// Ends with an error, which makes a server drop the connection.
    breaks: bool,
}

impl Drip {
    fn once(bytes: Bytes) -> Self {
        Self {
            rest: bytes,
            chunk_bytes: usize::MAX,
            pause: None,
            asleep: None,
            template: None,
            repeats: 0,
            breaks: false,
        }
    }

    fn next(&mut self) -> Option<Result<Frame<Bytes>, io::Error>> {
        if !self.rest.is_empty() {
            let piece = self.rest.split_to(self.chunk_bytes.min(self.rest.len()));
            return Some(Ok(Frame::data(piece)));
        }
        if self.repeats > 0 {
            self.repeats -= 1;
            return self.template.clone().map(|piece| Ok(Frame::data(piece)));
        }
        let broken = std::mem::take(&mut self.breaks);
        broken.then(|| Err(io::Error::from(io::ErrorKind::ConnectionReset)))
    }
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(asleep) = self.asleep.as_mut() {
            ready!(asleep.as_mut().poll(context));
            self.asleep = None;
        }
        let piece = self.next();
        if let (Some(pause), false) = (self.pause, self.rest.is_empty()) {
            self.asleep = Some(Box::pin(tokio::time::sleep(pause)));
        }
        Poll::Ready(piece)
    }
}
