//! Keeps rollups up: works out the hours that readings came into, and the days that they are in.
//!
//! Runs beside everything else and in small portions; no request waits for it, and where it is behind,
//! questions are answered from samples. After each portion it rests for as long as that took, so that at most
//! half of a connection's time at the store is its own. The one caller of [`Rolling`]'s writes: two would undo each other.
//! What it took and did not settle is taken again after a restart.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{NodeId, NodeSpec, Timestamp};
use evara_actors::ports::{ArchiveError, Clock};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::ask::{PAGE, Pages, terms};
use super::grid::{Grid, Span, Width};
use super::plan::{is_marked, sealed_to, zone_of};
use super::retention::Keeping;
use super::select::{HourSummaries, day_of};
use super::{Due, HourRollups, Mark, Rolling, RollupSpan, RuleBook, Standing, Unit};

/// Readings are a little late as a rule: an hour that is rolled up at once is rolled up twice.
const GRACE: Duration = Duration::from_secs(10 * 60);

/// Marks taken at once: some seconds of work, and lost with the process at worst.
const MARKS: u32 = 256;

/// Days worked out at once.
const DAYS: u32 = 256;

/// Samples removed at once, so that a writer waits for a moment only.
const EXPIRED: u32 = 2_000;

/// Nodes sealed at once, for the same reason.
const SEALED: usize = 1_000;

/// The descriptions of all nodes, as they are now.
pub type Specs = Arc<dyn Fn() -> Vec<Arc<NodeSpec>> + Send + Sync>;

/// See the module.
pub struct Roller {
    store: Arc<dyn Rolling>,
    clock: Arc<dyn Clock>,
    specs: Specs,
    /// As they were last stored; `None` before they were read.
    rules: Option<HashMap<NodeId, RuleBook>>,
}

impl fmt::Debug for Roller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roller").finish_non_exhaustive()
    }
}

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Nodes whose rule changed.
    pub adopted: usize,
    /// Hours that were worked out.
    pub hours: usize,
    /// Days that were worked out.
    pub days: usize,
    /// Marks whose readings came in after their hour was sealed: they are in no rollup.
    pub too_late: usize,
}

impl Progress {
    /// Whether there was nothing to do.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Roller {
    /// One that has done nothing yet.
    pub fn new(store: Arc<dyn Rolling>, clock: Arc<dyn Clock>, specs: Specs) -> Self {
        Self {
            store,
            clock,
            specs,
            rules: None,
        }
    }

    /// Does a portion of what there is to do.
    ///
    /// # Errors
    /// When the store does not answer; what was begun is begun anew by the next pass.
    pub async fn pass(&mut self) -> Result<Progress, ArchiveError> {
        let specs = (self.specs)();
        let specs: HashMap<NodeId, Arc<NodeSpec>> =
            specs.into_iter().map(|spec| (spec.id, spec)).collect();
        let mut progress = Progress::default();
        self.adopt(&specs, &mut progress).await?;
        let settled = self.clock.now().minus(GRACE);
        // A local hour is no longer than one of UTC, and may end that much after it.
        let before = settled.minus(2 * Width::Hour.length());
        let marks = self.store.take_marks(before, MARKS).await?;
        for (node, hours) in by_node(&marks) {
            unhurried(self.roll_hours(node, hours, specs.get(&node), &mut progress)).await?;
        }
        // The longest local day has 25 hours, but for the one in which a zone moved a date line.
        let due = self
            .store
            .due_days(settled.minus(Width::Day.length()), DAYS)
            .await?;
        for due in due {
            unhurried(self.roll_day(due, settled, specs.get(&due.node), &mut progress)).await?;
        }
        Ok(progress)
    }

    /// Has the rules of the store follow the descriptions of the nodes.
    async fn adopt(
        &mut self,
        specs: &HashMap<NodeId, Arc<NodeSpec>>,
        progress: &mut Progress,
    ) -> Result<(), ArchiveError> {
        if self.rules.is_none() {
            self.rules = Some(self.store.rules().await?.into_iter().collect());
        }
        for (node, spec) in specs {
            let rules = self.rules.get_or_insert_default();
            let (zone, terms) = (spec.config.time_zone.clone(), terms(spec));
            let kept = rules.get(node);
            if kept.is_some_and(|kept| kept.zone == zone && kept.terms == terms) {
                continue;
            }
            let rule = unhurried(adopt(&*self.store, *node, zone, terms)).await?;
            rules.insert(*node, rule);
            progress.adopted += 1;
        }
        Ok(())
    }

    async fn roll_hours(
        &self,
        node: NodeId,
        marks: Vec<Timestamp>,
        spec: Option<&Arc<NodeSpec>>,
        progress: &mut Progress,
    ) -> Result<(), ArchiveError> {
        let around = Span::new(
            marks.first().copied().unwrap_or(Timestamp::MIN),
            marks.last().copied().unwrap_or(Timestamp::MIN),
        );
        let standing = self.store.standing(node, around.from, around.to).await?;
        let (grid, days) = grids(&standing);
        let sealed_to = sealed_to(&standing);
        let mut hours = Vec::new();
        for span in touched(&grid, &marks) {
            let open = Span::new(span.from.max(sealed_to), span.to);
            if open.from >= open.to {
                progress.too_late += 1;
                continue;
            }
            let mut summaries = HourSummaries::default();
            let mut pages = Pages::new(node, open, PAGE);
            while let Some(page) = pages.next(&*self.store).await? {
                page.iter()
                    .for_each(|sample| summaries.add(sample, spec.map(Arc::as_ref)));
            }
            hours.push(HourRollups {
                from: open.from,
                to: open.to,
                day: days.bucket(open.from).from,
                rollups: summaries.rollups(open),
            });
        }
        progress.hours += hours.len();
        self.store.settle_hours(node, marks, hours).await
    }

