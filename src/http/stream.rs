//! Bodies that are made while they are sent: what is read next is asked for once what was read is taken.
//!
//! Nothing runs for a caller that does not read, and a caller that leaves takes the work with him. A part
//! that cannot be read breaks the body off: it must never look complete. The deadline of requests is for
//! the head of an answer, so that a stream has bounds of its own.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use evara_actors::ports::BoxFuture;
use hyper::body::Frame;
use tokio::time::{Instant, timeout_at};

/// A page that takes longer is not coming; longer than a store's own deadline, which says why.
const PAGE_WITHIN: Duration = Duration::from_secs(6);

/// All of a stream. Shorter than the life of a connection, which would cut it without a word.
const STREAM_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Why a body broke off.
pub(crate) type Broken = Box<dyn Error + Send + Sync>;

/// Makes the next part of a body, or tells that there is none.
pub(crate) trait Parts: Send + 'static {
    /// The next part, which may be empty; `None` after the last.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Broken>> + Send;
}

/// A body of these parts.
pub(crate) fn body(parts: impl Parts) -> Body {
    lasting(parts, PAGE_WITHIN, STREAM_WITHIN)
}

/// A body of these parts, for each and for all of which there is so long.
pub(crate) fn lasting(parts: impl Parts, part_within: Duration, within: Duration) -> Body {
    let until = Instant::now() + within;
    Body::new(Chunks {
        next: Some(step(parts, part_within, until)),
        part_within,
        until,
    })
}

type Step<P> = BoxFuture<'static, Result<Option<(Bytes, P)>, Broken>>;

struct Chunks<P> {
    /// `None` after the end.
    next: Option<Step<P>>,
    part_within: Duration,
    until: Instant,
}

fn step<P: Parts>(mut parts: P, within: Duration, until: Instant) -> Step<P> {
    Box::pin(async move {
        let deadline = until.min(Instant::now() + within);
        let part = match timeout_at(deadline, parts.next()).await {
            Ok(part) => part,
            Err(elapsed) => Err(elapsed.into()),
        };
        match part {
            Ok(part) => Ok(part.map(|part| (part, parts))),
            Err(error) => {
                tracing::warn!(%error, "a stream was broken off");
                Err(error)
            }
        }
    })
}

impl<P: Parts> hyper::body::Body for Chunks<P> {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            let Some(next) = &mut self.next else {
                return Poll::Ready(None);
            };
            let part = match next.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(part) => part,
            };
            self.next = None;
            match part {
                Ok(None) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
                Ok(Some((bytes, parts))) => {
                    self.next = Some(step(parts, self.part_within, self.until));
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    /// Counts down; breaks at nought, or falls silent below it.
    struct Countdown(i32);

    impl Parts for Countdown {
        async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
            self.0 -= 1;
            match self.0 {
                0 => Err("nought".into()),
                ..0 => std::future::pending().await,
                10.. => Ok(None),
                _ => Ok(Some(Bytes::from_static(b"."))),
            }
        }
    }

    #[tokio::test]
    async fn a_part_that_cannot_be_read_breaks_the_body_off() {
        let mut broken = body(Countdown(4));
        for _ in 0..3 {
            assert!(broken.frame().await.unwrap().is_ok());
        }
        assert!(broken.frame().await.unwrap().is_err());
        assert!(broken.frame().await.is_none());
        assert!(body(Countdown(20)).frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_does_not_come_breaks_the_body_off_in_time() {
        let asked = Instant::now();
        assert!(body(Countdown(0)).frame().await.unwrap().is_err());
        assert_eq!(asked.elapsed().as_secs(), PAGE_WITHIN.as_secs());
    }
}
