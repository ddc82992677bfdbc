//! Laws of what is done to accounts and sessions: no row of the audit, no act; and an answer is kept with what it is
//! about.

use secrecy::SecretString;

use super::accounts::{account, nobody, user};
use super::audit::{MINE, count, noted, unwritable};
use super::fixtures::at;
use super::receipts::{begun, kept, name, open};
use super::sessions::{brought, session};
use super::{Opened, Site};
use crate::access::{Reach, Role};
use crate::auth::lockout::Failures;
use crate::store::{Account, AccountName, AccountsError, Act, Bearer, Rotation};

/// What is there of the people and their sessions, in words.
async fn told(opened: &Opened) -> String {
    let accounts = opened.accounts.accounts_after(None, 100).await.unwrap();
    let accounts = accounts.iter().map(|it| (it.id, it.version, it.failures));
    let accounts: Vec<_> = accounts.collect();
    let sessions = opened.sessions.sessions_of(user(1), at(9)).await.unwrap();
    let bearer = Bearer {
        name: AccountName::Id(user(1)),
        session: None,
        digest: [9; 32],
    };
    let standing = opened.accounts.standing(bearer, at(9)).await.unwrap();
    format!("{accounts:?} {sessions:?} {}", standing.is_denied)
}

/// Everything that can be done to people, one after the other, each together with `act`.
async fn done(opened: &Opened, act: impl Fn() -> Act) -> Vec<bool> {
    let Opened {
        accounts, sessions, ..
    } = opened;
    let next = Account {
        version: 2,
        failures: Failures::NONE.and_one(at(1)),
        ..nobody(1)
    };
    // The good token first, so that what is brought then was good once.
    let (newest, older) = (brought(2, 2), brought(2, 7));
    let go_on = sessions.rotate_session(newest, [8; 32], at(5), Act::default());
    let _went_on = go_on.await;
    vec![
        accounts.insert_account(nobody(1), act()).await.is_ok(),
        accounts.update_account(next, act()).await.is_ok(),
        sessions.insert_session(session(1, 1), act()).await.is_ok(),
        sessions.insert_session(session(2, 1), act()).await.is_ok(),
        sessions
            .end_session(user(1), session(1, 1).id, at(5), act())
            .await
            .is_ok(),
        matches!(
            sessions.rotate_session(older, [9; 32], at(6), act()).await,
            Ok(Rotation::Reused(_))
        ),
        sessions.deny_token([9; 32], at(100), act()).await.is_ok(),
        accounts.remove_account(user(1), 2, act()).await.is_ok(),
    ]
}

pub(crate) async fn what_is_done_to_people_is_written_down_or_does_not_happen(site: &dyn Site) {
    let opened = site.open().await;
    let before = told(&opened).await;
    assert_eq!(done(&opened, unwritable).await, [false; 8]);
    assert_eq!(told(&opened).await, before);
    assert_eq!(count(&*opened.audit).await, 0);
    let (accounts, sessions) = (&opened.accounts, &opened.sessions);
    accounts
        .insert_account(nobody(1), noted(MINE, 1))
        .await
        .unwrap();
    for number in [1, 2] {
        let began = sessions.insert_session(session(number, 1), noted(MINE, 1));
        began.await.unwrap();
    }
    // Of somebody who is there, with their sessions, nothing is changed either.
    let before = told(&opened).await;
    let outcomes = done(&opened, unwritable).await;
    assert_eq!(outcomes, [false; 8]);
    let goes_on = told(&opened).await;
    assert_eq!(
        goes_on.matches("Session").count(),
        before.matches("Session").count()
    );
    assert!(goes_on.ends_with("false"), "{goes_on}");
    assert_eq!(count(&*opened.audit).await, 3);
    accounts
        .remove_account(user(1), 1, noted(MINE, 1))
        .await
        .unwrap();
    assert_eq!(done(&opened, || noted(MINE, 2)).await, [true; 8]);
    assert_eq!(count(&*opened.audit).await, 12);
}

pub(crate) async fn an_account_and_its_answer_are_kept_together_or_not_at_all(site: &dyn Site) {
    let Opened {
        accounts, receipts, ..
    } = site.open().await;
    for key in ["a", "b"] {
        begun(&*receipts, name(1, key), 1, at(1)).await;
    }
    let made = accounts.insert_account(nobody(1), kept(name(1, "a"), "made").into());
    made.await.unwrap();
    assert_eq!(begun(&*receipts, name(1, "a"), 1, at(2)).await, "made");
    let taken = Account {
        id: user(2),
        password: Some(SecretString::from("$argon2id$")),
        ..account(1, Role::SuperAdmin, Reach::All)
    };
    let taken = accounts.insert_account(taken, kept(name(1, "b"), "made").into());
    assert!(matches!(taken.await, Err(AccountsError::Taken)));
    assert_eq!(begun(&*receipts, name(1, "b"), 1, at(2)).await, open(1));
    // A request that is answered, or was never begun, makes nobody.
    for key in ["a", "c"] {
        let again = accounts.insert_account(nobody(3), kept(name(1, key), "again").into());
        assert!(again.await.is_err());
    }
    assert_eq!(accounts.accounts_after(None, 9).await.unwrap().len(), 1);
}
