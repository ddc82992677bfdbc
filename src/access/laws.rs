//! What is seen, held against an oracle that walks from a thing up to its roots.

use std::collections::BTreeMap;

use evara_actors::domain::{Kind, NodeId, NodeSpec, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Forest, Permission,
    Reach, Role,
};

const AT: Timestamp = Timestamp::from_secs(0);
/// Names that others are a part of, and what a name should not have.
pub(crate) const REGIONS: [&str; 3] = ["", "north", "north:\u{0}'"];

/// Few ids, so that strangers meet; those past the forest's own name nothing.
fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

/// Communities by distributor and region, and customers by community.
pub(crate) fn forest() -> impl Strategy<Value = Forest> {
    let communities = prop::collection::vec((0..3_u8, 0..3_usize), 0..6);
    let customers = prop::collection::vec(0..6_u8, 0..8);
    (communities, customers).prop_map(|(communities, customers)| {
        let mut forest = Forest::default();
        for number in 0..3 {
            let id = DistributorId(id(number));
            let name = String::new();
            forest.distributors.insert(
                id,
                Distributor {
                    id,
                    name,
                    created_at: AT,
                    version: 1,
                },
            );
        }
        for (number, (distributor, region)) in (0..).zip(communities) {
            let it = Community {
                id: CommunityId(id(number)),
                distributor: DistributorId(id(distributor)),
                region: REGIONS[region].to_owned(),
                plan: None,
                name: String::new(),
                time_zone: "UTC".to_owned(),
                created_at: AT,
                version: 1,
            };
            forest.communities.insert(it.id, it);
        }
        for (number, community) in (0..).zip(customers) {
            let it = Customer {
                id: CustomerId(id(number)),
                community: CommunityId(id(community)),
                name: String::new(),
                created_at: AT,
                version: 1,
            };
            if forest.check_customer(&it).is_ok() {
                forest.customers.insert(it.id, it);
            }
        }
        forest
    })
}

pub(crate) fn node() -> impl Strategy<Value = NodeSpec> {
    let some = || prop::option::of((0..9_u8).prop_map(id));
    (some(), some(), some()).prop_map(|(community_id, customer_id, distributor_id)| NodeSpec {
        community_id,
        customer_id,
        distributor_id,
        ..NodeSpec::blank(NodeId(Uuid::nil()), Kind::Tank, AT)
    })
}

fn reach() -> impl Strategy<Value = Reach> {
    let number = || (0..9_u8).prop_map(id);
    prop_oneof![
        Just(Reach::All),
        Just(Reach::Nothing),
        number().prop_map(|id| Reach::Distributor(DistributorId(id))),
        (number(), 0..3_usize)
            .prop_map(|(id, region)| Reach::Region(DistributorId(id), REGIONS[region].to_owned())),
        number().prop_map(|id| Reach::Community(CommunityId(id))),
        number().prop_map(|id| Reach::Customer(CustomerId(id))),
    ]
}

/// Who may see a node, told from the node upwards: whom it belongs to, and whom they belong to.
fn oracle(forest: &Forest, reach: &Reach, node: &NodeSpec) -> bool {
    let mut above = vec![Reach::All];
    let community = node.community_id.map(CommunityId);
    if let Some(community) = community.and_then(|id| forest.communities.get(&id)) {
        above.push(Reach::Community(community.id));
        above.push(Reach::Distributor(community.distributor));
        above.push(Reach::Region(
            community.distributor,
            community.region.clone(),
        ));
        let customer = node.customer_id.map(CustomerId);
        if let Some(customer) = customer.and_then(|id| forest.customers.get(&id))
            && customer.community == community.id
        {
            above.push(Reach::Customer(customer.id));
        }
    }
    above.contains(reach)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_node_is_seen_by_those_it_belongs_to_and_by_nobody_else(
        forest in forest(), reach in reach(), node in node()
    ) {
        prop_assert_eq!(
            reach.sees(&forest.place_of_node(&node)),
            oracle(&forest, &reach, &node)
        );
    }

    #[test]
    fn a_print_is_another_wherever_what_is_seen_is_another(
        one in forest(), other in forest(), reach in reach(), node in node()
    ) {
        let sees = |forest: &Forest| reach.sees(&forest.place_of_node(&node));
        if sees(&one) != sees(&other) {
            prop_assert_ne!(one.print_of(&reach), other.print_of(&reach));
        }
        let mut renamed = one.clone();
        for community in renamed.communities.values_mut() {
            community.name.push('x');
        }
        prop_assert_eq!(one.print_of(&reach), renamed.print_of(&reach));
    }

    #[test]
    fn who_sees_a_tenant_sees_what_is_below(forest in forest(), reach in reach()) {
        for customer in forest.customers.values() {
            let own = forest.place_of_customer(customer.id).unwrap();
            let community = forest.place_of_community(customer.community).unwrap();
            let distributor = community.distributor.unwrap();
            let distributor = forest.place_of_distributor(distributor).unwrap();
            prop_assert!(!reach.sees(&distributor) || reach.sees(&community));
            prop_assert!(!reach.sees(&community) || reach.sees(&own));
        }
    }

    #[test]
    fn who_governs_a_tenant_sees_it_and_does_not_stand_on_it(
        forest in forest(), reach in reach()
    ) {
        let distributors = forest.distributors.keys();
        let communities = forest.communities.keys();
        let customers = forest.customers.keys();
        let places = distributors
            .map(|id| (forest.place_of_distributor(*id), Reach::Distributor(*id)))
            .chain(communities.map(|id| (forest.place_of_community(*id), Reach::Community(*id))))
            .chain(customers.map(|id| (forest.place_of_customer(*id), Reach::Customer(*id))));
        for (place, own) in places {
            let place = place.unwrap();
            prop_assert_eq!(reach.governs(&place), reach.sees(&place) && reach != own);
        }
    }

    #[test]
    fn what_a_description_says_of_its_distributor_opens_nothing(
        forest in forest(), reach in reach(), node in node(), other in prop::option::of(0..9_u8)
    ) {
        let moved = NodeSpec { distributor_id: other.map(id), ..node.clone() };
        let sees = |node: &NodeSpec| reach.sees(&forest.place_of_node(node));
        prop_assert_eq!(sees(&node), sees(&moved));
    }
}

#[test]
fn nobody_but_those_who_run_the_service_appoints_an_equal() {
    for role in Role::ALL {
        for other in Role::ALL {
            let appoints = role.appoints(other);
            assert_eq!(
                appoints,
                role == Role::SuperAdmin || role > other,
                "{role} {other}"
            );
        }
    }
}

#[test]
fn a_role_has_every_permission_of_those_with_less_authority() {
    for permission in Permission::ALL {
        for pair in Role::ALL.windows(2) {
            let (more, less) = (permission.is_had_by(pair[0]), permission.is_had_by(pair[1]));
            assert!(more || !less, "{} of {}", permission.name(), pair[1]);
        }
    }
}

#[test]
fn names_of_roles_and_permissions_are_read_back_and_are_their_own() {
    for role in Role::ALL {
        assert_eq!(role.name().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.name());
    }
    assert!("admin".parse::<Role>().is_err());
    let names: BTreeMap<_, _> = Permission::ALL.iter().map(|it| (it.name(), it)).collect();
    assert_eq!(names.len(), Permission::ALL.len());
    assert!(names.len() >= 20);
}
