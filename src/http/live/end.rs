//! How a WebSocket ends: by which code, and for what.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::wire;
use crate::http::problem::Problem;

/// Frames that are taken of a client in a second: more than people make.
const MOST_FRAMES: u32 = 50;

/// RFC 6455: a frame that ends a socket has 125 bytes, of which two are the code.
const LONGEST_REASON_BYTES: usize = 123;

/// Why a socket ends.
#[derive(Debug)]
pub(super) enum End {
    /// There is nobody on the other side any more.
    Gone,
    /// It is to be told why.
    Said(u16, Cow<'static, str>),
}

/// An end that is told.
pub(super) const fn said(code: u16, why: &'static str) -> End {
    End::Said(code, Cow::Borrowed(why))
}

/// Whether it goes on.
pub(super) type Done = Result<(), End>;

/// How many frames came in the second that began then.
pub(super) struct Frames {
    since: Instant,
    count: u32,
}

impl Frames {
    /// None so far.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            count: 0,
        }
    }

    /// Takes one in.
    pub(super) fn count(&mut self, now: Instant) -> Done {
        if now.duration_since(self.since) >= Duration::from_secs(1) {
            (self.since, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count > MOST_FRAMES {
            Err(said(4429, "too many frames"))
        } else {
            Ok(())
        }
    }
}

/// Those who are sent away together come back one after another.
pub(super) fn restarting(session: Uuid) -> End {
    let pause = super::come_back_ms(session);
    End::Said(1012, Cow::Owned(format!(r#"{{"retry_after_ms":{pause}}}"#)))
}

/// That a person has as many sockets as they may, and who says how many that are.
pub(super) fn too_many(full: &Problem) -> End {
    let mut why = full.view("").detail.to_owned();
    why.truncate(why.floor_char_boundary(LONGEST_REASON_BYTES));
    End::Said(4429, Cow::Owned(why))
}

/// What a client did to the protocol.
pub(super) fn broken(error: axum::Error) -> End {
    match wire::breach(error) {
        Some((code, why)) => said(code, why),
        None => End::Gone,
    }
}
