//! The archive's port over SQLite: which connections serve which call, and how long it may take.

use std::ops::RangeInclusive;
use std::sync::Arc;

use evara_actors::domain::{NodeId, Revision};
use evara_actors::ports::{
    Archive, ArchiveError, Batch, BoxFuture, Cursors, DeadLetter, LogEntry, Point, SavedTwins,
    TelemetryQuery,
};

use super::{DEADLINE, LOAD_DEADLINE, SqliteStore, history, write};

impl Archive for SqliteStore {
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(async move {
            let marks = Arc::clone(&self.marks);
            let job = self.writer.call(DEADLINE, move |connection| {
                write::commit(connection, &batch, &marks)
            });
            Ok(job.await?)
        })
    }

    fn cursors(&self) -> BoxFuture<'_, Result<Cursors, ArchiveError>> {
        Box::pin(async move { Ok(self.readers.call(LOAD_DEADLINE, history::cursors).await?) })
    }

    fn twins(
        &self,
        nodes: RangeInclusive<NodeId>,
    ) -> BoxFuture<'_, Result<SavedTwins, ArchiveError>> {
        Box::pin(async move {
            let job = self.readers.call(LOAD_DEADLINE, move |connection| {
                history::twins(connection, &nodes)
            });
            Ok(job.await?)
        })
    }

    fn telemetry(
        &self,
        node: NodeId,
        query: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                history::telemetry(connection, node, &query)
            });
            Ok(job.await?)
        })
    }

    fn changes(
        &self,
        node: NodeId,
        after: Revision,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                history::changes(connection, node, after, limit)
            });
            Ok(job.await?)
        })
    }

    fn dead_letters(&self, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                history::dead_letters(connection, limit)
            });
            Ok(job.await?)
        })
    }
}
