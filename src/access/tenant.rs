//! Whatever stands in the forest, one of its four kinds at a time: what a change is about.

use uuid::Uuid;

use super::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Forest, Place, Plan,
    PlanId, TenancyFault,
};

/// A distributor, a community, a customer or a plan, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenant {
    /// Who looks after communities.
    Distributor(Distributor),
    /// A village, a campus, a block.
    Community(Community),
    /// A household or a company.
    Customer(Customer),
    /// What communities pay for.
    Plan(Plan),
}

/// The name of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantId {
    /// Of a distributor.
    Distributor(DistributorId),
    /// Of a community.
    Community(CommunityId),
    /// Of a customer.
    Customer(CustomerId),
    /// Of a plan.
    Plan(PlanId),
}

impl TenantId {
    /// The name, of whatever kind it is.
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Distributor(id) => id.0,
            Self::Community(id) => id.0,
            Self::Customer(id) => id.0,
            Self::Plan(id) => id.0,
        }
    }
}

impl Tenant {
    /// Its name.
    pub const fn id(&self) -> TenantId {
        match self {
            Self::Distributor(it) => TenantId::Distributor(it.id),
            Self::Community(it) => TenantId::Community(it.id),
            Self::Customer(it) => TenantId::Customer(it.id),
            Self::Plan(it) => TenantId::Plan(it.id),
        }
    }

    /// How often it was changed, from 1.
    pub const fn version(&self) -> u64 {
        match self {
            Self::Distributor(it) => it.version,
            Self::Community(it) => it.version,
            Self::Customer(it) => it.version,
            Self::Plan(it) => it.version,
        }
    }

    /// The same, changed once more.
    #[must_use]
    pub fn next_version(mut self) -> Self {
        let version = match &mut self {
            Self::Distributor(it) => &mut it.version,
            Self::Community(it) => &mut it.version,
            Self::Customer(it) => &mut it.version,
            Self::Plan(it) => &mut it.version,
        };
        *version += 1;
        self
    }
}

impl Forest {
    /// What bears a name.
    pub fn get(&self, id: TenantId) -> Option<Tenant> {
        match id {
            TenantId::Distributor(id) => {
                self.distributors.get(&id).cloned().map(Tenant::Distributor)
            }
            TenantId::Community(id) => self.communities.get(&id).cloned().map(Tenant::Community),
            TenantId::Customer(id) => self.customers.get(&id).cloned().map(Tenant::Customer),
            TenantId::Plan(id) => self.plans.get(&id).cloned().map(Tenant::Plan),
        }
    }

    /// Puts a tenant in, in place of the one of its name.
    pub fn put(&mut self, tenant: Tenant) {
        match tenant {
            Tenant::Distributor(it) => drop(self.distributors.insert(it.id, it)),
            Tenant::Community(it) => drop(self.communities.insert(it.id, it)),
            Tenant::Customer(it) => drop(self.customers.insert(it.id, it)),
            Tenant::Plan(it) => drop(self.plans.insert(it.id, it)),
        }
    }

    /// Takes a tenant out.
    pub fn take(&mut self, id: TenantId) {
        match id {
            TenantId::Distributor(id) => drop(self.distributors.remove(&id)),
            TenantId::Community(id) => drop(self.communities.remove(&id)),
            TenantId::Customer(id) => drop(self.customers.remove(&id)),
            TenantId::Plan(id) => drop(self.plans.remove(&id)),
        }
    }

    /// Where a tenant stands, or would: `None` for a plan, which stands nowhere, and where what it hangs on
    /// is not there.
    pub fn place<'a>(&'a self, tenant: &'a Tenant) -> Option<Place<'a>> {
        match tenant {
            Tenant::Distributor(it) => Some(Place {
                distributor: Some(it.id),
                ..Place::default()
            }),
            Tenant::Community(it) => {
                let distributor = self.distributors.get(&it.distributor)?;
                Some(Place {
                    distributor: Some(distributor.id),
                    region: &it.region,
                    community: Some(it.id),
                    customer: None,
                })
            }
            Tenant::Customer(it) => {
                let place = self.place_of_community(it.community)?;
                Some(Place {
                    customer: Some(it.id),
                    ..place
                })
            }
            Tenant::Plan(_) => None,
        }
    }

    /// Whether a tenant may be as it is described.
    ///
    /// # Errors
    /// [`TenancyFault::NoParent`], naming the field.
    pub fn check(&self, tenant: &Tenant) -> Result<(), TenancyFault> {
        match tenant {
            Tenant::Distributor(_) | Tenant::Plan(_) => Ok(()),
            Tenant::Community(it) => self.check_community(it),
            Tenant::Customer(it) => self.check_customer(it),
        }
    }

    /// Whether a tenant may be removed, as far as tenants go: whoever asks knows the nodes.
    ///
    /// # Errors
    /// [`TenancyFault::HasChildren`]
    pub fn check_without(&self, id: TenantId) -> Result<(), TenancyFault> {
        match id {
            TenantId::Distributor(id) => self.check_without_distributor(id),
            TenantId::Community(id) => self.check_without_community(id),
            TenantId::Customer(_) => Ok(()),
            TenantId::Plan(id) => self.check_without_plan(id),
        }
    }
}
