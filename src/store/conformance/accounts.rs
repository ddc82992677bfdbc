//! Laws of accounts: one address, one account; nobody undoes another's change; one runs the service.

use evara_actors::domain::Timestamp;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use uuid::Uuid;

use super::audit::nothing;
use super::fixtures::at;
use super::tenants::{community, customer, distributor, settled};
use super::{Opened, Site};
use crate::access::{
    CommunityId, CustomerId, DistributorId, Reach, Role, Tenant, TenantId, UserId,
};
use crate::auth::lockout::Failures;
use crate::store::{
    Account, AccountName, AccountsError, Act, Authenticator, EmailAddress, TenantsError,
};

pub(crate) fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

pub(crate) fn account(number: u128, role: Role, reach: Reach) -> Account {
    Account {
        id: user(number),
        email: EmailAddress::parse(&format!("person-{number}@example.org")).unwrap(),
        name: "अना\0\u{e000} №".to_owned(),
        role,
        reach,
        password: None,
        must_change_password: false,
        one_time_until: None,
        external: None,
        authenticator: None,
        failures: Failures::NONE,
        valid_from: Timestamp::from_millis(0),
        disabled_at: None,
        created_at: at(1),
        version: 1,
    }
}

pub(crate) fn nobody(number: u128) -> Account {
    account(number, Role::User, Reach::Nothing)
}

fn root(number: u128) -> Account {
    Account {
        password: Some("$argon2id$".into()),
        ..account(number, Role::SuperAdmin, Reach::All)
    }
}

pub(crate) fn next(account: &Account) -> Account {
    Account {
        version: account.version + 1,
        ..account.clone()
    }
}

pub(crate) async fn an_account_comes_back_whole_by_each_of_its_names(site: &dyn Site) {
    let external = Uuid::from_u128(77);
    let authenticator = Authenticator {
        seed: SecretSlice::from(vec![0, 1, 254, 255]),
        is_confirmed: true,
        last_step: Some(-5),
        recovery: vec![[7; 32], [8; 32]],
    };
    let kept = Account {
        password: Some(SecretString::from("$argon2id$")),
        external: Some(external),
        authenticator: Some(authenticator),
        failures: Failures::NONE.and_one(at(9)),
        disabled_at: Some(at(10)),
        valid_from: at(8),
        must_change_password: true,
        one_time_until: Some(at(11)),
        ..nobody(1)
    };
    site.open()
        .await
        .accounts
        .insert_account(kept.clone(), Act::default())
        .await
        .unwrap();
    let Opened { accounts, .. } = site.open().await;
    let in_capitals = EmailAddress::parse(&kept.email.as_str().to_uppercase()).unwrap();
    for name in [
        AccountName::Id(kept.id),
        AccountName::Email(in_capitals),
        AccountName::External(external),
    ] {
        let found = accounts.account(name.clone()).await.unwrap().unwrap();
        assert_eq!(
            (
                found.id,
                &found.name,
                found.role,
                &found.reach,
                found.version
            ),
            (kept.id, &kept.name, kept.role, &kept.reach, kept.version),
            "{name:?}"
        );
        assert_eq!(found.failures, kept.failures);
        assert_eq!((found.valid_from, found.disabled_at), (at(8), Some(at(10))));
        assert_eq!(
            (found.must_change_password, found.one_time_until),
            (true, Some(at(11)))
        );
        assert_eq!(found.password.unwrap().expose_secret(), "$argon2id$");
        let found = found.authenticator.unwrap();
        assert_eq!(found.seed.expose_secret(), [0, 1, 254, 255]);
        assert_eq!((found.is_confirmed, found.last_step), (true, Some(-5)));
        assert_eq!(found.recovery, [[7; 32], [8; 32]]);
    }
    let missing = accounts.account(AccountName::Id(user(2))).await.unwrap();
    assert!(missing.is_none());
}

