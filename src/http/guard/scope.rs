//! What of the service exists for a caller.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use evara_actors::domain::{NodeSpec, Source};
use evara_actors::twin::{Twin, TwinHandle};

use super::{Caller, Right, to_be_judged};
use crate::access::{Forest, Permission, Principal, Reach};
use crate::app::accounts::PASSWORD_DUE;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// What a person sees, as the tenants stand now.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    person: Arc<Principal>,
    forest: Arc<Forest>,
}

impl Scope {
    pub(crate) fn of(app: &AppState, person: Arc<Principal>) -> Self {
        let forest = app.tenancy.forest();
        Self { person, forest }
    }

    /// Whether it is the same person with the same rights, and the same tenants.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.person == other.person && Arc::ptr_eq(&self.forest, &other.forest)
    }

    /// Who it is that sees.
    pub(crate) fn person(&self) -> &Arc<Principal> {
        &self.person
    }

    /// Whether every node is seen, whatever its description.
    pub(crate) fn sees_all(&self) -> bool {
        self.person.reach == Reach::All
    }

    /// Whether a node of this description is seen.
    pub(crate) fn sees(&self, spec: &NodeSpec) -> bool {
        self.sees_all() || self.person.sees(&self.forest.place_of_node(spec))
    }

    /// The twins that are seen.
    pub(crate) fn twins(&self, app: &AppState) -> Vec<Arc<Twin>> {
        let all = app.system.twins().into_iter().map(|handle| handle.view());
        all.filter(|twin| self.sees(twin.spec())).collect()
    }

    /// The tenants, as they stood when the scope was made; not all of them are seen.
    pub(crate) fn forest(&self) -> &Forest {
        &self.forest
    }

    /// Refuses those who do not have a permission, and those who have to change their password first,
    /// by whichever door they came in.
    pub(crate) fn needs(&self, permission: Permission) -> Result<(), Problem> {
        if self.person.must_change_password {
            return Err(Problem::new(Code::Forbidden, PASSWORD_DUE));
        }
        if self.person.may(permission) {
            return Ok(());
        }
        let detail = format!("This needs the permission {}.", permission.name());
        Err(Problem::new(Code::Forbidden, detail))
    }
}

/// A person who has a permission. There is nothing here for devices.
#[derive(Debug)]
pub(crate) struct May<R> {
    /// What they see.
    pub(crate) scope: Scope,
    right: PhantomData<R>,
}

impl<R: Right> FromRequestParts<AppState> for May<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let scope = person(parts, app)?;
        scope.needs(R::NEEDS)?;
        Ok(Self {
            scope,
            right: PhantomData,
        })
    }
}

/// The person who asks, to be judged by whoever calls this.
pub(super) fn person(parts: &Parts, app: &AppState) -> Result<Scope, Problem> {
    match to_be_judged(parts)? {
        Caller::Person(person) => Ok(Scope::of(app, person)),
        Caller::Device(_) => Err(Problem::not_found()),
    }
}

/// Whoever may push readings: a device those of its node, a person those of the nodes that they see.
#[derive(Debug, Clone)]
pub(crate) struct Pusher {
    caller: Caller,
    scope: Option<Scope>,
}

impl Pusher {
    /// The source of what is pushed.
    pub(crate) fn source(&self) -> Source {
        self.caller.source()
    }

    /// The node whose key is borne.
    pub(crate) fn own(&self, app: &AppState) -> Option<TwinHandle> {
        match &self.caller {
            Caller::Device(bearer) => app.system.twin(bearer.node),
            Caller::Person(_) => None,
        }
    }

    /// `twin`, if it exists for the caller.
    pub(crate) fn seen(&self, twin: TwinHandle) -> Option<TwinHandle> {
        let is_seen = match (&self.caller, &self.scope) {
            (Caller::Device(bearer), _) => bearer.node == twin.id(),
            (Caller::Person(_), Some(scope)) => scope.sees(twin.view().spec()),
            (Caller::Person(_), None) => false,
        };
        is_seen.then_some(twin)
    }

    /// Whether readings may be pushed at all; asked for once it is known that the node is seen.
    pub(crate) fn may_push(&self) -> Result<(), Problem> {
        let scope = self.scope.as_ref();
        scope.map_or(Ok(()), |scope| scope.needs(Permission::TelemetryWrite))
    }
}

impl FromRequestParts<AppState> for Pusher {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let caller = to_be_judged(parts)?;
        let scope = match &caller {
            Caller::Person(person) => Some(Scope::of(app, Arc::clone(person))),
            Caller::Device(_) => None,
        };
        Ok(Self { caller, scope })
    }
}
