//! `/devices/{id}/keys`: the keys with which a node's device pushes. Each is shown once.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::answer::{self, Answer};
use super::extract::{Json, NoQuery, path_param};
use super::guard::{Located, to};
use super::idempotency::Once;
use super::problem::{Part, Problem};
use super::state::AppState;
use super::views::{DeviceKeyBody, DeviceKeyView, List, NewDeviceKeyView};
use crate::app::audit::{Fact, Witness, chain_of_node};

/// The keys of a node, without the keys themselves.
#[utoipa::path(get, path = "/devices/{id}/keys", tag = "Devices", params(("id" = String, Path)),
    responses((status = 200, body = List<DeviceKeyView<'_>>)))]
pub(crate) async fn list(
    _: NoQuery,
    State(app): State<AppState>,
    Located { handle, .. }: Located<to::DevicesKeys>,
) -> Answer {
    let keys = app.device_keys.of_node(handle.id());
    answer::json(&List {
        items: keys.iter().map(DeviceKeyView::from).collect(),
        next_cursor: None,
    })
}

/// Makes a key for a node's device. It is shown in this answer, and never again.
#[utoipa::path(post, path = "/devices/{id}/keys", tag = "Devices", params(("id" = String, Path)),
    request_body = DeviceKeyBody,
    responses((status = 201, body = NewDeviceKeyView<'_>, headers(("Location"))),
              (status = 409, description = "The node has ten keys already, or went to another community meanwhile.")))]
pub(crate) async fn create(
    _: NoQuery,
    State(app): State<AppState>,
    Located { spec, .. }: Located<to::DevicesKeys>,
    once: Once,
    witness: Witness,
    Json(body): Json<DeviceKeyBody>,
) -> Answer {
    let node = spec.id;
    let new = app.device_keys.make(node, body.into_name()?);
    let new = new.map_err(|_unspecified| Problem::internal("no random bytes"))?;
    let location = format!("/api/v1/devices/{node}/keys/{}", new.key.id);
    let view = NewDeviceKeyView::new(&new.key, new.secret.expose_secret());
    let mut made = answer::json(&view)?;
    *made.status_mut() = StatusCode::CREATED;
    let (made, kept) = once.keep(answer::located(made, &location)?).await?;
    let fact = Fact::new("device_key.create", target(new.key.id))
        .of([chain_of_node(&spec)])
        .is(&DeviceKeyView::from(&new.key));
    let act = witness.act(fact).answered(kept);
    let adding = app.device_keys.add(new.key, spec.community_id, act);
    adding.await?;
    Ok(made)
}

/// Has a key open nothing any more.
#[utoipa::path(delete, path = "/devices/{id}/keys/{key_id}", tag = "Devices",
    params(("id" = String, Path), ("key_id" = Uuid, Path)), responses((status = 204)))]
pub(crate) async fn revoke(
    _: NoQuery,
    State(app): State<AppState>,
    Located { handle, .. }: Located<to::DevicesKeys>,
    witness: Witness,
    KeyId(key): KeyId,
) -> Result<Response, Problem> {
    let keys = app.device_keys.of_node(handle.id());
    let before = keys.iter().find(|it| it.id == key);
    let before = DeviceKeyView::from(before.ok_or_else(Problem::not_found)?);
    let fact = Fact::new("device_key.revoke", target(key))
        .of([chain_of_node(handle.view().spec())])
        .was(&before);
    let act = witness.act(fact);
    app.device_keys.revoke(handle.id(), key, act).await?;
    Ok(answer::no_content())
}

fn target(key: Uuid) -> String {
    format!("device_key/{key}")
}

/// The key that the path means.
#[derive(Debug)]
pub(crate) struct KeyId(Uuid);

impl<S: Sync> axum::extract::FromRequestParts<S> for KeyId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let id = path_param(parts, "key_id").await?;
        let malformed = |_| Problem::malformed(Part::Path, "key_id", "must be a UUID");
        Ok(Self(id.parse().map_err(malformed)?))
    }
}
