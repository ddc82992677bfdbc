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
              (status = 409, description = "The node has ten keys already.")))]
pub(crate) async fn create(
    _: NoQuery,
    State(app): State<AppState>,
    Located { handle, .. }: Located<to::DevicesKeys>,
    once: Once,
    Json(body): Json<DeviceKeyBody>,
) -> Answer {
    let node = handle.id();
    let new = app.device_keys.make(node, body.into_name()?);
    let new = new.map_err(|_unspecified| Problem::internal("no random bytes"))?;
    let location = format!("/api/v1/devices/{node}/keys/{}", new.key.id);
    let view = NewDeviceKeyView::new(&new.key, new.secret.expose_secret());
    let mut made = answer::json(&view)?;
    *made.status_mut() = StatusCode::CREATED;
    let (made, kept) = once.keep(answer::located(made, &location)?).await?;
    app.device_keys.add(new.key, kept).await?;
    Ok(made)
}

/// Has a key open nothing any more.
#[utoipa::path(delete, path = "/devices/{id}/keys/{key_id}", tag = "Devices",
    params(("id" = String, Path), ("key_id" = Uuid, Path)), responses((status = 204)))]
pub(crate) async fn revoke(
    _: NoQuery,
    State(app): State<AppState>,
    Located { handle, .. }: Located<to::DevicesKeys>,
    KeyId(key): KeyId,
) -> Result<Response, Problem> {
    app.device_keys.revoke(handle.id(), key).await?;
    Ok(answer::no_content())
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
