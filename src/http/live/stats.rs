//! `/ws/stats`, `/admin/ws/stats`: who listens, to what, and how it goes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::seats::Listening;
use super::tally::Counts;
use crate::access::Reach;
use crate::http::answer::{self, Answer};
use crate::http::extract::NoQuery;
use crate::http::guard::{May, to};
use crate::http::state::AppState;

/// Of each kind, at most so many are told: those with the most.
const MOST_TOLD: usize = 50;

/// One who listens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListenerView {
    /// Whose it is.
    user_id: Uuid,
    /// For how many seconds it has been there.
    #[schema(minimum = 0)]
    age_s: u64,
    /// To how many topics it listens.
    topics: usize,
    #[serde(flatten)]
    traffic: TrafficView,
    /// Updates that were there for it and not sent yet when it was last looked at.
    behind: u64,
}

/// What was sent, of one or of all.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrafficView {
    /// Frames since the beginning.
    frames: u64,
    /// Their letters, without what the protocol adds.
    bytes: u64,
    /// Frames a second, over the last ten seconds.
    frames_per_s: f64,
    /// Bytes a second, over the last ten seconds.
    bytes_per_s: f64,
    /// Events that were left out for who was slow, since a later one said all that they said.
    folded: u64,
    /// How often a topic was begun anew.
    resyncs: u64,
}

/// How many sockets somebody or something has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShareView {
    /// The id of a person, the place that they stand in (such as `communities/{id}`, or `all`), or a topic.
    of: String,
    sockets: usize,
}

/// One's own sockets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnLiveView {
    sockets: Vec<ListenerView>,
}

/// How all who listen do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveView {
    /// Those who are known.
    sockets: usize,
    /// How many of them there may be.
    most_sockets: u32,
    /// Those who have not said yet who they are.
    strangers: u32,
    /// The fifty with the most.
    by_user: Vec<ShareView>,
    /// The fifty with the most.
    by_tenant: Vec<ShareView>,
    /// The fifty that most listen to.
    topics: Vec<ShareView>,
    #[serde(flatten)]
    traffic: TrafficView,
    /// How many sockets were closed with 4408 since the start.
    too_slow: u64,
    ring: RingView,
    steps: StepsView,
    /// The fifty that are furthest behind, or had most left out.
    slowest: Vec<ListenerView>,
}

/// What is kept for those who come back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RingView {
    updates: usize,
    /// What they take at most.
    bytes: usize,
    most_bytes: usize,
    /// For how long each is kept, where there is room.
    span_s: u64,
}

/// What was worked out for those who listen: made once for all who see the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepsView {
    made: u64,
    given: u64,
}

/// One's own sockets and streams, and how they do.
#[utoipa::path(get, path = "/ws/stats", tag = "Live",
    responses((status = 200, body = OwnLiveView)))]
pub(crate) async fn own(
    May { scope, .. }: May<to::NodesRead>,
    State(app): State<AppState>,
    _: NoQuery,
) -> Answer {
    let all = app.live().seats.listening();
    let own = all.iter().filter(|it| it.person == scope.person().user);
    let sockets = own.take(MOST_TOLD).map(ListenerView::from).collect();
    answer::json(&OwnLiveView { sockets })
}

/// Everyone who listens, and how it goes.
#[utoipa::path(get, path = "/admin/ws/stats", tag = "Admin",
    responses((status = 200, body = LiveView)))]
pub(crate) async fn all(_: May<to::OpsRead>, State(app): State<AppState>, _: NoQuery) -> Answer {
    let live = app.live();
    let mut all = live.seats.listening();
    let broadcast = app.system.broadcast();
    let ((updates, bytes), bounds) = (broadcast.depth(), broadcast.bounds());
    let (made, given) = live.steps.counts();
    let topics = all.iter().flat_map(|it| &it.counts.topics);
    let counts = live.tally.counts();
    let view = LiveView {
        sockets: all.len(),
        most_sockets: live.seats.room().sockets,
        strangers: live.seats.strangers(),
        by_user: most(all.iter().map(|it| it.person.0.to_string())),
        by_tenant: most(all.iter().map(|it| place(&it.reach))),
        topics: most(topics.map(ToString::to_string)),
        traffic: TrafficView::from(&counts),
        too_slow: counts.too_slow,
        ring: RingView {
            updates,
            bytes,
            most_bytes: bounds.bytes,
            span_s: bounds.span.as_secs(),
        },
        steps: StepsView { made, given },
        slowest: {
            all.retain(|it| it.counts.behind > 0 || it.counts.folded > 0);
            all.sort_by_key(|it| Reverse((it.counts.behind, it.counts.folded)));
            all.iter().take(MOST_TOLD).map(ListenerView::from).collect()
        },
    };
    answer::json(&view)
}

/// Those that occur most.
fn most(names: impl Iterator<Item = String>) -> Vec<ShareView> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut shares: Vec<_> = counts.into_iter().collect();
    shares.sort_by_key(|(_, sockets)| Reverse(*sockets));
    let shares = shares.into_iter().take(MOST_TOLD);
    shares
        .map(|(of, sockets)| ShareView { of, sockets })
        .collect()
}

/// Where somebody stands.
fn place(reach: &Reach) -> String {
    match reach {
        Reach::All => "all".to_owned(),
        Reach::Distributor(id) | Reach::Region(id, _) => format!("distributors/{}", id.0),
        Reach::Community(id) => format!("communities/{}", id.0),
        Reach::Customer(id) => format!("customers/{}", id.0),
        Reach::Nothing => "nothing".to_owned(),
    }
}

impl From<&Counts> for TrafficView {
    fn from(it: &Counts) -> Self {
        Self {
            frames: it.frames,
            bytes: it.bytes,
            frames_per_s: it.frames_per_s,
            bytes_per_s: it.bytes_per_s,
            folded: it.folded,
            resyncs: it.resyncs,
        }
    }
}

impl From<&Listening> for ListenerView {
    fn from(it: &Listening) -> Self {
        Self {
            user_id: it.person.0,
            age_s: it.age.as_secs(),
            topics: it.counts.topics.len(),
            traffic: TrafficView::from(&it.counts),
            behind: it.counts.behind,
        }
    }
}
