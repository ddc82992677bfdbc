//! Which node a path means: `{id}` is a UUID, or `key:` and the node's key.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use evara_actors::domain::NodeId;
use evara_actors::twin::TwinHandle;

use super::extract::path_param;
use super::problem::{Part, Problem};
use super::state::AppState;

/// The twin of the node that the path means.
#[derive(Debug)]
pub(crate) struct Located(pub(crate) TwinHandle);

impl FromRequestParts<AppState> for Located {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let id = path_param(parts, "id").await?;
        locate(app, &id)?.map(Self).ok_or_else(Problem::not_found)
    }
}

/// The twin that `id` names, if there is one.
pub(crate) fn locate(app: &AppState, id: &str) -> Result<Option<TwinHandle>, Problem> {
    if let Some(key) = id.strip_prefix("key:") {
        return Ok(app.system.twin_by_key(key));
    }
    let malformed =
        |_| Problem::malformed(Part::Path, "id", "must be a UUID, or key: and a node_key");
    Ok(app.system.twin(id.parse::<NodeId>().map_err(malformed)?))
}
