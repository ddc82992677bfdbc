//! `/admin/dead-letters`: messages that broke an actor.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{self, Answer};
use super::extract::Params;
use super::guard::{May, to};
use super::page::Limit;
use super::state::AppState;
use super::views::{DeadLetterView, List};

/// How many are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewestQuery {
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
}

/// The newest messages that broke an actor, newest first. There are no further pages.
#[utoipa::path(get, path = "/admin/dead-letters", tag = "Admin", params(NewestQuery),
    responses((status = 200, body = List<DeadLetterView>)))]
pub(crate) async fn list(
    _: May<to::OpsRead>,
    State(app): State<AppState>,
    Params(query): Params<NewestQuery>,
) -> Answer {
    let letters = app.archive.dead_letters(query.limit.get()).await?;
    let items = letters.into_iter().map(DeadLetterView::from).collect();
    answer::json(&List {
        items,
        next_cursor: None,
    })
}
