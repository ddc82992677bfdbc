//! `/nodes`: who there is, and what people say of them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use evara_actors::domain::{NodeId, NodeSpec};
use evara_actors::twin::Twin;

use super::answer::{self, Answer};
use super::conditions::{IfMatch, IfNoneMatch, revision_tag};
use super::extract::{Json, MergePatch, NoQuery, Params};
use super::fleet::NodesQuery;
use super::guard::{Located, May, Move, sees_place, settled, to};
use super::idempotency::{Once, Replay};
use super::merge::merged;
use super::page::Pages;
use super::problem::Problem;
use super::state::AppState;
use super::views::{List, MaintenanceBody, NodeBody, NodeView};
use crate::app::audit::{Witness, made_of_node};
use crate::app::nodes::{Error as NodesError, Precondition};

/// Lists nodes, in the order of their creation.
#[utoipa::path(get, path = "/nodes", tag = "Nodes", params(NodesQuery),
    responses((status = 200, body = List<NodeView>)))]
pub(crate) async fn list(
    May { scope, .. }: May<to::NodesRead>,
    State(app): State<AppState>,
    Params(query): Params<NodesQuery>,
    pages: Pages,
) -> Answer {
    let from = pages.after(query.cursor(), |text| text.parse::<NodeId>().ok())?;
    let (twins, more) = query.page(scope.twins(&app), from);
    let last = twins.last().map(|twin| twin.spec().id).filter(|_| more);
    let items = twins.iter().map(|twin| NodeView::from(&**twin)).collect();
    answer::json(&List {
        items,
        next_cursor: last.map(|last| pages.cursor(last)).transpose()?,
    })
}

/// Adds a node.
#[utoipa::path(post, path = "/nodes", tag = "Nodes", request_body = NodeBody,
    responses((status = 201, body = NodeView, headers(("Location"), ("ETag"))),
              (status = 409, description = "The node_key is taken.")))]
pub(crate) async fn create(
    May { scope, .. }: May<to::NodesProvision>,
    _: NoQuery,
    State(app): State<AppState>,
    once: Result<Once, Replay>,
    witness: Witness,
    Json(body): Json<NodeBody>,
) -> Answer {
    let (id, now) = app.nodes.birth();
    let (zone, after) = (body.zone(), body.into_spec(id, now)?);
    let once = match once {
        Ok(once) => once,
        // It took the room that it needs, and the zone may be another by now: what is asked is whether it is seen.
        Err(replay) => return sees_place(&scope, after).map(|()| replay.into_response()),
    };
    let to_be = Move {
        before: None,
        expected: &Precondition::None,
        zone,
        after,
    };
    let spec = settled(&app, &scope, to_be)?;
    // What is kept with the node is its answer, which so comes before it.
    let twin = Twin::create(Arc::new(spec.clone()), now).twin;
    let made = answer::created(
        &format!("/api/v1/nodes/{id}"),
        revision_tag(twin.revision()),
        &NodeView::from(&twin),
    )?;
    let (made, kept) = once.keep(made).await?;
    let act = witness.act(made_of_node("node.create", None, Some(&spec)));
    app.nodes.create(spec, act.answered(kept)).await?;
    Ok(made)
}

/// Shows a node.
#[utoipa::path(get, path = "/nodes/{id}", tag = "Nodes", params(("id" = String, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state.")),
    responses((status = 200, body = NodeView, headers(("ETag"))), (status = 304)))]
pub(crate) async fn show(
    _: NoQuery,
    Located { handle, .. }: Located<to::NodesRead>,
    held: IfNoneMatch,
) -> Answer {
    shown(&handle.view(), Some(&held))
}

/// Changes what people say of a node: a merge patch, in which null removes.
#[utoipa::path(patch, path = "/nodes/{id}", tag = "Nodes", params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"r42\"`, `\"v3\"` or `*`; else 412.")),
    request_body(content = NodeBody, content_type = "application/merge-patch+json"),
    responses((status = 200, body = NodeView, headers(("ETag")))))]
