//! `/devices`: how nodes are judged, and which channel they read.

use axum::extract::State;
use axum::response::Response;
use evara_actors::domain::NodeSpec;
use evara_actors::twin::Twin;

use super::answer::{self, Answer};
use super::conditions::{IfMatch, IfNoneMatch, version_tag};
use super::extract::{Json, NoQuery};
use super::guard::{Located, May, Move, settled, to};
use super::nodes::edited;
use super::problem::Problem;
use super::state::AppState;
use super::views::{ChannelBody, ChannelView, ConfigBody, MapPoint};
use crate::app::audit::{Witness, made_of_node};
use crate::app::nodes::KeyChange;

/// Every node that has a position.
#[utoipa::path(get, path = "/devices/map", tag = "Devices",
    responses((status = 200, body = Vec<MapPoint>)))]
pub(crate) async fn map(
    May { scope, .. }: May<to::NodesRead>,
    State(app): State<AppState>,
    _: NoQuery,
) -> Answer {
    let views = scope.twins(&app).into_iter();
    answer::json(
        &views
            .filter_map(|twin| MapPoint::of(&twin))
            .collect::<Vec<_>>(),
    )
}

/// How readings of a node are judged.
#[utoipa::path(get, path = "/devices/{id}/config", tag = "Devices", params(("id" = String, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state.")),
    responses((status = 200, body = ConfigBody, headers(("ETag"))), (status = 304)))]
pub(crate) async fn config(
    _: NoQuery,
    Located { handle, .. }: Located<to::DevicesRead>,
    held: IfNoneMatch,
) -> Answer {
    let twin = handle.view();
    if held.has(&version_tag(twin.spec().version)) {
        return Ok(answer::not_modified(version_tag(twin.spec().version)));
    }
    shown_config(&twin)
}

/// Replaces how readings of a node are judged; what is left out takes its default.
#[utoipa::path(put, path = "/devices/{id}/config", tag = "Devices", params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"r42\"`, `\"v3\"` or `*`; else 412.")),
    request_body = ConfigBody, responses((status = 200, body = ConfigBody, headers(("ETag")))))]
pub(crate) async fn set_config(
    _: NoQuery,
    State(app): State<AppState>,
    Located {
        spec: before,
        scope,
        ..
    }: Located<to::DevicesConfigure>,
    IfMatch(expected): IfMatch,
    witness: Witness,
    Json(body): Json<ConfigBody>,
) -> Answer {
    let to_be = Move {
        before: Some(&before),
        expected: &expected,
        zone: body.time_zone.clone(),
        after: NodeSpec {
            config: body.into(),
            ..edited(before.as_ref().clone())
        },
    };
    let spec = settled(&app, &scope, to_be).map_err(|problem| problem.relative_to("/config"))?;
    let act = witness.act(made_of_node("device.configure", Some(&before), Some(&spec)));
    let changed = app.nodes.update(spec, expected, act).await;
    let twin = changed.map_err(|error| Problem::from(error).relative_to("/config"))?;
    shown_config(&twin)
}

/// The channel that a node reads. Its key is never shown.
#[utoipa::path(get, path = "/devices/{id}/channel", tag = "Devices", params(("id" = String, Path)),
    responses((status = 200, body = ChannelView, headers(("ETag"))),
              (status = 404, description = "There is no such node, or it reads no channel.")))]
pub(crate) async fn channel(
    _: NoQuery,
    State(app): State<AppState>,
    Located { handle, .. }: Located<to::DevicesRead>,
) -> Answer {
    shown_channel(&app, &handle.view()).await
}

/// Has a node read a channel. The key is write-only: left out it stays, null removes it.
#[utoipa::path(put, path = "/devices/{id}/channel", tag = "Devices", params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"r42\"`, `\"v3\"` or `*`; else 412.")),
    request_body = ChannelBody, responses((status = 200, body = ChannelView, headers(("ETag")))))]
pub(crate) async fn set_channel(
    _: NoQuery,
    State(app): State<AppState>,
    Located { spec: before, .. }: Located<to::DevicesConfigure>,
    IfMatch(expected): IfMatch,
    witness: Witness,
    Json(body): Json<ChannelBody>,
) -> Answer {
    let (binding, key) = body.into_parts()?;
    let spec = NodeSpec {
        channel: Some(binding),
        ..edited(before.as_ref().clone())
    };
    // Of the key it is told what is done to it, and nothing else.
    let action = match &key {
        KeyChange::Keep => "channel.bind",
        KeyChange::Set(_) => "channel.bind_with_key",
        KeyChange::Remove => "channel.bind_without_key",
    };
    let act = witness.act(made_of_node(action, Some(&before), Some(&spec)));
    let changed = app.nodes.rebind(spec, key, expected, act).await;
    let twin = changed.map_err(|error| Problem::from(error).relative_to("/channel"))?;
    shown_channel(&app, &twin).await
}

/// Has a node read no channel any more, and forgets the key.
#[utoipa::path(delete, path = "/devices/{id}/channel", tag = "Devices", params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"r42\"`, `\"v3\"` or `*`; else 412.")),
    responses((status = 204)))]
pub(crate) async fn remove_channel(
    _: NoQuery,
    State(app): State<AppState>,
    Located { spec: before, .. }: Located<to::DevicesConfigure>,
    IfMatch(expected): IfMatch,
    witness: Witness,
) -> Result<Response, Problem> {
    if before.channel.is_none() {
        return Err(Problem::not_found());
    }
    let spec = NodeSpec {
        channel: None,
        ..edited(before.as_ref().clone())
    };
    let act = witness.act(made_of_node("channel.unbind", Some(&before), Some(&spec)));
    let key = KeyChange::Remove;
    app.nodes.rebind(spec, key, expected, act).await?;
    Ok(answer::no_content())
}

fn shown_config(twin: &Twin) -> Answer {
    let spec = twin.spec();
    answer::tagged(
        version_tag(spec.version),
        &ConfigBody::from(spec.config.clone()),
    )
}

async fn shown_channel(app: &AppState, twin: &Twin) -> Answer {
    let spec = twin.spec();
    let binding = spec.channel.as_ref().ok_or_else(Problem::not_found)?;
    let view = ChannelView::new(binding, app.nodes.has_key(spec.id).await?);
    answer::tagged(version_tag(spec.version), &view)
}
