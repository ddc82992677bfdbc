//! The transport to another machine: reqwest over rustls, with the limits that it does not have by
//! itself.
//!
//! reqwest writes the whole URL, and so the key, into its errors: every one of them passes
//! [`failure`], which takes the URL out, before anybody sees it.

use std::error::Error;

use evara_actors::ports::BoxFuture;
use reqwest::{Client, ClientBuilder, redirect};

use super::BaseUrl;
use super::transport::{
    Limits, ReadError, Request, Response, Transport, TransportError, USER_AGENT, assemble,
    read_body,
};

/// Connections kept open between polls: enough that steady polling needs no new handshakes, few
/// enough that an outage does not leave thousands of sockets behind.
const IDLE_CONNECTIONS: usize = 32;

/// Speaks HTTP/1.1, with TLS where the address says so. Uses no proxy.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: Client,
    limits: Limits,
}

/// No TLS could be set up, most often because this machine has no root certificates.
#[derive(Debug, thiserror::Error)]
#[error("TLS could not be set up: are root certificates installed?")]
pub struct SetupError(#[source] reqwest::Error);

impl HttpTransport {
    /// For asking `base`. Reads the machine's root certificates once, unless `base` is on this machine
    /// and needs none: a demonstration must not fail for want of them. Sends nothing.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn reaching(base: &BaseUrl) -> Result<Self, SetupError> {
        let builder = Client::builder();
        let builder = if base.is_cleartext() {
            builder.tls_certs_only([])
        } else {
            builder
        };
        Self::built(builder, Limits::STANDARD)
    }

    /// With the machine's root certificates and other limits.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn with_limits(limits: Limits) -> Result<Self, SetupError> {
        Self::built(Client::builder(), limits)
    }

    fn built(builder: ClientBuilder, limits: Limits) -> Result<Self, SetupError> {
        let client = builder
            .user_agent(USER_AGENT)
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            // A redirect would carry the key to wherever it points.
            .redirect(redirect::Policy::none())
            // An ask that failed is repeated by its poller, under the limiter, and by nobody else.
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build()
            .map_err(SetupError)?;
        Ok(Self { client, limits })
    }

    async fn fetch(&self, request: Request) -> Result<Response, TransportError> {
        let sent = self.client.get(request.url_with_key()).send().await;
        let answer: axum::http::Response<reqwest::Body> = sent.map_err(failure)?.into();
        let (head, body) = answer.into_parts();
        let body = read_body(body, self.limits.body_bytes)
            .await
            .map_err(|error| match error {
                ReadError::TooLarge => TransportError::TooLarge,
                ReadError::Broken(error) => failure(error),
            })?;
        Ok(assemble(&head, body))
    }
}

impl Transport for HttpTransport {
    fn get(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.fetch(request))
    }
}

/// Says what went wrong, without the URL.
fn failure(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_timeout() {
        TransportError::TimedOut
    } else if error.is_request() || error.is_connect() || is_of_the_connection(&error) {
        TransportError::Unreachable(error.into())
    } else {
        TransportError::Garbled(error.into())
    }
}

/// Whether a body ended because the connection did: what is left is the decoder's complaint.
fn is_of_the_connection(error: &reqwest::Error) -> bool {
    std::iter::successors(error.source(), |&cause| cause.source())
        .any(|cause| cause.is::<hyper::Error>())
}

#[cfg(test)]
#[path = "http_transport_tests.rs"]
mod tests;
