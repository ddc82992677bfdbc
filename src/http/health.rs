//! `/health`: whether the service lives, whether it should be sent requests, and what it misses.
//!
//! Strangers ask. What they are told says nothing of who uses the service, and how much: that is for those
//! who run it, at `/admin/database`.

use axum::extract::State;
use evara_actors::ingest::BreakerState;

use super::answer::{self, Answer};
use super::problem::{Code, Problem};
use super::state::AppState;
use super::views::{ArchiveFailing, Dependencies, HealthView, Time};

/// As long as nobody tried to write.
const UNANSWERED: &str = "the database does not answer";

/// Whether a path is one that probes ask for: they are answered wherever they are from, or whoever runs the
/// service would take it for dead.
pub(super) fn is_probe(path: &str) -> bool {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    matches!(path, "/health" | "/health/live" | "/health/ready")
}

/// What the service needs, and whether it is there. The database is asked, once a second at most.
#[utoipa::path(get, path = "/health", tag = "Health", security(()),
    responses((status = 200, body = HealthView)))]
pub(crate) async fn summary(State(app): State<AppState>) -> Answer {
    let persistence = app.system.persistence();
    let database = app.database.pulse(&*app.clock).await;
    let failing = match (persistence.failing_since, database.failing_since) {
        (Some(since), _) => Some((since, persistence.reason.unwrap_or_default())),
        (None, since) => since.map(|since| (since, UNANSWERED.to_owned())),
    };
    let archive = failing.is_none();
    let feed = app.system.ingest().host.breaker() == BreakerState::Closed;
    let shared = app.limits.is_shared();
    let word = |well| if well { "ok" } else { "failing" };
    let dependencies = Dependencies {
        archive: word(archive),
        replica: database.replica.map(word),
        archive_failing: failing.map(|(since, reason)| ArchiveFailing {
            since: Time(since),
            reason,
        }),
        redis: shared.map(word),
        feed: word(feed),
    };
    let well = archive && feed && database.replica.unwrap_or(true) && shared.unwrap_or(true);
    let status = match (app.is_draining(), app.system.is_live(), well) {
        (true, _, _) => "draining",
        (false, false, _) => "starting",
        (false, true, false) => "degraded",
        (false, true, true) => "ok",
    };
    answer::json(&HealthView {
        status,
        version: app.version,
        dependencies,
    })
}

/// The process answers.
#[utoipa::path(get, path = "/health/live", tag = "Health", security(()),
    responses((status = 200, body = Object)))]
pub(crate) async fn live() -> Answer {
    answer::json(&serde_json::json!({"status": "live"}))
}

/// The service wants requests: from the moment that every twin is live, until it is told to stop.
#[utoipa::path(get, path = "/health/ready", tag = "Health", security(()),
    responses((status = 200, body = Object), (status = 503)))]
pub(crate) async fn ready(State(app): State<AppState>) -> Answer {
    if app.is_draining() {
        return Err(Problem::new(
            Code::Unavailable,
            "The service is being stopped.",
        ));
    }
    if !app.system.is_live() {
        return Err(Problem::starting());
    }
    answer::json(&serde_json::json!({"status": "ready"}))
}
