//! How far a person sees, and where a thing stands: the one function that decides between them.

use super::{CommunityId, CustomerId, DistributorId};

/// How far a person sees. What is below is seen, what is beside or above is not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Everything.
    All,
    /// A distributor and what is below.
    Distributor(DistributorId),
    /// A distributor's communities in one region.
    Region(DistributorId, String),
    /// A community and what is below.
    Community(CommunityId),
    /// A customer and their nodes.
    Customer(CustomerId),
    /// Nothing: somebody who was let in and given nothing yet.
    Nothing,
}

/// Where a thing stands in the forest of tenants: what it belongs to, as far down as it goes. A node that
/// belongs to nobody has none of them, and only those who see everything see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place<'a> {
    /// Who looks after it.
    pub distributor: Option<DistributorId>,
    /// The region of its community; empty for a distributor itself.
    pub region: &'a str,
    /// Its community.
    pub community: Option<CommunityId>,
    /// Whose it is.
    pub customer: Option<CustomerId>,
}

impl Place<'_> {
    /// How far down a tenant stands: below the service are distributors, below these communities, and below
    /// these customers.
    pub const fn depth(&self) -> u8 {
        match (self.community, self.customer) {
            (None, _) => 1,
            (Some(_), None) => 2,
            (Some(_), Some(_)) => 3,
        }
    }
}

impl Reach {
    /// How far down its own level is; what is deeper may be changed from there.
    pub const fn depth(&self) -> u8 {
        match self {
            Self::All => 0,
            Self::Distributor(_) | Self::Region(..) => 1,
            Self::Community(_) => 2,
            Self::Customer(_) => 3,
            Self::Nothing => u8::MAX,
        }
    }

    /// Whether a tenant at `place` may be added, changed and removed: it is seen, and below one's own level.
    pub fn governs(&self, place: &Place<'_>) -> bool {
        self.sees(place) && self.depth() < place.depth()
    }

    /// Whether a thing at `place` is seen.
    pub fn sees(&self, place: &Place<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Distributor(own) => place.distributor == Some(*own),
            Self::Region(own, region) => {
                place.distributor == Some(*own)
                    && place.community.is_some()
                    && place.region == region
            }
            Self::Community(own) => place.community == Some(*own),
            Self::Customer(own) => place.customer == Some(*own),
            Self::Nothing => false,
        }
    }
}
