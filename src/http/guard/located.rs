//! Which node a path means: `{id}` is a UUID, or `key:` and the node's key.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use evara_actors::domain::{NodeId, NodeSpec};
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
    /// The node as it was judged. What is changed goes by this: a body may be long in coming, and the node elsewhere by
    /// then.
    pub(crate) spec: Arc<NodeSpec>,
    /// What else they see.
    pub(crate) scope: Scope,
    right: PhantomData<R>,
}

impl<R: Right> FromRequestParts<AppState> for Located<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let scope = person(parts, app)?;
        let id = path_param(parts, "id").await?;
        let known = Known::of(app);
        let seen = |twin: TwinHandle| {
            let spec = Arc::clone(twin.view().spec());
            scope.sees(&spec).then_some((twin, spec))
        };
        let seen = known.named(&id)?.into_iter().filter_map(seen);
        let (handle, spec) = known.one(seen.collect())?;
        scope.needs(R::NEEDS)?;
        Ok(Self {
            handle,
            spec,
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
        let known = Known::of(app);
        let named = known.named(id)?.into_iter();
        let twin = known.one(named.filter_map(|twin| self.seen(twin)).collect())?;
        self.may_push()?;
        Ok(twin)
    }

    /// The twin of the node that bears a key.
    pub(crate) fn locate_key(&self, app: &AppState, key: &str) -> Result<TwinHandle, Problem> {
        let known = Known::of(app);
        let named = known.bearers(key)?.into_iter();
        known.one(named.filter_map(|twin| self.seen(twin)).collect())
    }
}

/// The nodes that are there. While some are not back yet, one that is not found, or not seen, may be there:
/// both are told to come again, so that nobody learns from the difference.
struct Known<'a> {
    app: &'a AppState,
    is_whole: bool,
}

impl<'a> Known<'a> {
    /// Asked before anything is looked up: what comes back in between is found, or was missed while it was
    /// known that some are missing.
    fn of(app: &'a AppState) -> Self {
        let is_whole = app.system.is_whole();
        Self { app, is_whole }
    }

    /// The twins that `id` may mean.
    fn named(&self, id: &str) -> Result<Vec<TwinHandle>, Problem> {
        if let Some(key) = id.strip_prefix("key:") {
            return self.bearers(key);
        }
        let malformed =
            |_| Problem::malformed(Part::Path, "id", "must be a UUID, or key: and a node_key");
        let id = id.parse::<NodeId>().map_err(malformed)?;
        Ok(self.app.system.twin(id).into_iter().collect())
    }

    /// The twins of the nodes that bear a key; whether it is one is not known before all are back.
    fn bearers(&self, key: &str) -> Result<Vec<TwinHandle>, Problem> {
        if self.is_whole {
            Ok(self.app.system.twins_by_key(key))
        } else {
            Err(Problem::starting())
        }
    }

    /// A key is unique in its community: who sees several of them has to say which node is meant.
    fn one<T>(&self, mut seen: Vec<T>) -> Result<T, Problem> {
        match (seen.pop(), seen.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(_), false) => {
                let detail =
                    "Nodes of several communities have this node_key: name the node by its id.";
                Err(Problem::new(Code::Conflict, detail))
            }
            (None, _) if self.is_whole => Err(Problem::not_found()),
            (None, _) => Err(Problem::starting()),
        }
    }
}
