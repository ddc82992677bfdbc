//! What must be there in the end, looked up in the database itself.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::door::Pushed;
use super::site::{LOOK, PATIENCE, POOL, Site, eventually};

/// One more tells whether the database answers at all, and two tell who somebody is.
const NAMED_CONNECTIONS: usize = 3;

impl Site {
    /// Waits until nothing waits that was there before now, and looks whether the database has all of
    /// these readings once.
    pub(super) async fn assert_has_all(&self, numbers: &Range<u64>) {
        let caught_up = self.pushed[0].twin.committed(PATIENCE).await;
        assert!(caught_up, "{} wait", self.waiting());
        let there = self.psql(&format!(
            "SELECT count(*), count(DISTINCT level_cm) FROM telemetry_tank t
             JOIN nodes n ON n.id = t.node AND n.node_key LIKE 'pushed-%'
             WHERE level_cm >= {} AND level_cm < {}",
            numbers.start, numbers.end
        ));
        let all = numbers.end - numbers.start;
        assert_eq!(there, format!("{all}|{all}"));
    }

    /// Has what was put off sent again, ends the service, and looks into the database: it has every change
    /// of each node in order, without a gap, none twice, and each of `pushed` once.
    pub(super) async fn assert_whole(self, pushed: &[Pushed]) {
        self.push_again(pushed).await;
        eventually("health is well again", || {
            self.app.system().persistence().failing_since.is_none()
        })
        .await;
        self.assert_is_well().await;
        let open = self.open_connections();
        assert!(open <= self.most_connections(), "{open} connections");
        for twin in self.app.system().twins() {
            assert_eq!(twin.restarts(), 0);
        }
        let census = self.app.system().census();
        assert!(census.children.iter().all(|child| child.restarts == 0));
        let drained = self.app.drain().await;
        assert!(drained.is_complete(), "{drained:?}");
        self.channels.drain(Duration::ZERO).await;
        self.assert_log_is_whole();
        self.assert_has(pushed);
    }

    /// `/health` may tell what was true a second ago.
    async fn assert_is_well(&self) {
        let well = async {
            while self.get("/health").await["dependencies"]["archive"] != "ok" {
                sleep(LOOK).await;
            }
        };
        let is_well = timeout(PATIENCE, well).await.is_ok();
        assert!(is_well, "/health goes on to say that the archive fails");
    }

    /// The server never hears that a connection was given up whose packets are lost: each may be there
    /// twice then, once dead and once made anew.
    fn most_connections(&self) -> usize {
        let live = POOL + NAMED_CONNECTIONS;
        match self.was_lost.load(Ordering::Relaxed) {
            true => 2 * live,
            false => live,
        }
    }

    fn open_connections(&self) -> usize {
        let open =
            self.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'evara'");
        open.parse().unwrap()
    }

    fn assert_log_is_whole(&self) {
        let gaps = self.psql(
            "WITH log AS (
                 SELECT node, revision FROM telemetry_tank WHERE revision >= 0
                 UNION ALL SELECT node, revision FROM twin_events
             ), steps AS (
                 SELECT revision - lag(revision, 1, 0::bigint)
                     OVER (PARTITION BY node ORDER BY revision) AS step
                 FROM log
             )
             SELECT count(*) FILTER (WHERE step <> 1), count(*) FROM steps",
        );
        assert!(gaps.starts_with("0|") && gaps != "0|0", "gaps|rows: {gaps}");
        for twin in self
            .pushed
            .iter()
            .map(|device| &device.twin)
            .chain(&self.polled)
        {
            let id = twin.id();
            let newest = self.psql(&format!(
                "SELECT greatest((SELECT max(revision) FROM telemetry_tank WHERE node = '{id}'),
                                 (SELECT max(revision) FROM twin_events WHERE node = '{id}'))"
            ));
            assert_eq!(newest, twin.view().revision().0.to_string(), "{id}");
        }
    }

    fn assert_has(&self, pushed: &[Pushed]) {
        let mut values = String::from("VALUES (0)");
        for Pushed { number, .. } in pushed {
            write!(values, ", ({number})").unwrap();
        }
        let not_once = self.psql(&format!(
            "SELECT count(*) FROM ({values}) AS told (number) WHERE number > 0 AND 1 <>
                 (SELECT count(*) FROM telemetry_tank t JOIN nodes n ON n.id = t.node
                  WHERE n.node_key LIKE 'pushed-%' AND t.level_cm = told.number)"
        ));
        assert_eq!(not_once, "0", "acknowledged, and not there once");
    }
}
