//! The tenants, as a forest: every customer has one community, every community one distributor.
//!
//! Held in memory whole, since every request is scoped by it: some thousands of communities, and their
//! customers. A change that would orphan something, or hang it on nothing, is refused here, before the
//! store is asked; the store's own constraints are the second wall.

use std::collections::BTreeMap;

use evara_actors::domain::{NodeSpec, Timestamp};

use super::{CommunityId, CustomerId, DistributorId, Place, PlanId, Reach};

/// Who looks after communities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distributor {
    /// Made by us.
    pub id: DistributorId,
    /// What people read.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// Counts the changes, from 1.
    pub version: u64,
}

/// A village, a campus, a block: the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// Made by us.
    pub id: CommunityId,
    /// Who looks after it.
    pub distributor: DistributorId,
    /// Where it is; those who answer for a region see what bears its name.
    pub region: String,
    /// What it pays for.
    pub plan: Option<PlanId>,
    /// What people read.
    pub name: String,
    /// IANA name: decides where a day begins.
    pub time_zone: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// Counts the changes, from 1.
    pub version: u64,
}

/// A household or a company in a community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Made by us.
    pub id: CustomerId,
    /// Where it is.
    pub community: CommunityId,
    /// What people read.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// Counts the changes, from 1.
    pub version: u64,
}

/// What a plan allows; `None` is without a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanLimits {
    /// Nodes of a community.
    pub nodes: Option<u32>,
    /// Days that raw readings are kept.
    pub raw_days: Option<u32>,
    /// Days that resolved alarms are kept.
    pub alarm_days: Option<u32>,
    /// Days that the audit is kept; never fewer than 365.
    pub audit_days: Option<u32>,
    /// Requests a person may make in a minute.
    pub requests_per_minute: Option<u32>,
    /// Sockets a person may hold open.
    pub sockets: Option<u32>,
}

/// What communities pay for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Made by us.
    pub id: PlanId,
    /// What people read: `base`, `plus`, `pro`; unique.
    pub name: String,
    /// What it allows.
    pub limits: PlanLimits,
    /// When it was added.
    pub created_at: Timestamp,
    /// Counts the changes, from 1.
    pub version: u64,
}

/// All tenants, and the plans that there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forest {
    /// By id.
    pub distributors: BTreeMap<DistributorId, Distributor>,
    /// By id.
    pub communities: BTreeMap<CommunityId, Community>,
    /// By id.
    pub customers: BTreeMap<CustomerId, Customer>,
    /// By id.
    pub plans: BTreeMap<PlanId, Plan>,
}

/// Why the forest does not take a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TenancyFault {
    /// What it is to hang on is not there.
    #[error("{0} is not known")]
    NoParent(&'static str),
    /// Something hangs on what is to be removed.
    #[error("it still has {0}")]
    HasChildren(&'static str),
}

impl Forest {
    /// Where a distributor stands.
    pub fn place_of_distributor(&self, id: DistributorId) -> Option<Place<'_>> {
        self.distributors.get(&id).map(|it| Place {
            distributor: Some(it.id),
            ..Place::default()
        })
    }

    /// Where a community stands.
    pub fn place_of_community(&self, id: CommunityId) -> Option<Place<'_>> {
        self.communities.get(&id).map(|it| Place {
            distributor: Some(it.distributor),
            region: &it.region,
            community: Some(it.id),
            customer: None,
        })
    }

    /// Where a customer stands.
    pub fn place_of_customer(&self, id: CustomerId) -> Option<Place<'_>> {
        let customer = self.customers.get(&id)?;
        let place = self.place_of_community(customer.community)?;
        Some(Place {
            customer: Some(id),
            ..place
        })
    }

    /// Where a node stands. What its description names and is not known gives it no place: a node of an
    /// unknown community is seen by those who see everything, and by nobody else.
    pub fn place_of_node(&self, spec: &NodeSpec) -> Place<'_> {
        let community = spec.community_id.map(CommunityId);
        let Some(place) = community.and_then(|id| self.place_of_community(id)) else {
            return Place::default();
        };
        let is_of_it = |id: &CustomerId| {
            let customer = self.customers.get(id);
            customer.is_some_and(|it| Some(it.community) == place.community)
        };
        let customer = spec.customer_id.map(CustomerId).filter(is_of_it);
        Place { customer, ..place }
    }

    /// The time zone of the community of a node; none where it has no community.
    pub fn zone_of(&self, spec: &NodeSpec) -> Option<&str> {
        let community = self.communities.get(&CommunityId(spec.community_id?))?;
        Some(&community.time_zone)
    }

    /// The plan of a community, if it has one.
    pub fn plan_of(&self, community: CommunityId) -> Option<&Plan> {
        let plan = self.communities.get(&community)?.plan?;
        self.plans.get(&plan)
    }

    /// The plan that people who see so far are under: that of the one community that they stand in. Who stands
    /// above several is under none.
    pub fn plan_for(&self, reach: &Reach) -> Option<&Plan> {
        match reach {
            Reach::Community(id) => self.plan_of(*id),
            Reach::Customer(id) => self.plan_of(self.customers.get(id)?.community),
            Reach::All | Reach::Distributor(_) | Reach::Region(..) | Reach::Nothing => None,
        }
    }

    /// Whether a community may be as it is described.
    ///
    /// # Errors
    /// [`TenancyFault::NoParent`], naming the field.
    pub fn check_community(&self, community: &Community) -> Result<(), TenancyFault> {
        if !self.distributors.contains_key(&community.distributor) {
            return Err(TenancyFault::NoParent("distributor_id"));
        }
        match community.plan {
            Some(plan) if !self.plans.contains_key(&plan) => Err(TenancyFault::NoParent("plan_id")),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a customer may be as it is described.
    ///
    /// # Errors
    /// [`TenancyFault::NoParent`], naming the field.
    pub fn check_customer(&self, customer: &Customer) -> Result<(), TenancyFault> {
        if self.communities.contains_key(&customer.community) {
            Ok(())
        } else {
            Err(TenancyFault::NoParent("community_id"))
        }
    }

    /// Whether a distributor may be removed.
    ///
    /// # Errors
    /// [`TenancyFault::HasChildren`]
    pub fn check_without_distributor(&self, id: DistributorId) -> Result<(), TenancyFault> {
        let mut all = self.communities.values();
        match all.any(|community| community.distributor == id) {
            true => Err(TenancyFault::HasChildren("communities")),
            false => Ok(()),
        }
    }

    /// Whether a community may be removed, as far as customers go: whoever asks knows the nodes.
    ///
    /// # Errors
    /// [`TenancyFault::HasChildren`]
    pub fn check_without_community(&self, id: CommunityId) -> Result<(), TenancyFault> {
        let mut all = self.customers.values();
        match all.any(|customer| customer.community == id) {
            true => Err(TenancyFault::HasChildren("customers")),
            false => Ok(()),
        }
    }

    /// Whether a plan may be removed.
    ///
    /// # Errors
    /// [`TenancyFault::HasChildren`]
    pub fn check_without_plan(&self, id: PlanId) -> Result<(), TenancyFault> {
        let mut all = self.communities.values();
        match all.any(|community| community.plan == Some(id)) {
            true => Err(TenancyFault::HasChildren("communities")),
            false => Ok(()),
        }
    }
}