    /// Works a day out of its hours, once it is over and none of them is marked.
    async fn roll_day(
        &self,
        due: Due,
        settled: Timestamp,
        spec: Option<&Arc<NodeSpec>>,
        progress: &mut Progress,
    ) -> Result<(), ArchiveError> {
        let around = Width::Day.length();
        let standing =
            self.store
                .standing(due.node, due.from.minus(around), due.from.plus(2 * around));
        let standing = standing.await?;
        let (_, days) = grids(&standing);
        let day = days.bucket(due.from);
        let open = Span::new(day.from.max(sealed_to(&standing)), day.to);
        if day.to > settled || is_marked(&standing, open) {
            return Ok(());
        }
        let hours = RollupSpan {
            unit: Unit::Hour,
            metrics: Vec::new(),
            from: day.from,
            to: day.to,
        };
        let hours = self.store.rollups(due.node, hours).await?;
        // A day of an earlier zone is none of this one's: its hours are told instead.
        let rollups = if day.from == due.from {
            day_of(hours, day, spec.map(Arc::as_ref))
        } else {
            Vec::new()
        };
        progress.days += 1;
        self.store.settle_day(due, rollups).await
    }

    /// Seals of each node what is older than its community keeps it, or `age` where that says nothing, and
    /// removes its samples. Tells how many are gone. A node of which hours or days before that are not rolled
    /// up is passed over.
    ///
    /// # Errors
    /// When the store does not answer; the next run goes on from there.
    pub async fn retire(&self, age: Duration) -> Result<u64, ArchiveError> {
        let keeping = Keeping::new(self.store.raw_days().await?, age);
        let specs = (self.specs)();
        let communities: HashMap<NodeId, Uuid> = specs
            .iter()
            .filter_map(|spec| Some((spec.id, spec.community_id?)))
            .collect();
        let (rules, now) = (self.store.rules().await?, self.clock.now());
        let cuts = rules.iter().filter_map(|(node, _)| {
            let community = communities.get(node).copied();
            Some((*node, keeping.cut(now, community)?))
        });
        let cuts: Vec<(NodeId, Timestamp)> = cuts.collect();
        for some in cuts.chunks(SEALED) {
            unhurried(self.store.seal(some.to_vec())).await?;
        }
        let (mut removed, mut after) = (0, None);
        loop {
            let expired = unhurried(self.store.expire(after, EXPIRED)).await?;
            removed += expired.samples;
            if expired.finished {
                return Ok(removed);
            }
            after = expired.after;
        }
    }
}

/// Does `work`, and then nothing for as long.
async fn unhurried<T>(work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    sleep(begun.elapsed()).await;
    done
}

/// Has a node go by a rule from where its hours are not sealed.
async fn adopt(
    store: &dyn Rolling,
    node: NodeId,
    zone: String,
    terms: String,
) -> Result<RuleBook, ArchiveError> {
    let standing = store.standing(node, Timestamp::MIN, Timestamp::MIN).await?;
    let unsealed = standing.raw_from.unwrap_or(Timestamp::MIN);
    let since = match standing.rule {
        Some(_) => sealed_to(&standing),
        None => unsealed,
    };
    let rule = RuleBook { zone, terms, since };
    store.adopt(node, rule.clone()).await?;
    Ok(rule)
}

fn grids(standing: &Standing) -> (Grid, Grid) {
    let zone = standing
        .rule
        .as_ref()
        .map_or("UTC", |rule| rule.zone.as_str());
    let zone = zone_of(zone);
    (
        Grid::new(zone.clone(), Width::Hour),
        Grid::new(zone, Width::Day),
    )
}

fn by_node(marks: &[Mark]) -> BTreeMap<NodeId, Vec<Timestamp>> {
    let mut nodes: BTreeMap<NodeId, Vec<Timestamp>> = BTreeMap::new();
    for mark in marks {
        nodes.entry(mark.node).or_default().push(mark.hour);
    }
    nodes.values_mut().for_each(|hours| hours.sort_unstable());
    nodes
}

/// The local hours that marked hours of UTC touch, each once.
fn touched(grid: &Grid, marks: &[Timestamp]) -> Vec<Span> {
    let hour = |mark: &Timestamp| Span::new(*mark, mark.plus(Width::Hour.length()));
    let mut spans: Vec<Span> = marks
        .iter()
        .flat_map(|mark| grid.buckets(hour(mark)))
        .collect();
    spans.dedup();
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn half_of_the_time_is_left_to_others() {
        let begun = Instant::now();
        for millis in [1, 20, 300] {
            unhurried(sleep(Duration::from_millis(millis))).await;
        }
        assert_eq!(begun.elapsed(), Duration::from_millis(2 * 321));
    }
}
