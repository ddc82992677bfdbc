//! The document with the keys, over HTTPS: within a deadline and a size, from nowhere else.

use bytes::{Bytes, BytesMut};
use evara_actors::ports::BoxFuture;
use reqwest::{Client, redirect};

use super::{DEADLINE, JwksSource};
use crate::auth::token::project::ProjectUrl;

/// Who asks, as servers log it.
const USER_AGENT: &str = concat!("evara/", env!("CARGO_PKG_VERSION"));

/// Asks a Supabase project. Uses no proxy that the environment does not name.
#[derive(Debug)]
pub struct HttpJwks {
    client: Client,
    url: String,
}

/// No TLS could be set up, most often because this machine has no root certificates.
#[derive(Debug, thiserror::Error)]
#[error("TLS could not be set up: are root certificates installed?")]
pub struct SetupError(#[source] reqwest::Error);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// No whole answer before the deadline.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or one that broke.
    #[error("the connection failed")]
    Unreachable(#[source] reqwest::Error),
    /// An answer that is none, such as a redirect, which is not followed.
    #[error("it was answered with the status {0}")]
    Status(u16),
    /// A body past the limit.
    #[error("the document is larger than {} bytes", HttpJwks::MOST_BYTES)]
    TooLarge,
    /// It holds something else.
    #[error("the document is no set of keys")]
    NotKeys(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HttpJwks {
    /// Of a document: 32 RSA keys with their certificates have some 60 KiB.
    pub const MOST_BYTES: usize = 128 * 1024;

    /// For asking `project`. Sends nothing yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn of(project: &ProjectUrl) -> Result<Self, SetupError> {
        let builder = Client::builder();
        // A project on this machine needs no root certificates.
        let builder = if project.is_cleartext() {
            builder.tls_certs_only([])
        } else {
            builder
        };
        let client = builder
            .user_agent(USER_AGENT)
            .connect_timeout(DEADLINE)
            .timeout(DEADLINE)
            // Keys from wherever a redirect points would be somebody else's.
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(SetupError)?;
        Ok(Self {
            client,
            url: project.jwks(),
        })
    }

    async fn get(&self) -> Result<Bytes, JwksError> {
        let sent = self.client.get(&self.url).send().await;
        let mut answer = sent.map_err(JwksError::Unreachable)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(JwksError::Status(answer.status().as_u16()));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(JwksError::Unreachable)? {
            if chunk.len() > Self::MOST_BYTES - body.len() {
                return Err(JwksError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

impl JwksSource for HttpJwks {
    fn fetch(&self) -> BoxFuture<'_, Result<Bytes, JwksError>> {
        Box::pin(self.get())
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