pub(crate) async fn change(
    _: NoQuery,
    State(app): State<AppState>,
    Located { spec, scope, .. }: Located<to::NodesWrite>,
    IfMatch(expected): IfMatch,
    witness: Witness,
    MergePatch(patch): MergePatch,
) -> Answer {
    let body = merged(&NodeBody::from(&*spec), patch)?;
    let to_be = Move {
        before: Some(&spec),
        expected: &expected,
        zone: body.zone(),
        after: body.onto(edited(spec.as_ref().clone()))?,
    };
    let after = settled(&app, &scope, to_be)?;
    let act = witness.act(made_of_node("node.update", Some(&spec), Some(&after)));
    let goes = after.community_id != spec.community_id;
    let nodes = app.nodes.clone();
    let updated = nodes.to_its_end(async move {
        let updated = app.nodes.update(after, expected, act).await;
        if goes && may_be_kept(&updated) {
            app.device_keys.settle(spec.id).await;
        }
        updated
    });
    let twin = updated.await?;
    shown(&twin, None)
}

/// Removes a node. Its history stays until retention takes it.
#[utoipa::path(delete, path = "/nodes/{id}", tag = "Nodes", params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"r42\"`, `\"v3\"` or `*`; else 412.")),
    responses((status = 204)))]
pub(crate) async fn remove(
    _: NoQuery,
    State(app): State<AppState>,
    Located { spec: before, .. }: Located<to::NodesProvision>,
    IfMatch(expected): IfMatch,
    witness: Witness,
) -> Result<Response, Problem> {
    let act = witness.act(made_of_node("node.delete", Some(&before), None));
    let nodes = app.nodes.clone();
    let removed = nodes.to_its_end(async move {
        let id = before.id;
        let removed = app.nodes.remove(before, expected, act).await;
        if may_be_kept(&removed) {
            app.device_keys.settle(id).await;
        }
        removed
    });
    removed.await?;
    Ok(answer::no_content())
}

/// Takes a node out of service until an instant; one that has passed puts it back.
#[utoipa::path(post, path = "/nodes/{id}/maintenance", tag = "Nodes", params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"r42\"`, `\"v3\"` or `*`; else 412.")),
    request_body = MaintenanceBody, responses((status = 200, body = NodeView, headers(("ETag")))))]
pub(crate) async fn maintain(
    _: NoQuery,
    State(app): State<AppState>,
    Located { spec: before, .. }: Located<to::NodesMaintain>,
    IfMatch(expected): IfMatch,
    once: Once,
    witness: Witness,
    Json(body): Json<MaintenanceBody>,
) -> Answer {
    let maintenance = body.into_maintenance(app.clock.now())?;
    let spec = NodeSpec {
        maintenance,
        ..edited(before.as_ref().clone())
    };
    // What is kept with the change is its answer, which so comes before it.
    let made = shown(&*app.nodes.foreseen(&spec)?, None)?;
    let (made, kept) = once.keep(made).await?;
    let is_kept = kept.is_some();
    let act = witness.act(made_of_node("node.maintain", Some(&before), Some(&spec)));
    let twin = app.nodes.update(spec, expected, act.answered(kept)).await?;
    if is_kept {
        Ok(made)
    } else {
        shown(&twin, None)
    }
}

fn shown(twin: &Twin, held: Option<&IfNoneMatch>) -> Answer {
    let tag = revision_tag(twin.revision());
    if held.is_some_and(|held| held.has(&tag)) {
        return Ok(answer::not_modified(tag));
    }
    answer::tagged(tag, &NodeView::from(twin))
}

/// The description that follows on `spec`.
pub(crate) fn edited(spec: NodeSpec) -> NodeSpec {
    NodeSpec {
        version: spec.version + 1,
        ..spec
    }
}

fn may_be_kept<T>(changed: &Result<T, NodesError>) -> bool {
    changed
        .as_ref()
        .map_or_else(NodesError::may_be_kept, |_| true)
}
