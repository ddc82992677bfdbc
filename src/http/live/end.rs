//! How a WebSocket ends: by which code, and for what.

use std::borrow::Cow;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::sync::watch as signal;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::tally::Tally;
use super::wire;
use crate::http::problem::Problem;

/// For the last word, which nobody need hear.
pub(super) const CLOSED_WITHIN: Duration = Duration::from_secs(1);

/// The same for who was too slow: he is told why where he reads again at last.
const SLOWLY_CLOSED_WITHIN: Duration = Duration::from_secs(10);

/// The code for who was too slow, or for too long without a sign of life.
pub(super) const TOO_SLOW: u16 = 4408;

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

/// Tells why it ends.
pub(super) async fn close(
    socket: &mut WebSocket,
    last: CloseFrame,
    (closing, tally): (&mut signal::Receiver<bool>, &Tally),
) {
    let is_slow = last.code == TOO_SLOW;
    let within = if is_slow {
        tally.sends_away_as_slow();
        SLOWLY_CLOSED_WITHIN
    } else {
        CLOSED_WITHIN
    };
    tokio::select! {
        _nobody_hears = timeout(within, socket.send(Message::Close(Some(last)))) => {}
        // Who is slow holds up no restart.
        _closing = closing.wait_for(|closing| *closing), if is_slow => {}
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
