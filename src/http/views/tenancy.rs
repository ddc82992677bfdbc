//! Tenants and plans, as JSON: what people say of them, and how they are shown.

use evara_actors::domain::{FieldError, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Time, present};
use crate::access::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Plan, PlanId,
    PlanLimits,
};

/// A name is a line that people read.
const MAX_NAME: usize = 200;

/// A region is a word or a few.
const MAX_REGION: usize = 64;

/// More than any community has; far from the end of what the stores hold.
const MOST: u32 = 1_000_000;

/// The audit of a year is owed to those who look into accidents.
const LEAST_AUDIT_DAYS: u32 = 365;

/// What one says of a tenant, together with what is wrong with it.
type Read<T> = Result<T, Vec<FieldError>>;

fn named(name: &str) -> Read<String> {
    // What looks alike is told apart by nobody: it is refused, and never changed behind people's backs.
    let fits = (1..=MAX_NAME).contains(&name.chars().count()) && name == name.trim();
    let fault = || {
        let what = "must have 1 to 200 characters, and no spaces around it";
        vec![FieldError::new("/name", what)]
    };
    fits.then(|| name.to_owned()).ok_or_else(fault)
}

/// What people say of a distributor.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DistributorInput)]
pub(crate) struct DistributorBody {
    /// What people read.
    #[schema(example = "North Water", max_length = 200)]
    name: String,
}

impl From<&Distributor> for DistributorBody {
    fn from(it: &Distributor) -> Self {
        let name = it.name.clone();
        Self { name }
    }
}

impl DistributorBody {
    /// A new one of this description.
    pub(crate) fn described(&self, id: Uuid, created_at: Timestamp) -> Read<Distributor> {
        Ok(Distributor {
            id: DistributorId(id),
            name: named(&self.name)?,
            created_at,
            version: 1,
        })
    }

    /// `it`, described anew.
    pub(crate) fn onto(&self, it: &Distributor) -> Read<Distributor> {
        let version = it.version;
        Ok(Distributor {
            version,
            ..self.described(it.id.0, it.created_at)?
        })
    }
}

/// What people say of a community.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CommunityInput)]
pub(crate) struct CommunityBody {
    /// What people read.
    #[schema(example = "Upper village", max_length = 200)]
    name: String,
    /// Who looks after it.
    distributor_id: Uuid,
    /// Those who answer for a region see what bears its name.
    #[serde(default, deserialize_with = "present")]
    #[schema(max_length = 64)]
    region: String,
    /// IANA name: decides where a day begins. UTC where not given.
    #[schema(example = "Asia/Kolkata")]
    time_zone: Option<String>,
    /// What it pays for; `base` for a new one where not given.
    pub(crate) plan_id: Option<Uuid>,
}

impl From<&Community> for CommunityBody {
    fn from(it: &Community) -> Self {
        Self {
            name: it.name.clone(),
            distributor_id: it.distributor.0,
            region: it.region.clone(),
            time_zone: Some(it.time_zone.clone()),
            plan_id: it.plan.map(|plan| plan.0),
        }
    }
}

impl CommunityBody {
    /// A new one of this description.
    pub(crate) fn described(&self, id: Uuid, created_at: Timestamp) -> Read<Community> {
        if self.region.chars().count() > MAX_REGION {
            let what = "must have at most 64 characters";
            return Err(vec![FieldError::new("/region", what)]);
        }
        Ok(Community {
            id: CommunityId(id),
            distributor: DistributorId(self.distributor_id),
            region: self.region.clone(),
            plan: self.plan_id.map(PlanId),
            name: named(&self.name)?,
            time_zone: self.zone()?,
            created_at,
            version: 1,
        })
    }

    /// `it`, described anew.
    pub(crate) fn onto(&self, it: &Community) -> Read<Community> {
        let version = it.version;
        Ok(Community {
            version,
            ..self.described(it.id.0, it.created_at)?
        })
    }

    fn zone(&self) -> Read<String> {
        let name = self.time_zone.as_deref().unwrap_or("UTC");
        let zone = jiff::tz::TimeZone::get(name).ok();
        let known = zone.as_ref().and_then(|zone| zone.iana_name());
        let fault = || vec![FieldError::new("/time_zone", "is not known")];
        known.map(str::to_owned).ok_or_else(fault)
    }
}

/// What people say of a customer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CustomerInput)]
pub(crate) struct CustomerBody {
    /// What people read.
    #[schema(example = "House 12", max_length = 200)]
    name: String,
    /// Where it is. One that has nodes stays there.
    community_id: Uuid,
}

