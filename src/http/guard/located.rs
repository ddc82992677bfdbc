//! Which node a path means: `{id}` is a UUID, or `key:` and the node's key.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use evara_actors::domain::NodeId;
use evara_actors::twin::TwinHandle;

use super::scope::person;
use super::{Pusher, Right, Scope};
use crate::http::extract::path_param;
use crate::http::problem::{Code, Part, Problem};
use crate::http::state::AppState;

/// The twin of the node that the path means, for a person who sees it and has a permission. That it is
/// seen is asked first: what is not does not exist.
#[derive(Debug)]
pub(crate) struct Located<R> {
    /// The node's twin.
    pub(crate) handle: TwinHandle,
    /// What else they see.
    pub(crate) scope: Scope,
    right: PhantomData<R>,
}

impl<R: Right> FromRequestParts<AppState> for Located<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let scope = person(parts, app)?;
        let id = path_param(parts, "id").await?;
        let seen = |twin: &TwinHandle| scope.sees(twin.view().spec());
        let handle = one(named(app, &id)?.into_iter().filter(seen).collect())?;
        scope.needs(R::NEEDS)?;
        Ok(Self {
            handle,
            scope,
            right: PhantomData,
        })
    }
}

/// What the path calls a node.
#[derive(Debug)]
pub(crate) struct NodeName(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for NodeName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        path_param(parts, "id").await.map(Self)
    }
}

impl Pusher {
    /// The twin of the node that `id` names.
    pub(crate) fn locate(&self, app: &AppState, id: &str) -> Result<TwinHandle, Problem> {
        let named = named(app, id)?.into_iter();
        let twin = one(named.filter_map(|twin| self.seen(twin)).collect())?;
        self.may_push()?;
        Ok(twin)
    }

    /// The twin of the node that bears a key.
    pub(crate) fn locate_key(&self, app: &AppState, key: &str) -> Result<TwinHandle, Problem> {
        let named = app.system.twins_by_key(key).into_iter();
        one(named.filter_map(|twin| self.seen(twin)).collect())
    }
}

/// The twins that `id` may mean.
fn named(app: &AppState, id: &str) -> Result<Vec<TwinHandle>, Problem> {
    if let Some(key) = id.strip_prefix("key:") {
        return Ok(app.system.twins_by_key(key));
    }
    let malformed =
        |_| Problem::malformed(Part::Path, "id", "must be a UUID, or key: and a node_key");
    let id = id.parse::<NodeId>().map_err(malformed)?;
    Ok(app.system.twin(id).into_iter().collect())
}

/// A key is unique in its community: who sees several of them has to say which node is meant.
fn one(mut seen: Vec<TwinHandle>) -> Result<TwinHandle, Problem> {
    match (seen.pop(), seen.is_empty()) {
        (Some(twin), true) => Ok(twin),
        (Some(_), false) => {
            let detail =
                "Nodes of several communities have this node_key: name the node by its id.";
            Err(Problem::new(Code::Conflict, detail))
        }
        (None, _) => Err(Problem::not_found()),
    }
}
