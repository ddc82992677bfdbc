//! Laws of what belongs to a tenant: it is there for as long as anything does, whoever comes and goes meanwhile.

use evara_actors::domain::NodeSpec;
use uuid::Uuid;

use super::accounts::{account, next, nobody, user};
use super::audit::nothing;
use super::fixtures::spec;
use super::registry::in_community;
use super::tenants::{community, customer, distributor, plan, settled};
use super::{Opened, Site};
use crate::access::{
    Community, CommunityId, Customer, CustomerId, DistributorId, Reach, Role, Tenant, TenantId,
};
use crate::store::{Account, AccountName, AccountsError};

/// How often each two meet in each order.
const TRIES: u128 = 3;

/// Each role that is held in a tenant, with its reach where that has this number.
fn residents(number: u128) -> [(Role, Reach); 5] {
    let id = Uuid::from_u128(number);
    let (distributor, community) = (DistributorId(id), CommunityId(id));
    [
        (Role::Distributor, Reach::Distributor(distributor)),
        (
            Role::RegionAdmin,
            Reach::Region(distributor, "north".to_owned()),
        ),
        (Role::CommunityAdmin, Reach::Community(community)),
        (Role::Operator, Reach::Community(community)),
        (Role::User, Reach::Customer(CustomerId(id))),
    ]
}

pub(crate) async fn an_account_stands_at_what_is_there(site: &dyn Site) {
    let Opened {
        accounts, tenants, ..
    } = site.open().await;
    settled(&*tenants, &[1]).await;
    let owner = Tenant::Customer(customer(1, 1));
    tenants.insert_tenant(owner, nothing()).await.unwrap();
    let stray = nobody(99);
    accounts
        .insert_account(stray.clone(), nothing())
        .await
        .unwrap();
    for (role, astray) in residents(9) {
        let made = account(1, role, astray.clone());
        let moved = Account {
            role,
            reach: astray.clone(),
            ..next(&stray)
        };
        for refused in [
            accounts.insert_account(made, nothing()).await,
            accounts.update_account(moved, nothing()).await,
        ] {
            assert!(
                matches!(&refused, Err(AccountsError::NoTenant(reach)) if *reach == astray),
                "{refused:?}"
            );
        }
    }
    let all = accounts.accounts_after(None, 9).await.unwrap();
    assert_eq!((all.len(), all[0].version), (1, 1));
    for (number, (role, reach)) in (1..).zip(residents(1)) {
        let made = accounts.insert_account(account(number, role, reach), nothing());
        made.await.unwrap();
    }
}

/// Whoever stands at a tenant that somebody with a shell took away may be changed, and moved to one that is there.
pub(crate) async fn who_lost_a_tenant_stays_as_they_are(opened: &Opened, lose: impl FnOnce()) {
    let Opened {
        accounts, tenants, ..
    } = opened;
    settled(&**tenants, &[1, 2]).await;
    let at = |number| Reach::Community(CommunityId(Uuid::from_u128(number)));
    let made = account(1, Role::Operator, at(1));
    accounts
        .insert_account(made.clone(), nothing())
        .await
        .unwrap();
    lose();
    assert!(
        !tenants
            .forest()
            .await
            .unwrap()
            .communities
            .contains_key(&CommunityId(Uuid::from_u128(1)))
    );
    let guessed = next(&made);
    accounts
        .update_account(guessed.clone(), nothing())
        .await
        .unwrap();
    let moved = Account {
        reach: at(2),
        ..next(&guessed)
    };
    accounts.update_account(moved, nothing()).await.unwrap();
    let found = accounts.account(AccountName::Id(user(1))).await.unwrap();
    assert_eq!(found.map(|it| it.reach), Some(at(2)));
}

/// What can be hung on a tenant.
#[derive(Debug, Clone, Copy)]
enum Hung {
    /// An account, by the number of its role.
    Account(usize),
    CommunityOfDistributor,
    CommunityOfPlan,
    Customer,
    NodeOfCommunity,
    NodeOfCustomer,
}

/// All of them; the accounts in one of each kind of tenant, and a region.
const ALL: [Hung; 9] = [
    Hung::Account(0),
    Hung::Account(1),
    Hung::Account(2),
    Hung::Account(4),
    Hung::CommunityOfDistributor,
    Hung::CommunityOfPlan,
    Hung::Customer,
    Hung::NodeOfCommunity,
    Hung::NodeOfCustomer,
];

impl Hung {
    /// The tenant that it is to hang on, and that is removed.
    fn doomed(self, number: u128) -> Tenant {
        match self {
            Self::Account(0 | 1) | Self::CommunityOfDistributor => {
                Tenant::Distributor(distributor(number))
            }
            Self::Account(2 | 3) | Self::Customer | Self::NodeOfCommunity => {
                Tenant::Community(community(number, 1))
            }
            Self::Account(_) | Self::NodeOfCustomer => Tenant::Customer(customer(number, 1)),
            Self::CommunityOfPlan => Tenant::Plan(plan(number, &number.to_string())),
        }
    }

