//! The accounts of the matrix, and who has a say in which.

use super::super::estate::id;
use crate::access::{Role, Tenants};

/// Accounts: their names, and what they are.
pub(super) const ACCOUNTS: [(&str, Role); 7] = [
    ("root-too", Role::SuperAdmin),
    ("for-d1", Role::Distributor),
    ("for-n1", Role::CommunityAdmin),
    ("at-n1", Role::Operator),
    ("at-c1", Role::User),
    ("at-n2", Role::Operator),
    ("at-o1", Role::Operator),
];

/// Where the account of this name stands: its name says.
pub(super) fn stands(name: &str, role: Role) -> Tenants {
    let place = name.split('-').next_back().map(id);
    match role {
        Role::SuperAdmin => Tenants::default(),
        Role::Distributor | Role::RegionAdmin => Tenants {
            distributor: place,
            ..Tenants::default()
        },
        Role::CommunityAdmin | Role::Operator => Tenants {
            community: place,
            ..Tenants::default()
        },
        Role::User => Tenants {
            customer: place,
            ..Tenants::default()
        },
    }
}

/// Who has a say in an account, of those who see it.
pub(super) fn has_say(who: &str, account: &str) -> bool {
    let below: &[&str] = match who {
        "super_admin" => &[
            "root-too", "for-d1", "for-n1", "at-n1", "at-c1", "at-n2", "at-o1",
        ],
        "distributor" | "region_admin" => &["for-n1", "at-n1", "at-c1", "at-n2"],
        "community_admin" => &["at-n1", "at-c1"],
        _ => &[],
    };
    below.contains(&account)
}
