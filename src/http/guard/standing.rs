//! Which tenant a path means, and what may be done to it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::marker::PhantomData;
use uuid::Uuid;

use super::scope::person;
use super::{Right, Scope};
use crate::access::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Permission, Plan,
    PlanId, Tenant, TenantId,
};
use crate::http::extract::path_param;
use crate::http::problem::{Code, Part, Problem};
use crate::http::state::AppState;

/// A kind of tenant.
pub(crate) trait Kind: Clone + Send + 'static {
    /// How far down they stand.
    const DEPTH: u8;
    /// The name of one of them.
    fn id(id: Uuid) -> TenantId;
    /// `tenant`, if it is of this kind.
    fn of(tenant: Tenant) -> Option<Self>;
    /// One of them among all.
    fn tenant(self) -> Tenant;
}

macro_rules! kinds {
    ($($kind:ident $id:ident $depth:literal)*) => { $(
        impl Kind for $kind {
            const DEPTH: u8 = $depth;

            fn id(id: Uuid) -> TenantId {
                TenantId::$kind($id(id))
            }

            fn of(tenant: Tenant) -> Option<Self> {
                if let Tenant::$kind(it) = tenant { Some(it) } else { None }
            }

            fn tenant(self) -> Tenant {
                Tenant::$kind(self)
            }
        }
    )* };
}

kinds! {
    Distributor DistributorId 1
    Community CommunityId 2
    Customer CustomerId 3
    Plan PlanId 1
}

/// The tenant that the path means, for a person who sees it and has a permission. That it is seen is
/// asked first: what is not does not exist.
#[derive(Debug)]
pub(crate) struct Standing<R, K> {
    /// The tenant.
    pub(crate) it: K,
    /// What else they see.
    pub(crate) scope: Scope,
    right: PhantomData<R>,
}

impl<R: Right, K: Kind> FromRequestParts<AppState> for Standing<R, K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let scope = person(parts, app)?;
        let id = path_param(parts, "id").await?;
        let malformed = |_| Problem::malformed(Part::Path, "id", "must be a UUID");
        let id = K::id(id.parse().map_err(malformed)?);
        let tenant = scope.forest().get(id);
        let seen = tenant.filter(|tenant| scope.sees_tenant(tenant));
        let it = seen.and_then(K::of).ok_or_else(Problem::not_found)?;
        scope.needs(R::NEEDS)?;
        Ok(Self {
            it,
            scope,
            right: PhantomData,
        })
    }
}

/// A person who stands above tenants of a kind: only what is below one's own level may be added, changed
/// and removed. To be asked for behind what says whether the tenant exists.
#[derive(Debug)]
pub(crate) struct Above<K>(PhantomData<K>);

impl<K: Kind> FromRequestParts<AppState> for Above<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let scope = person(parts, app)?;
        if scope.person().reach.depth() < K::DEPTH {
            return Ok(Self(PhantomData));
        }
        let detail = "Only tenants below one's own level may be added, changed and removed.";
        Err(Problem::new(Code::Forbidden, detail))
    }
}

impl Scope {
    /// Whether a tenant is seen. A plan stands nowhere: those see it who may see plans at all.
    pub(crate) fn sees_tenant(&self, tenant: &Tenant) -> bool {
        match self.forest().place(tenant) {
            Some(place) => self.person().sees(&place),
            None => self.person().may(Permission::PlansRead),
        }
    }

    /// Whether a tenant may be as it is, is seen, and is below one's own level.
    pub(crate) fn governs(&self, tenant: &Tenant) -> bool {
        let place = self.forest().place(tenant);
        place.is_some_and(|place| self.person().reach.governs(&place))
    }
}
