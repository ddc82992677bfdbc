//! ThingSpeak as a [`Feed`]: turns an ask into one request, and the answer into a page.
//!
//! Holds no state of its own; which key opened a channel last is the keyring's to know. Asks only for
//! `feeds.json`, since a read key does not open `/channels/{id}.json`, and never for sums or averages,
//! which ThingSpeak computes with missing values as zero. The reason beneath a failed request ends
//! here, in one log line.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{ChannelId, Timestamp};
use evara_actors::ports::{Ask, BoxFuture, Feed, FeedError, Page};
use secrecy::{ExposeSecret as _, SecretString};

use super::base_url::BaseUrl;
use super::body;
use super::keyring::Keyring;
use super::transport::{Request, Transport, TransportError};

/// How many keys that were never tried one ask tries. Each is a request, and a channel's requests are few;
/// what is left has its turn in the next ask.
const MOST_NEW_KEYS: u32 = 3;

/// How many keys it asks with where none of these opened the channel: the one whose turn it is, and the next.
const MOST_KNOWN_KEYS: u32 = 2;

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ThingSpeak {
    base_url: BaseUrl,
    transport: Arc<dyn Transport>,
    keys: Arc<Keyring>,
}

impl ThingSpeak {
    /// Asks at `base_url` by `transport`, with the keys that are in `keys` at the time of each ask.
    pub fn new(base_url: BaseUrl, transport: Arc<dyn Transport>, keys: Arc<Keyring>) -> Self {
        Self {
            base_url,
            transport,
            keys,
        }
    }

    /// A few new keys are tried first, whatever the first of them comes to: who brought one that opens the
    /// channel is not to miss what the others are told. Then it is the turn of those that are known.
    async fn ask(&self, channel: ChannelId, ask: Ask) -> Result<Page, FeedError> {
        let (mut page, mut tried) = (Err(FeedError::NoAccess), Vec::new());
        for _ in 0..MOST_NEW_KEYS {
            let Some(key) = self.keys.untried(channel) else {
                break;
            };
            tried.push(Some(key.clone()));
            match self.opened_with(channel, ask, Some(key)).await {
                Err(FeedError::NoAccess) => {}
                other => page = Ok(other?),
            }
        }
        for _ in 0..MOST_KNOWN_KEYS {
            let key = self.keys.key_for(channel);
            if page.is_ok() || tried.iter().any(|it| is_same(it, &key)) {
                break;
            }
            tried.push(key.clone());
            match self.opened_with(channel, ask, key).await {
                Err(FeedError::NoAccess) => {}
                other => page = Ok(other?),
            }
        }
        page
    }

    /// Asks with one key, and has the keyring know what came of it.
    async fn opened_with(
        &self,
        channel: ChannelId,
        ask: Ask,
        key: Option<SecretString>,
    ) -> Result<Page, FeedError> {
        match self.ask_with(channel, ask, key.clone()).await {
            Ok(page) => {
                let opened = self.keys.opened(channel, key.as_ref());
                let opened = opened.ok_or(FeedError::NoAccess)?;
                Ok(Page { opened, ..page })
            }
            Err(error) => {
                if error == FeedError::NoAccess {
                    self.keys.refused(channel, key.as_ref());
                }
                Err(error)
            }
        }
    }

    async fn ask_with(
        &self,
        channel: ChannelId,
        ask: Ask,
        key: Option<SecretString>,
    ) -> Result<Page, FeedError> {
        let url = self.base_url.feeds(channel, &query(ask));
        let request = Request::new(url, key);
        let answer = self.transport.get(request).await.map_err(|error| {
            let cause: &(dyn Error + 'static) = &error;
            tracing::debug!(
                channel.id = channel.0,
                error = cause,
                "a channel could not be fetched"
            );
            feed_error(&error)
        })?;
        let mut page = body::read(&answer)?;
        if let Ask::Between { start, end } = ask {
            // ThingSpeak was asked in whole seconds.
            page.entries
                .retain(|entry| (start..=end).contains(&entry.created_at));
        }
        Ok(page)
    }
}

impl Feed for ThingSpeak {
    fn read(&self, channel: ChannelId, ask: Ask) -> BoxFuture<'_, Result<Page, FeedError>> {
        Box::pin(self.ask(channel, ask))
    }
}

fn is_same(one: &Option<SecretString>, other: &Option<SecretString>) -> bool {
    let plain = |key: &Option<SecretString>| key.as_ref().map(|key| key.expose_secret().to_owned());
    plain(one) == plain(other)
}

fn feed_error(error: &TransportError) -> FeedError {
    match error {
        TransportError::TimedOut => FeedError::TimedOut,
        TransportError::Unreachable(_) => FeedError::Unreachable,
        TransportError::Garbled(_) => FeedError::Malformed("its body cannot be decompressed"),
        TransportError::TooLarge => FeedError::TooLarge,
    }
}

/// What to ask for, percent-encoded. A count past ThingSpeak's limit is cut to it.
fn query(ask: Ask) -> String {
    match ask {
        Ask::Newest(count) => format!("results={}", count.min(Ask::MAX_LIVE)),
        Ask::Backfill(count) => format!("results={}", count.min(Ask::MAX_BACKFILL)),
        Ask::Between { start, end } => {
            // A second that has begun counts whole, so that nothing between is missed.
            let end = end.plus(Duration::from_millis(999));
            let results = Ask::MAX_BACKFILL;
            format!(
                "results={results}&start={}&end={}",
                in_seconds(start),
                in_seconds(end)
            )
        }
    }
}

/// UTC in whole seconds, without a zone: ThingSpeak reads it as UTC unless another is asked for.
fn in_seconds(instant: Timestamp) -> impl std::fmt::Display {
    instant.to_jiff().strftime("%Y-%m-%d%%20%H:%M:%S")
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
