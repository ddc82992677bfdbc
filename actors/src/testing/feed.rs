//! A feed whose answers a test writes, and which remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::ChannelId;
use crate::ports::{Ask, BoxFuture, Feed, FeedError, Page};

/// A feed in memory. A channel that nothing was said of is empty.
#[derive(Debug, Default)]
pub struct FakeFeed(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    answers: HashMap<ChannelId, Result<Page, FeedError>>,
    asked: Vec<(ChannelId, Ask)>,
}

impl FakeFeed {
    /// From now on, `channel` answers so, whatever is asked.
    pub fn set(&self, channel: ChannelId, answer: Result<Page, FeedError>) {
        self.state().answers.insert(channel, answer);
    }

    /// What was asked so far, oldest first.
    pub fn asked(&self) -> Vec<(ChannelId, Ask)> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed for FakeFeed {
    fn read(&self, channel: ChannelId, ask: Ask) -> BoxFuture<'_, Result<Page, FeedError>> {
        let mut state = self.state();
        state.asked.push((channel, ask));
        let answer = state.answers.get(&channel).cloned();
        Box::pin(async move { answer.unwrap_or_else(|| Ok(Page::default())) })
    }
}
