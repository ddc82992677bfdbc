//! `/nodes/{id}/twin`: what is known of a node.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use evara_actors::domain::{NodeSpec, Timestamp};
use evara_actors::twin::TwinHandle;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::answer::{self, Answer};
use super::conditions::{IfMatch, IfNoneMatch, revision_tag};
use super::extract::{MergePatch, NoQuery, Params, path_param};
use super::guard::{Located, to};
use super::nodes::edited;
use super::problem::Problem;
use super::project::{at, only};
use super::state::AppState;
use super::views::{Time, TwinPatch, TwinValuesView, TwinView};
use crate::app::audit::{Witness, made_of_node};
use crate::history::replay::twin_at;

/// How much of a twin is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TwinQuery {
    /// `values` for the numbers alone.
    #[param(inline)]
    view: Depth,
    /// Only these parts, separated by commas, such as `reported.level_cm,derived`.
    fields: Option<String>,
    /// The twin as it was known at this time: what had come in by then, judged and derived by the node's
    /// present description. Has no ETag, and its `feed` is null.
    at: Option<Time>,
}

/// How much of each value is wanted.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Depth {
    #[default]
    Full,
    Values,
}

/// All that is known of a node.
#[utoipa::path(get, path = "/nodes/{id}/twin", tag = "Twin",
    params(("id" = String, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state."), TwinQuery),
    responses((status = 200, body = TwinView<'_>, headers(("ETag"))), (status = 304)))]
pub(crate) async fn show(
    State(app): State<AppState>,
    Located { handle, .. }: Located<to::NodesRead>,
    Params(query): Params<TwinQuery>,
    held: IfNoneMatch,
) -> Answer {
    if let Some(Time(at)) = query.at {
        return show_past(&app, &handle, query, at).await;
    }
    let twin = handle.view();
    let tag = revision_tag(twin.revision());
    match (query.view, query.fields) {
        _ if held.has(&tag) => Ok(answer::not_modified(tag)),
        (Depth::Full, None) => answer::tagged(tag, &TwinView::new(&twin, app.feed_of(&twin))),
        (Depth::Values, None) => answer::tagged(tag, &TwinValuesView::new(&twin)),
        (Depth::Full, Some(fields)) => answer::tagged(
            tag,
            &only(&TwinView::new(&twin, app.feed_of(&twin)), &fields)?,
        ),
        (Depth::Values, Some(fields)) => {
            answer::tagged(tag, &only(&TwinValuesView::new(&twin), &fields)?)
        }
    }
}

async fn show_past(app: &AppState, handle: &TwinHandle, query: TwinQuery, at: Timestamp) -> Answer {
    let spec = Arc::clone(handle.view().spec());
    let twin = twin_at(&*app.archive, &*app.history, &spec, at).await?;
    match (query.view, query.fields) {
        (Depth::Full, None) => answer::json(&TwinView::new(&twin, None)),
        (Depth::Values, None) => answer::json(&TwinValuesView::new(&twin)),
        (Depth::Full, Some(fields)) => answer::json(&only(&TwinView::new(&twin, None), &fields)?),
        (Depth::Values, Some(fields)) => answer::json(&only(&TwinValuesView::new(&twin), &fields)?),
    }
}

/// A part of what is known of a node, by its path, such as `reported/level_cm/value`.
#[utoipa::path(get, path = "/nodes/{id}/twin/{*path}", tag = "Twin",
    params(("id" = String, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state."), ("path" = String, Path)),
    responses((status = 200, body = Object, headers(("ETag"))), (status = 304)))]
pub(crate) async fn show_part(
    _: NoQuery,
    State(app): State<AppState>,
    Located { handle, .. }: Located<to::NodesRead>,
    Path(path): Path,
    held: IfNoneMatch,
) -> Answer {
    let twin = handle.view();
    let tag = revision_tag(twin.revision());
    if held.has(&tag) {
        return Ok(answer::not_modified(tag));
    }
    let part = at(&TwinView::new(&twin, app.feed_of(&twin)), &path)?;
    answer::tagged(tag, &part)
}

/// Changes the tags: a merge patch, in which null removes. Orders are not taken yet.
#[utoipa::path(patch, path = "/nodes/{id}/twin", tag = "Twin", params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"r42\"`, `\"v3\"` or `*`; else 412.")),
    request_body(content = TwinPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = TwinView<'_>, headers(("ETag")))))]
pub(crate) async fn change(
    _: NoQuery,
    State(app): State<AppState>,
    Located { spec: before, .. }: Located<to::TwinsDesire>,
    IfMatch(expected): IfMatch,
    witness: Witness,
    MergePatch(patch): MergePatch,
) -> Answer {
    let spec = edited(before.as_ref().clone());
    let tags = TwinPatch::read(patch)?.onto(spec.tags.clone());
    let spec = NodeSpec { tags, ..spec };
    let act = witness.act(made_of_node("node.tag", Some(&before), Some(&spec)));
    let twin = app.nodes.update(spec, expected, act).await?;
    let feed = app.feed_of(&twin);
    answer::tagged(revision_tag(twin.revision()), &TwinView::new(&twin, feed))
}

/// The rest of the path.
#[derive(Debug)]
pub(crate) struct Path(String);

impl<S: Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        path_param(parts, "path").await.map(Self)
    }
}
