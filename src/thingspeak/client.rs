//! ThingSpeak as a [`Feed`]: turns an ask into a request, or a few with one key after the other, and the answer into a page.
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

use super::base_url::BaseUrl;
use super::body;
use super::keyring::Keyring;
use super::ring::{Key, Tries};
use super::transport::{Request, Transport, TransportError};

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

    /// With one key after the other, until the keyring has no more for this ask. What one opened is not lost because
    /// another could not be tried.
    async fn ask(&self, channel: ChannelId, ask: Ask) -> Result<Page, FeedError> {
        let (mut page, mut tries) = (Err(FeedError::NoAccess), Tries::default());
        loop {
            let opened = page.as_ref().ok().map(|page: &Page| &page.opened);
            let Some(key) = self.keys.next(channel, &mut tries, opened) else {
                return page;
            };
            match self.opened_with(channel, ask, &key).await {
                Err(FeedError::NoAccess) => {}
                Err(error) => return page.or(Err(error)),
                opened => page = opened,
            }
        }
    }

    /// Asks with one key, and has the keyring know what came of it.
    async fn opened_with(
        &self,
        channel: ChannelId,
        ask: Ask,
        key: &Key,
    ) -> Result<Page, FeedError> {
        match self.ask_with(channel, ask, key.clone()).await {
            Ok(page) => {
                let opened = self.keys.opened(channel, key);
                let opened = opened.ok_or(FeedError::NoAccess)?;
                Ok(Page { opened, ..page })
            }
            Err(error) => {
                if error == FeedError::NoAccess {
                    self.keys.refused(channel, key);
                }
                Err(error)
            }
        }
    }

    async fn ask_with(&self, channel: ChannelId, ask: Ask, key: Key) -> Result<Page, FeedError> {
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