impl From<&Customer> for CustomerBody {
    fn from(it: &Customer) -> Self {
        Self {
            name: it.name.clone(),
            community_id: it.community.0,
        }
    }
}

impl CustomerBody {
    /// A new one of this description.
    pub(crate) fn described(&self, id: Uuid, created_at: Timestamp) -> Read<Customer> {
        Ok(Customer {
            id: CustomerId(id),
            community: CommunityId(self.community_id),
            name: named(&self.name)?,
            created_at,
            version: 1,
        })
    }

    /// `it`, described anew.
    pub(crate) fn onto(&self, it: &Customer) -> Read<Customer> {
        let version = it.version;
        Ok(Customer {
            version,
            ..self.described(it.id.0, it.created_at)?
        })
    }
}

/// What people say of a plan; what is null, or left out, is without a limit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanInput)]
pub(crate) struct PlanBody {
    /// What people read; no other plan has it.
    #[schema(example = "base", max_length = 200)]
    name: String,
    /// Nodes of a community.
    nodes: Option<u32>,
    /// Days that raw readings are kept.
    raw_days: Option<u32>,
    /// Days that resolved alarms are kept.
    alarm_days: Option<u32>,
    /// Days that the audit is kept, from 365.
    audit_days: Option<u32>,
    /// Requests a person may make in a minute.
    requests_per_minute: Option<u32>,
    /// Sockets a person may hold open.
    sockets: Option<u32>,
}

impl From<&Plan> for PlanBody {
    fn from(it: &Plan) -> Self {
        Self {
            name: it.name.clone(),
            nodes: it.limits.nodes,
            raw_days: it.limits.raw_days,
            alarm_days: it.limits.alarm_days,
            audit_days: it.limits.audit_days,
            requests_per_minute: it.limits.requests_per_minute,
            sockets: it.limits.sockets,
        }
    }
}

impl PlanBody {
    /// A new one of this description.
    pub(crate) fn described(&self, id: Uuid, created_at: Timestamp) -> Read<Plan> {
        let limits = [
            ("/nodes", self.nodes, 0),
            ("/raw_days", self.raw_days, 1),
            ("/alarm_days", self.alarm_days, 1),
            ("/audit_days", self.audit_days, LEAST_AUDIT_DAYS),
            ("/requests_per_minute", self.requests_per_minute, 1),
            ("/sockets", self.sockets, 0),
        ];
        let fault = |(pointer, limit, least): (&str, Option<u32>, u32)| {
            let fits = limit.is_none_or(|limit| (least..=MOST).contains(&limit));
            let what = || format!("must be from {least} to {MOST}");
            (!fits).then(|| FieldError::new(pointer, what()))
        };
        let faults: Vec<_> = limits.into_iter().filter_map(fault).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Plan {
            id: PlanId(id),
            name: named(&self.name)?,
            limits: PlanLimits {
                nodes: self.nodes,
                raw_days: self.raw_days,
                alarm_days: self.alarm_days,
                audit_days: self.audit_days,
                requests_per_minute: self.requests_per_minute,
                sockets: self.sockets,
            },
            created_at,
            version: 1,
        })
    }

    /// `it`, described anew.
    pub(crate) fn onto(&self, it: &Plan) -> Read<Plan> {
        let version = it.version;
        Ok(Plan {
            version,
            ..self.described(it.id.0, it.created_at)?
        })
    }
}

macro_rules! views {
    ($($(#[$doc:meta])* $view:ident as $schema:ident of $body:ident $it:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Serialize, ToSchema)]
        #[schema(as = $schema)]
        pub(crate) struct $view {
            id: Uuid,
            #[serde(flatten)]
            body: $body,
            created_at: Time,
            /// Counts what people changed, from 1.
            version: u64,
        }

        impl From<&$it> for $view {
            fn from(it: &$it) -> Self {
                Self {
                    id: it.id.0,
                    body: it.into(),
                    created_at: Time(it.created_at),
                    version: it.version,
                }
            }
        }
    )* };
}

views! {
    /// Who looks after communities.
    DistributorView as Distributor of DistributorBody Distributor;
    /// A village, a campus, a block: the tenant.
    CommunityView as Community of CommunityBody Community;
    /// A household or a company in a community.
    CustomerView as Customer of CustomerBody Customer;
    /// What communities pay for.
    PlanView as Plan of PlanBody Plan;
}
