//! The tenants and the plans, as they are kept: the forest whole, and one change at a time.
//!
//! What a change would orphan, or hang on nothing, is refused by the database itself, so that two writers
//! who do not know of each other cannot do it together.

use std::fmt::Debug;

use evara_actors::ports::BoxFuture;

use super::Act;
use crate::access::{Forest, Tenant, TenantId};

/// The durable forest of tenants. A write that answered `Ok` was committed.
pub trait Tenants: Debug + Send + Sync {
    /// All of it, as it stood at one instant.
    fn forest(&self) -> BoxFuture<'_, Result<Forest, TenantsError>>;

    /// Adds a tenant, together with what goes with it.
    fn insert_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>>;

    /// Replaces the tenant whose version is one less.
    fn update_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>>;

    /// Removes a tenant that is at `version`, and that nothing hangs on.
    fn remove_tenant(
        &self,
        id: TenantId,
        version: u64,
        act: Act,
    ) -> BoxFuture<'_, Result<(), TenantsError>>;
}

/// Why the forest did not change.
#[derive(Debug, thiserror::Error)]
pub enum TenantsError {
    /// No such tenant.
    #[error("no such tenant")]
    NotFound,
    /// Someone else changed it first, or there is one of that id.
    #[error("the tenant was changed meanwhile")]
    VersionMoved,
    /// Another plan has the name.
    #[error("the name is taken")]
    NameTaken,
    /// What it is to hang on is not there.
    #[error("what it belongs to is not there")]
    NoParent,
    /// Something hangs on it.
    #[error("something still belongs to it")]
    StillUsed,
    /// Somebody's reach is named by it: without it they would see nothing, and nobody them.
    #[error("it still has people")]
    HasPeople,
    /// The store failed, or did not answer in time: it may have changed all the same.
    #[error("the store of tenants cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
