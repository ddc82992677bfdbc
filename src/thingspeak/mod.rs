//! The client of ThingSpeak: how channels are asked, and what their answers mean.
//!
//! Holds the channels' read keys and nothing else; what was read belongs to the twins. Three
//! layers, from the outside in: a [`Transport`] fetches bytes within limits, `body` decides without
//! IO what they mean, and [`ThingSpeak`] joins them as the [`Feed`](evara_actors::ports::Feed) that
//! pollers know.
//!
//! What must never happen here: a key in a log line, a `Debug` output or an error; a body read
//! without a limit; a wait without an end; server-side aggregation, which counts missing values as
//! zero.

mod base_url;
mod body;
#[cfg(test)]
mod body_laws;
mod client;
mod http_transport;
mod keyring;
mod retry_after;
mod ring;
mod router_transport;
mod transport;

pub use base_url::{BaseUrl, BaseUrlError};
pub use client::ThingSpeak;
pub use http_transport::{HttpTransport, SetupError};
pub use keyring::Keyring;
pub use router_transport::RouterTransport;
pub use transport::{Cause, Limits, Request, Response, Transport, TransportError};
