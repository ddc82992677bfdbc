//! What a person is, with where: a role together with the tenant that it is held in.
//!
//! Each role is held in one kind of tenant, so that a reach follows from the two and nobody has one
//! that means nothing. Pure.

use uuid::Uuid;

use super::{CommunityId, CustomerId, DistributorId, Forest, Place, Reach, Role};

/// The tenants that somebody names for a person. Which of them must be there follows from the role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenants {
    /// For a distributor, and who answers for a region.
    pub distributor: Option<Uuid>,
    /// For who answers for a region.
    pub region: Option<String>,
    /// For who answers for, or works in, a community.
    pub community: Option<Uuid>,
    /// For a user; without one they see nothing.
    pub customer: Option<Uuid>,
}

/// A role is not held in these tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {what}")]
pub struct Misfit {
    /// The tenant that is missing, or too many.
    pub field: &'static str,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Reach {
    /// How far somebody sees who has `role` in `tenants`.
    ///
    /// # Errors
    /// The first tenant that the role needs and that is missing, or that it does not have.
    pub fn of(role: Role, tenants: Tenants) -> Result<Self, Misfit> {
        let Tenants {
            distributor,
            region,
            community,
            customer,
        } = tenants;
        let given = [
            ("distributor_id", distributor.is_some()),
            ("region", region.is_some()),
            ("community_id", community.is_some()),
            ("customer_id", customer.is_some()),
        ];
        let wanted = role.tenants();
        for (field, is_given) in given {
            let what = match (is_given, wanted.contains(&field)) {
                (true, false) => "does not go with this role",
                (false, true) if role != Role::User => "must be given for this role",
                (true, true) | (false, _) => continue,
            };
            return Err(Misfit { field, what });
        }
        Ok(match (distributor, region, community, customer) {
            (Some(id), Some(region), _, _) => Self::Region(DistributorId(id), region),
            (Some(id), None, _, _) => Self::Distributor(DistributorId(id)),
            (_, _, Some(id), _) => Self::Community(CommunityId(id)),
            (_, _, _, Some(id)) => Self::Customer(CustomerId(id)),
            _ if role == Role::SuperAdmin => Self::All,
            _ => Self::Nothing,
        })
    }

    /// The tenants that this reach is named by.
    pub fn tenants(&self) -> Tenants {
        let mut tenants = Tenants::default();
        match self {
            Self::All | Self::Nothing => {}
            Self::Distributor(id) => tenants.distributor = Some(id.0),
            Self::Region(id, region) => {
                tenants.distributor = Some(id.0);
                tenants.region = Some(region.clone());
            }
            Self::Community(id) => tenants.community = Some(id.0),
            Self::Customer(id) => tenants.customer = Some(id.0),
        }
        tenants
    }

    /// Whether the tenant that it names is there.
    pub fn is_known_in(&self, forest: &Forest) -> bool {
        match self {
            Self::All | Self::Nothing => true,
            Self::Distributor(id) | Self::Region(id, _) => {
                forest.place_of_distributor(*id).is_some()
            }
            Self::Community(id) => forest.place_of_community(*id).is_some(),
            Self::Customer(id) => forest.place_of_customer(*id).is_some(),
        }
    }

    /// Whether everything that `other` sees in `forest` is seen, whatever is put there later. Somebody who
    /// sees nothing yet, or whose tenant is gone, is inside of everything alone.
    pub fn covers(&self, other: &Self, forest: &Forest) -> bool {
        if *self == Self::All {
            return true;
        }
        let sees = |place: Option<Place<'_>>| place.is_some_and(|place| self.sees(&place));
        match (self, other) {
            (Self::Region(own, region), Self::Region(other, of_other)) => {
                own == other && region == of_other
            }
            (Self::Distributor(own), Self::Region(other, _)) => own == other,
            (_, Self::Distributor(other)) => sees(forest.place_of_distributor(*other)),
            (_, Self::Community(other)) => sees(forest.place_of_community(*other)),
            (_, Self::Customer(other)) => sees(forest.place_of_customer(*other)),
            (_, Self::Region(..) | Self::All | Self::Nothing) => false,
        }
    }
}

impl Role {
    /// The fields that say where it is held.
    const fn tenants(self) -> &'static [&'static str] {
        match self {
            Self::SuperAdmin => &[],
            Self::Distributor => &["distributor_id"],
            Self::RegionAdmin => &["distributor_id", "region"],
            Self::CommunityAdmin | Self::Operator => &["community_id"],
            Self::User => &["customer_id"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_tenants() -> impl Iterator<Item = Tenants> {
        (0_u8..16).map(|bits| {
            let id = |bit: u8| (bits & 1 << bit != 0).then(|| Uuid::from_u128(bit.into()));
            Tenants {
                distributor: id(0),
                region: (bits & 2 != 0).then(|| "north".to_owned()),
                community: id(2),
                customer: id(3),
            }
        })
    }

    #[test]
    fn every_role_is_held_in_one_kind_of_tenant_and_a_user_perhaps_in_none() {
        for role in Role::ALL {
            let fitting = all_tenants().filter(|tenants| Reach::of(role, tenants.clone()).is_ok());
            let count = if role == Role::User { 2 } else { 1 };
            assert_eq!(fitting.count(), count, "{role}");
        }
    }

    #[test]
    fn a_reach_is_named_by_the_tenants_that_it_was_made_of() {
        for (role, tenants) in Role::ALL
            .into_iter()
            .flat_map(|role| all_tenants().map(move |tenants| (role, tenants)))
        {
            if let Ok(reach) = Reach::of(role, tenants.clone()) {
                assert_eq!(reach.tenants(), tenants, "{role}");
            }
        }
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_is_named() {
        let misfit = |role, tenants| Reach::of(role, tenants).unwrap_err();
        assert_eq!(
            misfit(Role::Operator, Tenants::default()).field,
            "community_id"
        );
        let region = Tenants {
            region: Some(String::new()),
            ..Tenants::default()
        };
        assert_eq!(misfit(Role::SuperAdmin, region.clone()).field, "region");
        assert_eq!(misfit(Role::RegionAdmin, region).field, "distributor_id");
    }
}
