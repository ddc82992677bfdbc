//! `/nodes/{id}/events`: what happened to a twin.

use axum::extract::State;
use evara_actors::domain::Revision;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{self, Answer};
use super::extract::Params;
use super::guard::{Located, to};
use super::page::{Limit, Pages};
use super::state::AppState;
use super::views::{EventView, List};

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
    Located { handle, .. }: Located<to::TelemetryRead>,
    Params(query): Params<EventsQuery>,
    pages: Pages,
) -> Answer {
    let from = pages
        .after(query.cursor.as_deref(), |text| text.parse().ok())?
        .or(query.after);
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
        next_cursor: last.map(|last| pages.cursor(last)).transpose()?,
    })
}