pub(crate) async fn an_address_is_taken_once_in_any_case(site: &dyn Site) {
    let Opened { accounts, .. } = site.open().await;
    accounts
        .insert_account(nobody(1), Act::default())
        .await
        .unwrap();
    let same = EmailAddress::parse("PERSON-1@EXAMPLE.ORG").unwrap();
    let twin = Account {
        email: same.clone(),
        ..nobody(2)
    };
    let refused = accounts.insert_account(twin, Act::default()).await;
    assert!(matches!(refused, Err(AccountsError::Taken)), "{refused:?}");
    accounts
        .insert_account(nobody(2), Act::default())
        .await
        .unwrap();
    let renamed = Account {
        email: same,
        ..next(&nobody(2))
    };
    let refused = accounts.update_account(renamed, Act::default()).await;
    assert!(matches!(refused, Err(AccountsError::Taken)), "{refused:?}");
}

pub(crate) async fn every_role_is_kept_with_its_reach_and_with_no_other(site: &dyn Site) {
    let Opened {
        accounts, tenants, ..
    } = site.open().await;
    let id = Uuid::from_u128(5);
    for tenant in [
        Tenant::Distributor(distributor(5)),
        Tenant::Community(community(5, 5)),
        Tenant::Customer(customer(5, 5)),
    ] {
        tenants.insert_tenant(tenant, nothing()).await.unwrap();
    }
    let fitting = [
        (Role::SuperAdmin, Reach::All),
        (Role::Distributor, Reach::Distributor(DistributorId(id))),
        (
            Role::RegionAdmin,
            Reach::Region(DistributorId(id), String::new()),
        ),
        (Role::CommunityAdmin, Reach::Community(CommunityId(id))),
        (Role::Operator, Reach::Community(CommunityId(id))),
        (Role::User, Reach::Customer(CustomerId(id))),
        (Role::User, Reach::Nothing),
    ];
    for (number, (role, reach)) in (1..).zip(fitting.clone()) {
        accounts
            .insert_account(account(number, role, reach), Act::default())
            .await
            .unwrap();
    }
    let all = accounts.accounts_after(None, 99).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|it| (it.role, it.reach)).collect();
    assert_eq!(all, fitting);
    let page = accounts.accounts_after(Some(user(3)), 2).await.unwrap();
    assert_eq!(
        page.iter().map(|it| it.id).collect::<Vec<_>>(),
        [user(4), user(5)]
    );
    for (role, reach) in [
        (Role::User, Reach::Distributor(DistributorId(id))),
        (Role::SuperAdmin, Reach::Community(CommunityId(id))),
        (Role::Operator, Reach::Customer(CustomerId(id))),
        (Role::Operator, Reach::Nothing),
        (
            Role::CommunityAdmin,
            Reach::Region(DistributorId(id), "a".to_owned()),
        ),
    ] {
        let refused = accounts
            .insert_account(account(99, role, reach), Act::default())
            .await;
        assert!(
            matches!(refused, Err(AccountsError::Unavailable(_))),
            "{role}"
        );
    }
}

