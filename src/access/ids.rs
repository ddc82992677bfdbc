//! Names of tenants and people. Each kind is a type of its own, so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id!(
    /// Who looks after communities.
    DistributorId
);
id!(
    /// A village, a campus, a block.
    CommunityId
);
id!(
    /// A household or a company in a community.
    CustomerId
);
id!(
    /// A person with an account.
    UserId
);
id!(
    /// What a community pays for.
    PlanId
);