    /// Hangs it on the tenant of this number: it is made there, or where it was made elsewhere brought there.
    async fn hang(self, opened: &Opened, number: u128, is_brought: bool) -> Result<(), String> {
        let version = 1 + u64::from(is_brought);
        let tenant = match self {
            Self::Account(role) => {
                let (role, reach) = residents(number)[role].clone();
                let there = Account {
                    version,
                    ..account(number, role, reach)
                };
                let done = match is_brought {
                    false => opened.accounts.insert_account(there, nothing()).await,
                    true => opened.accounts.update_account(there, nothing()).await,
                };
                return done.map_err(|error| format!("{error:?}"));
            }
            Self::NodeOfCommunity => {
                let there = in_community(spec(number, &number.to_string()), number);
                return put_node(opened, NodeSpec { version, ..there }).await;
            }
            Self::NodeOfCustomer => {
                let there = in_community(spec(number, &number.to_string()), 1);
                let customer_id = Some(Uuid::from_u128(number));
                let there = NodeSpec {
                    version,
                    customer_id,
                    ..there
                };
                return put_node(opened, there).await;
            }
            Self::CommunityOfDistributor => Tenant::Community(Community {
                version,
                ..community(number + 1, number)
            }),
            Self::CommunityOfPlan => Tenant::Community(Community {
                version,
                plan: Some(plan(number, "").id),
                ..community(number + 1, 1)
            }),
            Self::Customer => Tenant::Customer(Customer {
                version,
                ..customer(number + 1, number)
            }),
        };
        let done = match is_brought {
            false => opened.tenants.insert_tenant(tenant, nothing()).await,
            true => opened.tenants.update_tenant(tenant, nothing()).await,
        };
        done.map_err(|error| format!("{error:?}"))
    }

    /// Makes elsewhere what is to be brought to the tenant of this number.
    async fn make_elsewhere(self, opened: &Opened, number: u128) {
        let tenant = match self {
            Self::Account(_) => {
                let made = opened.accounts.insert_account(nobody(number), nothing());
                return made.await.unwrap();
            }
            Self::NodeOfCommunity | Self::NodeOfCustomer => {
                let made = in_community(spec(number, &number.to_string()), 1);
                return opened.registry.insert(made).await.unwrap();
            }
            Self::CommunityOfDistributor | Self::CommunityOfPlan => {
                Tenant::Community(community(number + 1, 1))
            }
            Self::Customer => Tenant::Customer(customer(number + 1, 1)),
        };
        let made = opened.tenants.insert_tenant(tenant, nothing());
        made.await.unwrap();
    }
}

async fn put_node(opened: &Opened, node: NodeSpec) -> Result<(), String> {
    let done = match node.version {
        1 => opened.registry.insert(node).await,
        _ => opened.registry.update(node).await,
    };
    done.map_err(|error| format!("{error:?}"))
}

/// What hangs on something that is not there.
async fn orphans(opened: &Opened) -> Vec<String> {
    let forest = opened.tenants.forest().await.unwrap();
    let mut orphans = Vec::new();
    let mut look = |is_home: bool, what: String| {
        if !is_home {
            orphans.push(what);
        }
    };
    for it in forest.communities.values() {
        let has_plan = it.plan.is_none_or(|plan| forest.plans.contains_key(&plan));
        let is_home = forest.distributors.contains_key(&it.distributor) && has_plan;
        look(is_home, format!("{it:?}"));
    }
    for it in forest.customers.values() {
        let is_home = forest.communities.contains_key(&it.community);
        look(is_home, format!("{it:?}"));
    }
    for it in opened.registry.nodes().await.unwrap() {
        let community = it.community_id.map(CommunityId);
        let owner = it
            .customer_id
            .map(|id| forest.customers.get(&CustomerId(id)));
        let is_home = community.is_none_or(|id| forest.communities.contains_key(&id))
            && owner.is_none_or(|owner| owner.map(|owner| owner.community) == community);
        look(is_home, format!("{it:?}"));
    }
    for it in opened.accounts.accounts_after(None, 999).await.unwrap() {
        look(it.reach.is_known_in(&forest), format!("{it:?}"));
    }
    orphans
}

pub(crate) async fn of_one_who_hangs_something_on_a_tenant_and_one_who_removes_it_one_is_told(
    site: &dyn Site,
) {
    let opened = site.open().await;
    settled(&*opened.tenants, &[1]).await;
    let rounds = ALL.into_iter().flat_map(|hung| {
        [false, true].into_iter().flat_map(move |is_brought| {
            (0..2 * TRIES).map(move |turn| (hung, is_brought, turn % 2 == 0))
        })
    });
    for (number, (hung, is_brought, is_removed_first)) in (10..).step_by(2).zip(rounds) {
        let doomed = hung.doomed(number);
        let id = doomed.id();
        opened
            .tenants
            .insert_tenant(doomed, nothing())
            .await
            .unwrap();
        if is_brought {
            hung.make_elsewhere(&opened, number).await;
        }
        let hang = hung.hang(&opened, number, is_brought);
        let remove = removed(&opened, id);
        let (hanged, removed) = if is_removed_first {
            let (removed, hanged) = tokio::join!(remove, hang);
            (hanged, removed)
        } else {
            tokio::join!(hang, remove)
        };
        let is_told = |why: &str, words: [&str; 2]| words.iter().any(|word| why.contains(word));
        match (&hanged, &removed) {
            (Ok(()), Err(why)) if is_told(why, ["HasPeople", "StillUsed"]) => {}
            (Err(why), Ok(())) if is_told(why, ["NoTenant", "NoParent"]) => {}
            other => panic!("{hung:?}, brought {is_brought}: {other:?}"),
        }
        assert_eq!(orphans(&opened).await, [""; 0], "{hung:?}");
    }
}

async fn removed(opened: &Opened, id: TenantId) -> Result<(), String> {
    let removed = opened.tenants.remove_tenant(id, 1, nothing()).await;
    removed.map_err(|error| format!("{error:?}"))
}
