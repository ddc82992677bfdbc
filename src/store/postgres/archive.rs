//! The archive's port over PostgreSQL.

use std::sync::Arc;

use evara_actors::domain::{NodeId, Revision};
use evara_actors::ports::{
    Archive, ArchiveError, Batch, BoxFuture, DeadLetter, LogEntry, Point, Saved, TelemetryQuery,
};

use super::{PostgresStore, batch, history};

impl Archive for PostgresStore {
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(async move {
            let done = batch::commit(self, &batch).await;
            done.map_err(|failure| self.told(failure))
        })
    }

    fn load(&self) -> BoxFuture<'_, Result<Saved, ArchiveError>> {
        Box::pin(async move { Ok(history::load(self).await?) })
    }

    fn telemetry(
        &self,
        node: NodeId,
        query: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>> {
        Box::pin(async move { Ok(history::telemetry(self, node, &query).await?) })
    }

    fn changes(
        &self,
        node: NodeId,
        after: Revision,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>> {
        Box::pin(async move { Ok(history::changes(self, node, after, limit).await?) })
    }

    fn dead_letters(&self, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>> {
        Box::pin(async move { Ok(history::dead_letters(self, limit).await?) })
    }
}
