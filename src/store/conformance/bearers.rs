//! Laws of those who bear tokens: what is known of them, and when they are let in no more.

use uuid::Uuid;

use super::accounts::{next, nobody, user};
use super::fixtures::at;
use super::sessions::session;
use super::{Opened, Site};
use crate::access::{Reach, Role};
use crate::store::{Account, AccountName, Act, Bearer, Session, Standing};

/// The id that the first person has elsewhere.
const EXTERNAL: Uuid = Uuid::from_u128(77);

/// One person with one session.
async fn with_a_session(site: &dyn Site) -> (Opened, Account, Session) {
    let opened = site.open().await;
    let invited = Account {
        external: Some(EXTERNAL),
        ..nobody(1)
    };
    let (person, session) = (next(&invited), session(1, 1));
    let added = opened.accounts.insert_account(invited, Act::default());
    added.await.unwrap();
    let sessions = &opened.sessions;
    let begun = sessions.begin_session(person.clone(), session.clone(), Act::default());
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
        digests: [[9; 32], [8; 32]],
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
    // Another's, that of the session elsewhere, and the token's own.
    for (digest, until, denied_until) in [([7; 32], 9, 0), ([8; 32], 3, 3), ([9; 32], 5, 5)] {
        let denied = opened
            .sessions
            .deny_token(digest, at(until), Act::default());
        denied.await.unwrap();
        for (person, second) in [(1, 2), (1, 4), (1, 5), (3, 2)] {
            let found = standing(&opened, AccountName::Id(user(person)), None, second).await;
            let is_denied = second < denied_until;
            assert_eq!(found.is_denied, is_denied, "{person} at {second}");
        }
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
