//! The months of PostgreSQL's history, made ahead and dropped behind: at the start, and every hour.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::ports::Clock;
use tokio::task::JoinSet;

use crate::store::PostgresStore;

/// A month is made three months ahead and dropped after thirty days: an hour is nothing to either.
const EVERY: Duration = Duration::from_secs(3_600);

/// Goes on until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Months {
    _task: JoinSet<()>,
}

impl Months {
    /// Nothing to do where there is no store that needs it.
    pub(super) fn start(store: Option<Arc<PostgresStore>>, clock: Arc<dyn Clock>) -> Self {
        let mut task = JoinSet::new();
        if let Some(store) = store {
            task.spawn(async move {
                loop {
                    if let Err(error) = store.keep_up(clock.now()).await {
                        let error = anyhow::Error::new(error);
                        tracing::warn!(
                            error = format!("{error:#}"),
                            "the upkeep of the database failed"
                        );
                    }
                    tokio::time::sleep(EVERY).await;
                }
            });
        }
        Self { _task: task }
    }
}
