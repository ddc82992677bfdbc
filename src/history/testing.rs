//! A past to ask in tests of those who ask: samples at most, and one checkpoint.

use std::sync::Arc;

use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::{ArchiveError, BoxFuture};

use super::{Checkpoint, History, PastSample, Rollup, RollupSpan, SampleSpan, Standing};

/// A past of which nothing is rolled up.
#[derive(Debug, Default)]
pub(crate) struct Unrolled {
    /// Whose samples it tells; none where nobody is named.
    pub(crate) samples: Option<Arc<dyn History>>,
    /// What it has of every node.
    pub(crate) checkpoint: Option<Checkpoint>,
}

impl History for Unrolled {
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        match &self.samples {
            Some(samples) => samples.samples(node, span),
            None => Box::pin(async { Ok(Vec::new()) }),
        }
    }

    fn standing(
        &self,
        _: NodeId,
        _: Timestamp,
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        Box::pin(async { Ok(Standing::default()) })
    }

    fn rollups(
        &self,
        _: NodeId,
        _: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn checkpoint(
        &self,
        _: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        let kept = self.checkpoint.clone().filter(|kept| kept.at <= at);
        Box::pin(async { Ok(kept) })
    }
}
