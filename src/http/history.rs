//! `/nodes/{id}/events` and `/nodes/{id}/telemetry`: what was.

use std::time::Duration;

use axum::extract::State;
use evara_actors::domain::{Metric, Revision, Source, Timestamp};
use evara_actors::ports::{Point, TelemetryQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{self, Answer};
use super::extract::{NoQuery, Params};
use super::locate::Located;
use super::page::{Limit, after, cursor};
use super::problem::{Code, Part, Problem};
use super::state::AppState;
use super::views::{EventView, List, PointView, Time};

/// How far back telemetry goes where nobody says from when.
const USUAL_SPAN: Duration = Duration::from_secs(24 * 3600);

/// Which changes are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only what came after this revision.
    after: Option<u64>,
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What happened to a twin, oldest first: readings and all other changes, by revision.
#[utoipa::path(get, path = "/nodes/{id}/events", tag = "Twin",
    params(("id" = String, Path), EventsQuery), responses((status = 200, body = List<EventView>)))]
pub(crate) async fn events(
    State(app): State<AppState>,
    Located(handle): Located,
    Params(query): Params<EventsQuery>,
) -> Answer {
    let from = after(query.cursor.as_deref(), |text| text.parse().ok())?.or(query.after);
    let from = Revision(from.unwrap_or_default());
    let log = app
        .archive
        .changes(handle.id(), from, query.limit.get())
        .await?;
    let full = log.len() >= query.limit.size();
    let last = log.last().map(|entry| entry.revision).filter(|_| full);
    let items = log.into_iter().map(EventView::from).collect();
    answer::json(&List {
        items,
        next_cursor: last.map(cursor),
    })
}

/// Which telemetry is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Only this metric; every one where not given.
    #[param(value_type = Option<String>)]
    metric: Option<Metric>,
    /// From this source time on; a day before `to` where not given.
    from: Option<Time>,
    /// Up to this source time, exclusive; now where not given.
    to: Option<Time>,
    /// `raw`: nothing else is served yet.
    bucket: Option<String>,
    /// Not served yet.
    agg: Option<String>,
    /// `none`: nothing else is served yet.
    fill: Option<String>,
    /// Not served yet.
    tz: Option<String>,
    /// Not served yet.
    max_points: Option<String>,
    /// How many samples, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The readings of a node as they came, oldest first.
#[utoipa::path(get, path = "/nodes/{id}/telemetry", tag = "Telemetry",
    params(("id" = String, Path), HistoryQuery), responses((status = 200, body = List<PointView>)))]
pub(crate) async fn telemetry(
    State(app): State<AppState>,
    Located(handle): Located,
    Params(query): Params<HistoryQuery>,
) -> Answer {
    query.check()?;
    let limit = query.limit;
    let points = app
        .archive
        .telemetry(handle.id(), query.into_port(app.clock.now())?)
        .await?;
    let next_cursor = next(&points, limit);
    let items = points.into_iter().map(PointView::from).collect();
    answer::json(&List { items, next_cursor })
}

/// The current values of a node, from memory.
#[utoipa::path(get, path = "/nodes/{id}/telemetry/latest", tag = "Telemetry",
    params(("id" = String, Path)), responses((status = 200, body = List<PointView>)))]
pub(crate) async fn latest(Located(handle): Located, _: NoQuery) -> Answer {
    let twin = handle.view();
    let items = twin.reported().iter().map(PointView::from).collect();
    answer::json(&List {
        items,
        next_cursor: None,
    })
}

impl HistoryQuery {
    /// Refuses what the service cannot do yet, rather than do something else.
    fn check(&self) -> Result<(), Problem> {
        let only =
            |value: &Option<String>, known: &str| value.as_deref().is_none_or(|v| v == known);
        let unserved = [
            ("bucket", !only(&self.bucket, "raw")),
            ("fill", !only(&self.fill, "none")),
            ("agg", self.agg.is_some()),
            ("tz", self.tz.is_some()),
            ("max_points", self.max_points.is_some()),
        ];
        let named = unserved
            .into_iter()
            .filter(|(_, asked)| *asked)
            .map(|(name, _)| name);
        let problem = Problem::new(Code::ValidationFailed, "Only raw telemetry is served yet.");
        let problem = named.fold(problem, |problem, name| {
            problem.field(Part::Query, name, "is not served yet: leave it out")
        });
        if problem.has_fields() {
            Err(problem)
        } else {
            Ok(())
        }
    }

    fn into_port(self, now: Timestamp) -> Result<TelemetryQuery, Problem> {
        // Devices' clocks run ahead a little, and what they said is in the history.
        let open_end = now.plus(evara_actors::twin::FUTURE_TOLERANCE);
        let to = self.to.map_or(open_end, |to| to.0);
        let a_day_before = to.minus(USUAL_SPAN);
        let from = self.from.map_or(a_day_before, |from| from.0);
        if from > to {
            return Err(Problem::malformed(
                Part::Query,
                "from",
                "must not be after to",
            ));
        }
        let after = after(self.cursor.as_deref(), |text| {
            let (millis, source) = text.split_once(' ')?;
            Some((
                Timestamp::from_millis(millis.parse().ok()?),
                source.parse::<Source>().ok()?,
            ))
        })?;
        Ok(TelemetryQuery {
            metric: self.metric,
            from,
            to,
            limit: self.limit.get(),
            after,
        })
    }
}

/// What the next page begins after, where this one is full. A page is counted in samples.
fn next(points: &[Point], limit: Limit) -> Option<String> {
    let same = |a: &Point, b: &Point| (a.source_at, a.source) == (b.source_at, b.source);
    let samples = points.chunk_by(same).count();
    let last = points.last().filter(|_| samples >= limit.size())?;
    Some(cursor(format_args!(
        "{} {}",
        last.source_at.millis(),
        last.source
    )))
}
