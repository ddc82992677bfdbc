//! One request to the feed: a deadline of ours around it, and a wall that its panics do not pass.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::domain::ChannelId;
use crate::ports::{Ask, Feed, FeedError, Page};

/// Longer than the feed's own deadline should be, and shorter than anybody's patience: the last resort.
pub(super) const DEADLINE: Duration = Duration::from_secs(15);

/// Asks `feed` once.
pub(super) async fn fetch(
    feed: Arc<dyn Feed>,
    channel: ChannelId,
    ask: Ask,
) -> Result<Arc<Page>, FeedError> {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { feed.read(channel, ask).await });
    match timeout(DEADLINE, tasks.join_next()).await {
        Ok(Some(Ok(answer))) => answer.map(Arc::new),
        Ok(Some(Err(_)) | None) => Err(FeedError::Malformed("reading it panicked")),
        Err(_) => Err(FeedError::TimedOut),
    }
}
