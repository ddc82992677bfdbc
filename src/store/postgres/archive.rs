//! The archive's port over PostgreSQL.

use std::ops::RangeInclusive;
use std::sync::Arc;

use evara_actors::domain::{NodeId, Revision};
use evara_actors::ports::{
    Archive, ArchiveError, Batch, BoxFuture, Cursors, DeadLetter, LogEntry, Point, SavedTwins,
    TelemetryQuery,
};

use super::error::Failure;
use super::past::Past;
use super::replica::WithReplica;
use super::{PostgresStore, batch, history};

impl Archive for PostgresStore {
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(async move {
            let done = batch::commit(self, &batch).await;
            done.map_err(|failure| self.told(failure))
        })
    }

    fn cursors(&self) -> BoxFuture<'_, Result<Cursors, ArchiveError>> {
        Box::pin(async move { Ok(history::cursors(self).await?) })
    }

    fn twins(
        &self,
        nodes: RangeInclusive<NodeId>,
    ) -> BoxFuture<'_, Result<SavedTwins, ArchiveError>> {
        Box::pin(async move { Ok(history::twins(self, &nodes).await?) })
    }

    fn telemetry(
        &self,
        node: NodeId,
        query: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>> {
        Box::pin(async move { Ok(telemetry(&self.past, node, query).await?) })
    }

    fn changes(
        &self,
        node: NodeId,
        after: Revision,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>> {
        Box::pin(async move { Ok(changes(&self.past, node, after, limit).await?) })
    }

    fn dead_letters(&self, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>> {
        Box::pin(async move { Ok(dead_letters(&self.past, limit).await?) })
    }
}

/// Reads by the replica where it can; writes, and comes back from, the primary alone.
impl Archive for WithReplica {
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.store.commit(batch)
    }

    fn cursors(&self) -> BoxFuture<'_, Result<Cursors, ArchiveError>> {
        self.store.cursors()
    }

    fn twins(
        &self,
        nodes: RangeInclusive<NodeId>,
    ) -> BoxFuture<'_, Result<SavedTwins, ArchiveError>> {
        self.store.twins(nodes)
    }

    fn telemetry(
        &self,
        node: NodeId,
        query: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>> {
        Box::pin(async move { Ok(telemetry(&self.past, node, query).await?) })
    }

    fn changes(
        &self,
        node: NodeId,
        after: Revision,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>> {
        Box::pin(async move { Ok(changes(&self.past, node, after, limit).await?) })
    }

    fn dead_letters(&self, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>> {
        Box::pin(async move { Ok(dead_letters(&self.past, limit).await?) })
    }
}

async fn telemetry(
    past: &Past,
    node: NodeId,
    query: TelemetryQuery,
) -> Result<Vec<Point>, Failure> {
    past.ask(move |transaction| {
        let query = query.clone();
        Box::pin(async move { history::telemetry(transaction, node, &query).await })
    })
    .await
}

async fn changes(
    past: &Past,
    node: NodeId,
    after: Revision,
    limit: u32,
) -> Result<Vec<LogEntry>, Failure> {
    past.ask(move |transaction| Box::pin(history::changes(transaction, node, after, limit)))
        .await
}

async fn dead_letters(past: &Past, limit: u32) -> Result<Vec<DeadLetter>, Failure> {
    past.ask(move |transaction| Box::pin(history::dead_letters(transaction, limit)))
        .await
}
