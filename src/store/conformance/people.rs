//! Laws of what is done to accounts and sessions: no row of the audit, no act; and an answer is kept with what it is
//! about.

use secrecy::{ExposeSecret as _, SecretString};

use super::accounts::{account, next, nobody, user};
use super::audit::{MINE, count, noted, unwritable};
use super::fixtures::at;
use super::receipts::{begun, kept, name, open};
use super::sessions::{brought, session, sign_in};
use super::{Opened, Site};
use crate::access::{Reach, Role};
use crate::auth::lockout::Failures;
use crate::store::{Account, AccountName, AccountsError, Act, Bearer, Rotation};

/// What is there of the people and their sessions, in words; of secrets the words themselves.
async fn told(opened: &Opened) -> String {
    let accounts = opened.accounts.accounts_after(None, 100).await.unwrap();
    let password = |it: &Account| it.password.as_ref().map(|it| it.expose_secret().to_owned());
    let passwords: Vec<_> = accounts.iter().map(password).collect();
    let mut sessions = Vec::new();
    for account in &accounts {
        sessions.extend(
            opened
                .sessions
                .sessions_of(account.id, at(9))
                .await
                .unwrap(),
        );
    }
    let bearer = Bearer {
        name: AccountName::Id(user(1)),
        session: Some(session(1, 1).id),
        digests: [[9; 32]; 2],
    };
    let standing = opened.accounts.standing(bearer, at(9)).await.unwrap();
    format!("{accounts:?} {passwords:?} {sessions:?} {standing:?}")
}

/// Everything that can be done to people, one after the other, each together with `act`: to somebody new, and to the
/// first person, who has sessions 1 and 2.
async fn done(opened: &Opened, act: impl Fn() -> Act) -> [bool; 7] {
    let Opened {
        accounts, sessions, ..
    } = opened;
    let first = async || {
        let found = accounts.account(AccountName::Id(user(1))).await;
        found.unwrap().unwrap()
    };
    let changed = async || Account {
        failures: Failures::NONE.and_one(at(1)),
        password: Some(SecretString::from("$argon2id$another")),
        ..next(&first().await)
    };
    let (end, older) = (session(1, 1).id, brought(2, 7));
    [
        accounts.insert_account(nobody(3), act()).await.is_ok(),
        accounts
            .update_account(changed().await, act())
            .await
            .is_ok(),
        sign_in(opened, session(3, 1), act()).await.is_ok(),
        sessions
            .end_session(user(1), end, at(5), act())
            .await
            .is_ok(),
        matches!(
            sessions.rotate_session(older, [9; 32], at(6), act()).await,
            Ok(Rotation::Reused(_))
        ),
        sessions.deny_token([9; 32], at(100), act()).await.is_ok(),
        accounts
            .remove_account(user(1), first().await.version, act())
            .await
            .is_ok(),
    ]
}

pub(crate) async fn what_is_done_to_people_is_written_down_or_does_not_happen(site: &dyn Site) {
    let opened = site.open().await;
    for number in [1, 2] {
        let made = opened
            .accounts
            .insert_account(nobody(number), noted(MINE, 1));
        made.await.unwrap();
    }
    for number in [1, 2] {
        let began = sign_in(&opened, session(number, 1), noted(MINE, 1));
        began.await.unwrap();
    }
    let before = told(&opened).await;
    assert_eq!(done(&opened, unwritable).await, [false; 7]);
    assert_eq!(told(&opened).await, before);
    assert_eq!(count(&*opened.audit).await, 4);
    // None of them failed for another reason.
    assert_eq!(done(&opened, || noted(MINE, 2)).await, [true; 7]);
    assert_eq!(count(&*opened.audit).await, 4 + 7);
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
