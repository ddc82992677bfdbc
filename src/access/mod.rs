//! Who may see and do what: roles, permissions, and the forest of tenants that scopes are cut from.
//!
//! distributor → community (in a region) → customer → node. Two questions, each with one answer here: does a
//! [`Reach`] see a [`Place`], and does a [`Role`] have a [`Permission`]. Pure: what a person's role is comes
//! from the store and never from a token, and whoever asks brings it along. What is not seen does not
//! exist, so the first question is always asked before the second.

mod appointment;
mod forest;
mod ids;
mod permission;
mod principal;
mod reach;
mod role;
mod sight;
mod tenant;

#[cfg(test)]
pub(crate) mod laws;

pub use appointment::{Misfit, Tenants};
pub use forest::{Community, Customer, Distributor, Forest, Plan, PlanLimits, TenancyFault};
pub use ids::{CommunityId, CustomerId, DistributorId, PlanId, UserId};
pub use permission::Permission;
pub use principal::Principal;
pub use reach::{Place, Reach};
pub use role::Role;
pub use tenant::{Tenant, TenantId};