pub(crate) async fn of_two_who_change_an_account_at_once_one_is_told(site: &dyn Site) {
    let Opened { accounts, .. } = site.open().await;
    accounts
        .insert_account(nobody(1), Act::default())
        .await
        .unwrap();
    let change = next(&nobody(1));
    let (one, other) = tokio::join!(
        accounts.update_account(change.clone(), Act::default()),
        accounts.update_account(change.clone(), Act::default()),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    let late = one.err().or_else(|| other.err());
    assert!(matches!(late, Some(AccountsError::Stale)), "{late:?}");
    for version in [0, 1, 3, u64::MAX] {
        let stale = accounts.remove_account(user(1), version, Act::default());
        assert!(
            matches!(stale.await, Err(AccountsError::Stale)),
            "{version}"
        );
    }
    let removed = accounts.remove_account(user(1), 2, Act::default());
    removed.await.unwrap();
    let gone = accounts.update_account(next(&change), Act::default()).await;
    assert!(matches!(gone, Err(AccountsError::NotFound)));
    let gone = accounts.remove_account(user(1), 2, Act::default()).await;
    assert!(matches!(gone, Err(AccountsError::NotFound)));
}

pub(crate) async fn of_one_who_changes_an_account_and_one_who_removes_it_one_is_told(
    site: &dyn Site,
) {
    let Opened { accounts, .. } = site.open().await;
    for number in 1..=8 {
        let made = accounts.insert_account(nobody(number), Act::default());
        made.await.unwrap();
        let change = accounts.update_account(next(&nobody(number)), Act::default());
        let removal = accounts.remove_account(user(number), 1, Act::default());
        let (changed, removed) = match number % 2 {
            0 => tokio::join!(change, removal),
            _ => {
                let (removed, changed) = tokio::join!(removal, change);
                (changed, removed)
            }
        };
        let found = accounts.account(AccountName::Id(user(number))).await;
        let left = found.unwrap().map(|account| account.version);
        match (&changed, &removed) {
            (Ok(()), Err(AccountsError::Stale)) => assert_eq!(left, Some(2)),
            (Err(AccountsError::NotFound), Ok(())) => assert_eq!(left, None),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn one_who_runs_the_service_is_always_left(site: &dyn Site) {
    let Opened { accounts, .. } = site.open().await;
    accounts
        .insert_account(root(1), Act::default())
        .await
        .unwrap();
    accounts
        .insert_account(root(2), Act::default())
        .await
        .unwrap();
    let demoted = |number| Account {
        role: Role::User,
        reach: Reach::Nothing,
        ..next(&root(number))
    };
    let (one, other) = tokio::join!(
        accounts.update_account(demoted(1), Act::default()),
        accounts.update_account(demoted(2), Act::default()),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    let last = if one.is_ok() { 2 } else { 1 };
    let disabled = Account {
        disabled_at: Some(at(2)),
        ..next(&root(last))
    };
    for refused in [
        accounts.update_account(demoted(last), Act::default()).await,
        accounts.update_account(disabled, Act::default()).await,
        accounts.remove_account(user(last), 1, Act::default()).await,
    ] {
        assert!(
            matches!(refused, Err(AccountsError::LastOne)),
            "{refused:?}"
        );
    }
    // Who did not see them as they are is told that first.
    let stale = accounts.remove_account(user(last), 2, Act::default()).await;
    assert!(matches!(stale, Err(AccountsError::Stale)), "{stale:?}");
    let renamed = Account {
        name: "other".to_owned(),
        ..next(&root(last))
    };
    accounts
        .update_account(renamed, Act::default())
        .await
        .unwrap();
}

pub(crate) async fn who_cannot_sign_in_runs_no_service(site: &dyn Site) {
    let Opened { accounts, .. } = site.open().await;
    let invited = Account {
        password: None,
        external: None,
        ..root(2)
    };
    for account in [root(1), invited] {
        let made = accounts.insert_account(account, Act::default());
        made.await.unwrap();
    }
    let refused = accounts.remove_account(user(1), 1, Act::default()).await;
    assert!(
        matches!(refused, Err(AccountsError::LastOne)),
        "{refused:?}"
    );
    let gone = accounts.remove_account(user(2), 1, Act::default()).await;
    gone.unwrap();
}

pub(crate) async fn a_tenant_that_people_stand_at_stays(site: &dyn Site) {
    let Opened {
        tenants, accounts, ..
    } = site.open().await;
    settled(&*tenants, &[1]).await;
    let community = CommunityId(Uuid::from_u128(1));
    let id = TenantId::Community(community);
    let resident = account(7, Role::Operator, Reach::Community(community));
    let name = resident.id;
    let made = accounts.insert_account(resident, Act::default());
    made.await.unwrap();
    let refused = tenants.remove_tenant(id, 1, Act::default()).await;
    assert!(
        matches!(refused, Err(TenantsError::HasPeople)),
        "{refused:?}"
    );
    let forest = tenants.forest().await.unwrap();
    assert!(forest.communities.contains_key(&community));
    let gone = accounts.remove_account(name, 1, Act::default()).await;
    gone.unwrap();
    tenants.remove_tenant(id, 1, Act::default()).await.unwrap();
}
