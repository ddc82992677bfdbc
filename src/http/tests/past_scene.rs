//! A service over a store on the disk, with readings in it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::StatusCode;
use evara_actors::domain::{Kind, Metric, NodeId, Reason, Timestamp, Verdict};
use evara_actors::ports::{Archive as _, ArchiveError, BoxFuture};
use secrecy::SecretString;
use serde_json::Value;

use super::scene::{Scene, TANK};
use crate::history::{Checkpoint, History, PastSample, Rollup, RollupSpan, SampleSpan, Standing};
use crate::store::conformance::fixtures::{entry, other, row, sample, telemetry, value};
use crate::store::{SecretBox, SqliteStore};

/// A service over a store that answers so many calls and then fails.
pub(super) struct Past {
    pub(super) scene: Scene,
    pub(super) store: Arc<SqliteStore>,
    pub(super) node: NodeId,
    dir: PathBuf,
}

impl Drop for Past {
    fn drop(&mut self) {
        let _may_be_in_use = std::fs::remove_dir_all(&self.dir);
    }
}

impl Past {
    pub(super) async fn new() -> Self {
        Self::of_calls(u32::MAX).await
    }

    pub(super) async fn of_calls(calls: u32) -> Self {
        let dir = std::env::temp_dir().join(format!("evara-past-{}", uuid::Uuid::new_v4()));
        let keys = SecretBox::new(&SecretString::from("k".repeat(32))).unwrap();
        let store = Arc::new(SqliteStore::open(&dir, keys).unwrap());
        let history = Arc::new(Failing {
            store: Arc::clone(&store),
            left: AtomicU32::new(calls),
        });
        let scene = Scene::over(store.clone(), history).await;
        let tank = TANK.replace(
            r#""config": {"#,
            r#""config": {"time_zone": "Asia/Kolkata", "#,
        );
        let made = scene.post("/api/v1/nodes", &tank).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        let node = made.json()["id"].as_str().unwrap().parse().unwrap();
        Self {
            scene,
            store,
            node,
            dir,
        }
    }

    /// Has the node say its level, so many times, a minute apart, from an instant on; the level counts up.
    pub(super) async fn levels(&self, from: &str, count: u32) {
        let from: Timestamp = from.parse().unwrap();
        let rows = (0..count).map(|minute| {
            let values = vec![
                value(Metric::LevelCm, f64::from(minute)),
                value(other("ph"), 7.0),
            ];
            let mut sample = sample(entry(minute.into()), 0, values);
            sample.source_at = from.plus(std::time::Duration::from_secs(60 * u64::from(minute)));
            if minute == 3 {
                sample.values[0].verdict = Verdict::suspect(Reason::Spike);
            }
            let mut row = row(self.node, Kind::Tank, u64::from(minute) + 1, sample);
            row.derived = vec![("level_pct", f64::from(minute) / 2.0)];
            row
        });
        self.store.commit(telemetry(rows.collect())).await.unwrap();
    }

    pub(super) fn path(&self, query: &str) -> String {
        format!("/api/v1/nodes/{}/telemetry?{query}", self.node)
    }

    pub(super) async fn json(&self, query: &str) -> Value {
        let reply = self.scene.get(&self.path(query)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.json());
        reply.json()
    }

    pub(super) async fn text(&self, query: &str, accept: &str) -> String {
        let reply = self
            .scene
            .get_with(&self.path(query), "accept", accept)
            .await;
        assert_eq!(reply.status, StatusCode::OK);
        assert!(reply.header("content-type").starts_with(accept));
        String::from_utf8(reply.bytes).unwrap()
    }
}

#[derive(Debug)]
struct Failing {
    store: Arc<SqliteStore>,
    left: AtomicU32,
}

impl History for Failing {
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 0 {
            return Box::pin(async { Err(ArchiveError::Unavailable("the disk is gone".into())) });
        }
        self.store.samples(node, span)
    }

    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        self.store.standing(node, from, to)
    }

    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        self.store.rollups(node, span)
    }

    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        self.store.checkpoint(node, at)
    }
}
