//! What people are, from those who run the service down to those who drink the water.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A person's role. The order is that of authority: nobody hands out more than they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A customer: sees their own nodes.
    User,
    /// Works in a community.
    Operator,
    /// Answers for a community.
    CommunityAdmin,
    /// Answers for a distributor's communities in one region.
    RegionAdmin,
    /// Answers for all communities of a distributor.
    Distributor,
    /// Runs the service.
    SuperAdmin,
}

impl Role {
    /// Every role, those with the most authority first.
    pub const ALL: [Self; 6] = [
        Self::SuperAdmin,
        Self::Distributor,
        Self::RegionAdmin,
        Self::CommunityAdmin,
        Self::Operator,
        Self::User,
    ];

    /// The name in the API and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::Distributor => "distributor",
            Self::RegionAdmin => "region_admin",
            Self::CommunityAdmin => "community_admin",
            Self::Operator => "operator",
            Self::User => "user",
        }
    }

    /// Whether who has this role may make somebody `other`, or change somebody who is. Those who run the
    /// service may name others who do; everyone else hands out less than they have.
    pub fn appoints(self, other: Self) -> bool {
        self == Self::SuperAdmin || other < self
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No role has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of super_admin, distributor, region_admin, community_admin, operator, user")]
pub struct NoSuchRole;

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(name: &str) -> Result<Self, NoSuchRole> {
        let found = Self::ALL.into_iter().find(|role| role.name() == name);
        found.ok_or(NoSuchRole)
    }
}
