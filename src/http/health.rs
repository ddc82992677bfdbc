//! `/health`: whether the service lives, whether it should be sent requests, and what it misses.
//!
//! Strangers ask. What they are told says nothing of who uses the service, and how much: that is for those
//! who run it, at `/admin/database`.

use std::time::Duration;

use axum::extract::State;
use evara_actors::ingest::BreakerState;

use super::answer::{self, Answer};
use super::problem::{Code, Problem};
use super::state::AppState;
use super::views::{ArchiveFailing, Dependencies, FAILING, HealthView, OK, ReadyView, Time};
use crate::app::database::Pulse;

/// Platforms give a probe a second, and put out of service whoever takes longer.
const PROBE_WITHIN: Duration = Duration::from_millis(300);

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
    let dependencies = dependencies(&app, app.database.pulse(&*app.clock).await);
    let well = dependencies.failing().is_empty();
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

fn dependencies(app: &AppState, database: Pulse) -> Dependencies {
    let persistence = app.system.persistence();
    // Whoever found it first says since when.
    let failing = match (persistence.failing_since, database.failing_since) {
        (Some(since), other) => {
            let reason = persistence.reason.unwrap_or_default();
            Some((other.map_or(since, |other| since.min(other)), reason))
        }
        (None, since) => since.map(|since| (since, UNANSWERED.to_owned())),
    };
    let word = |well| if well { OK } else { FAILING };
    Dependencies {
        archive: word(failing.is_none()),
        replica: database.replica.map(word),
        archive_failing: failing.map(|(since, reason)| ArchiveFailing {
            since: Time(since),
            reason,
        }),
        redis: app.limits.is_shared().map(word),
        feed: word(app.system.ingest().host.breaker() == BreakerState::Closed),
    }
}

/// The process answers.
#[utoipa::path(get, path = "/health/live", tag = "Health", security(()),
    responses((status = 200, body = Object)))]
pub(crate) async fn live() -> Answer {
    answer::json(&serde_json::json!({"status": "live"}))
}

/// The service wants requests: from the moment that every twin is live, until it is told to stop. It does so while
/// something that it needs is away, since all else goes on, and says what that is.
#[utoipa::path(get, path = "/health/ready", tag = "Health", security(()),
    responses((status = 200, body = ReadyView), (status = 503)))]
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
    let database = app.database.pulse_within(PROBE_WITHIN, &app.clock).await;
    answer::json(&ReadyView {
        status: "ready",
        degraded: dependencies(&app, database).failing(),
    })
}
