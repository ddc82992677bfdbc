//! Laws of accounts: one address, one account; nobody undoes another's change; one runs the service.

use evara_actors::domain::Timestamp;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use uuid::Uuid;

use super::fixtures::at;
use super::tenants::settled;
use super::{Opened, Site};
use crate::access::{CommunityId, CustomerId, DistributorId, Reach, Role, TenantId, UserId};
use crate::auth::lockout::Failures;
use crate::store::{
    Account, AccountName, AccountsError, Act, Authenticator, Bearer, EmailAddress, Session,
    Standing, TenantsError,
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

fn next(account: &Account) -> Account {
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
    let Opened { accounts, .. } = site.open().await;
    let id = Uuid::from_u128(5);
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
    accounts
        .remove_account(user(1), Act::default())
        .await
        .unwrap();
    let gone = accounts.update_account(next(&change), Act::default()).await;
    assert!(matches!(gone, Err(AccountsError::NotFound)));
    let gone = accounts.remove_account(user(1), Act::default()).await;
    assert!(matches!(gone, Err(AccountsError::NotFound)));
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
        accounts.remove_account(user(last), Act::default()).await,
    ] {
        assert!(
            matches!(refused, Err(AccountsError::LastOne)),
            "{refused:?}"
        );
    }
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
    let refused = accounts.remove_account(user(1), Act::default()).await;
    assert!(
        matches!(refused, Err(AccountsError::LastOne)),
        "{refused:?}"
    );
    let gone = accounts.remove_account(user(2), Act::default()).await;
    gone.unwrap();
}

/// The id that the first person has elsewhere.
const EXTERNAL: Uuid = Uuid::from_u128(77);

/// One person with one session.
async fn with_a_session(site: &dyn Site) -> (Opened, Account, Session) {
    let opened = site.open().await;
    let person = Account {
        external: Some(EXTERNAL),
        ..nobody(1)
    };
    let session = super::sessions::session(1, 1);
    let added = opened
        .accounts
        .insert_account(person.clone(), Act::default());
    added.await.unwrap();
    let begun = opened
        .sessions
        .insert_session(session.clone(), Act::default());
    begun.await.unwrap();
    (opened, person, session)
}

/// What is known of the bearer of a token, at a second.
async fn standing(
    opened: &Opened,
    name: AccountName,
    session: Option<Uuid>,
    second: i64,
) -> Standing {
    let bearer = Bearer {
        name,
        session,
        digest: [9; 32],
    };
    opened.accounts.standing(bearer, at(second)).await.unwrap()
}

pub(crate) async fn a_bearer_is_known_by_account_and_session(site: &dyn Site) {
    let (opened, _, session) = with_a_session(site).await;
    let own = || AccountName::Id(user(1));
    let found = standing(&opened, own(), Some(session.id), 2)
        .await
        .account
        .unwrap();
    assert!(found.has_session && !found.is_disabled);
    assert_eq!(
        (found.id, found.role, found.reach),
        (user(1), Role::User, Reach::Nothing)
    );
    let late = session.expires_at.millis() / 1000 - at(0).millis() / 1000;
    for (name, named, second, has_session) in [
        (own(), None, 2, false),
        (own(), Some(Uuid::from_u128(8)), 2, false),
        (own(), Some(session.id), late, false),
        (AccountName::External(EXTERNAL), None, 2, false),
    ] {
        let found = standing(&opened, name, named, second)
            .await
            .account
            .unwrap();
        assert_eq!((found.id, found.has_session), (user(1), has_session));
    }
    let other = AccountName::External(Uuid::from_u128(1));
    let nobody = Standing {
        is_denied: false,
        account: None,
    };
    assert_eq!(standing(&opened, other, None, 2).await, nobody);
}

pub(crate) async fn a_token_that_was_denied_is_denied_until_it_ends(site: &dyn Site) {
    let (opened, ..) = with_a_session(site).await;
    let denied = opened.sessions.deny_token([9; 32], at(5), Act::default());
    denied.await.unwrap();
    for (person, second, is_denied) in [(1, 4, true), (1, 5, false), (3, 4, true)] {
        let found = standing(&opened, AccountName::Id(user(person)), None, second).await;
        assert_eq!(found.is_denied, is_denied, "{person} at {second}");
    }
}

pub(crate) async fn whoever_was_put_out_has_no_session_any_more(site: &dyn Site) {
    let (opened, person, session) = with_a_session(site).await;
    let moved = Account {
        valid_from: session.created_at.plus(std::time::Duration::from_millis(1)),
        disabled_at: Some(at(3)),
        ..next(&person)
    };
    let changed = opened.accounts.update_account(moved, Act::default());
    changed.await.unwrap();
    let found = standing(&opened, AccountName::Id(user(1)), Some(session.id), 4).await;
    let found = found.account.unwrap();
    assert!(!found.has_session && found.is_disabled);
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
    accounts.remove_account(name, Act::default()).await.unwrap();
    tenants.remove_tenant(id, 1, Act::default()).await.unwrap();
}
