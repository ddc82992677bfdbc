//! How every WebSocket of ours is read and written, and what ends one that breaks the protocol: in one place, so
//! that what is tried by others' tests is what is served.

use axum::extract::ws::WebSocketUpgrade;
use tokio_tungstenite::tungstenite::Error as Broken;

/// The longest frame of a client: a token is the longest thing that he has to say.
const MAX_FRAME_BYTES: usize = 64 * 1024;

/// What is written at most and not taken: more than the largest frame.
const MAX_UNSENT_BYTES: usize = 256 * 1024;

/// What is read at once: each of many sockets holds so much. Clients say less, but for their tokens, which come in parts.
const READ_BYTES: usize = 1024;

/// What is gathered before it is written.
const WRITE_BYTES: usize = 4 * 1024;

/// Within our bounds.
pub fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_frame_size(MAX_FRAME_BYTES)
        .max_message_size(MAX_FRAME_BYTES)
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_write_buffer_size(MAX_UNSENT_BYTES)
}

/// The code that a breach of the protocol is closed with, and why; `None` where there is nobody to be told.
#[must_use]
pub fn breach(error: axum::Error) -> Option<(u16, &'static str)> {
    match error.into_inner().downcast_ref::<Broken>() {
        Some(Broken::Capacity(_)) => Some((1009, "too big")),
        Some(Broken::Utf8(_)) => Some((1007, "no text")),
        Some(Broken::Protocol(_)) => Some((1002, "against the protocol")),
        _ => None,
    }
}
