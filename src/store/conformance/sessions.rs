//! Laws of sessions: the newest refresh token alone is good, and an older one ends them all.

use std::time::Duration;

use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::accounts::{next, nobody, user};
use super::audit::unwritable;
use super::fixtures::at;
use super::{Opened, Site};
use crate::store::{
    Account, AccountName, AccountsError, Act, MOST_SESSIONS, RefreshDigests, Rotation,
    SESSION_LIFE, Session,
};

pub(crate) fn session(number: u8, owner: u128) -> Session {
    let created_at = at(number.into());
    Session {
        id: Uuid::from_u128(number.into()),
        user: user(owner),
        digests: RefreshDigests {
            family: [number; 32],
            refresh: [number; 32],
        },
        created_at,
        used_at: created_at,
        expires_at: created_at.plus(SESSION_LIFE),
        agent: Some("ब्राउज़र\0".to_owned()),
        address: None,
    }
}

pub(crate) fn brought(number: u8, refresh: u8) -> RefreshDigests {
    RefreshDigests {
        family: [number; 32],
        refresh: [refresh; 32],
    }
}

/// Signs in whoever a session is of.
pub(crate) async fn sign_in(
    opened: &Opened,
    session: Session,
    act: Act,
) -> Result<(), AccountsError> {
    let found = opened.accounts.account(AccountName::Id(session.user));
    let person = found.await?.unwrap_or_else(|| Account {
        id: session.user,
        ..nobody(99)
    });
    let begun = opened.sessions.begin_session(next(&person), session, act);
    begun.await
}

/// Whether it ended the first session of the first person.
fn is_reused(rotation: &Rotation) -> bool {
    let first = session(1, 1);
    matches!(rotation, Rotation::Reused(it) if (it.id, it.user) == (first.id, first.user))
}

fn rotated(rotation: Rotation) -> Session {
    match rotation {
        Rotation::Rotated(session) => session,
        other @ (Rotation::Reused(_) | Rotation::Unknown) => panic!("{other:?}"),
    }
}

pub(crate) async fn a_session_goes_on_under_the_newest_token_alone(site: &dyn Site) {
    {
        let opened = with_one(site, &[1]).await;
        let first = opened
            .sessions
            .rotate_session(brought(1, 1), [2; 32], at(9), Act::default())
            .await
            .unwrap();
        let now = Session {
            used_at: at(9),
            digests: brought(1, 2),
            ..session(1, 1)
        };
        assert_eq!(rotated(first), now);
    }
    let Opened { sessions, .. } = site.open().await;
    let second = sessions
        .rotate_session(brought(1, 2), [3; 32], at(10), Act::default())
        .await
        .unwrap();
    assert_eq!(rotated(second).digests, brought(1, 3));
    let stranger = sessions
        .rotate_session(brought(7, 1), [4; 32], at(11), Act::default())
        .await
        .unwrap();
    assert_eq!(stranger, Rotation::Unknown);
}

pub(crate) async fn an_older_token_of_any_age_ends_the_family(site: &dyn Site) {
    let Opened { sessions, .. } = with_one(site, &[1, 2]).await;
    for number in [1, 2] {
        for age in 3..6 {
            let from = if age == 3 { number } else { age - 1 };
            let turn =
                sessions.rotate_session(brought(number, from), [age; 32], at(9), Act::default());
            rotated(turn.await.unwrap());
        }
    }
    let reused = sessions
        .rotate_session(brought(1, 1), [9; 32], at(10), Act::default())
        .await
        .unwrap();
    assert!(is_reused(&reused), "{reused:?}");
    let newest = sessions
        .rotate_session(brought(1, 5), [9; 32], at(11), Act::default())
        .await
        .unwrap();
    assert_eq!(newest, Rotation::Unknown);
    let left = sessions.sessions_of(user(1), at(11)).await.unwrap();
    assert_eq!(
        left.iter().map(|it| it.id).collect::<Vec<_>>(),
        [session(2, 1).id]
    );
}

pub(crate) async fn of_two_who_bring_a_token_at_once_exactly_one_is_given_the_next(
    site: &dyn Site,
) {
    let Opened { sessions, .. } = with_one(site, &[1]).await;
    let (one, other) = tokio::join!(
        sessions.rotate_session(brought(1, 1), [2; 32], at(9), Act::default()),
        sessions.rotate_session(brought(1, 1), [3; 32], at(9), Act::default()),
    );
    let is_won = |rotation: &Rotation| matches!(rotation, Rotation::Rotated(_));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(
        u8::from(is_won(&one)) + u8::from(is_won(&other)),
        1,
        "{one:?} {other:?}"
    );
    let lost = if is_won(&one) { other } else { one };
    assert!(is_reused(&lost), "{lost:?}");
}

/// One person with these sessions.
async fn with_one(site: &dyn Site, numbers: &[u8]) -> Opened {
    let opened = site.open().await;
    let added = opened.accounts.insert_account(nobody(1), Act::default());
    added.await.unwrap();
    for number in numbers {
        let begun = sign_in(&opened, session(*number, 1), Act::default());
        begun.await.unwrap();
    }
    opened
}

/// Two people: three sessions of the first, and one of the second.
async fn two_people(site: &dyn Site) -> Opened {
    let opened = site.open().await;
    for person in [1, 2] {
        let added = opened
            .accounts
            .insert_account(nobody(person), Act::default());
        added.await.unwrap();
    }
    for (number, owner) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        let begun = sign_in(&opened, session(number, owner), Act::default());
        begun.await.unwrap();
    }
    opened
}

/// The sessions of somebody that go on.
async fn of(opened: &Opened, owner: u128, now: Timestamp) -> Vec<u128> {
    let found = opened.sessions.sessions_of(user(owner), now).await.unwrap();
    found.iter().map(|it| it.id.as_u128()).collect()
}

pub(crate) async fn a_sign_in_spends_what_it_takes_and_begins_a_session_or_neither(
    site: &dyn Site,
) {
    let opened = two_people(site).await;
    let made_for_them = Account {
        one_time_until: Some(at(100)),
        must_change_password: true,
        ..nobody(3)
    };
    let made = opened
        .accounts
        .insert_account(made_for_them.clone(), Act::default());
    made.await.unwrap();
    let spent = Account {
        one_time_until: Some(at(5)),
        ..next(&made_for_them)
    };
    let begin = async |account: &Account, session: Session, act: Act| {
        let begun = opened.sessions.begin_session(account.clone(), session, act);
        begun.await
    };
    let left = async || {
        let found = opened.accounts.account(AccountName::Id(user(3))).await;
        let found = found.unwrap().unwrap();
        let sessions = of(&opened, 3, at(9)).await;
        (found.version, found.one_time_until, sessions)
    };
    let unspent = (1, Some(at(100)), Vec::new());
    let refused = begin(&spent, session(5, 3), unwritable()).await;
    assert!(matches!(refused, Err(AccountsError::Unavailable(_))));
    assert_eq!(left().await, unspent);
    // There is a session of this name.
    let refused = begin(&spent, session(4, 3), Act::default()).await;
    assert!(matches!(refused, Err(AccountsError::Unavailable(_))));
    assert_eq!(left().await, unspent);
    let refused = begin(&next(&spent), session(5, 3), Act::default()).await;
    assert!(matches!(refused, Err(AccountsError::Stale)), "{refused:?}");
    assert_eq!(left().await, unspent);
    begin(&spent, session(5, 3), Act::default()).await.unwrap();
    assert_eq!(left().await, (2, Some(at(5)), vec![5]));
    let again = begin(&spent, session(6, 3), Act::default()).await;
    assert!(matches!(again, Err(AccountsError::Stale)), "{again:?}");
    assert_eq!(left().await, (2, Some(at(5)), vec![5]));
}

pub(crate) async fn a_session_ends_by_hand_and_by_time(site: &dyn Site) {
    let opened = two_people(site).await;
    let sessions = &opened.sessions;
    let refused = sign_in(&opened, session(9, 9), Act::default()).await;
    assert!(
        matches!(refused, Err(AccountsError::NotFound)),
        "{refused:?}"
    );
    assert_eq!(of(&opened, 1, at(9)).await, [3, 2, 1]);
    let end = async |owner| {
        let ended = sessions.end_session(user(owner), session(1, 1).id, at(9), Act::default());
        ended.await
    };
    assert!(matches!(end(2).await, Err(AccountsError::NotFound)));
    end(1).await.unwrap();
    assert!(matches!(end(1).await, Err(AccountsError::NotFound)));
    assert_eq!(of(&opened, 1, at(9)).await, [3, 2]);
    assert_eq!(of(&opened, 1, session(2, 1).expires_at).await, [3]);
    let over = sessions
        .rotate_session(brought(1, 1), [8; 32], at(9), Act::default())
        .await;
    assert_eq!(over.unwrap(), Rotation::Unknown);
}

pub(crate) async fn sessions_end_when_their_person_is_put_out(site: &dyn Site) {
    let opened = two_people(site).await;
    let moved = Account {
        valid_from: at(3),
        version: 5,
        ..nobody(1)
    };
    let disabled = Account {
        disabled_at: Some(at(9)),
        version: 3,
        ..nobody(2)
    };
    for account in [moved, disabled] {
        let changed = opened.accounts.update_account(account, Act::default());
        changed.await.unwrap();
    }
    assert_eq!(of(&opened, 1, at(9)).await, [3]);
    for number in [1, 2, 4] {
        let over = brought(number, number);
        let over = opened
            .sessions
            .rotate_session(over, [8; 32], at(9), Act::default())
            .await;
        assert_eq!(over.unwrap(), Rotation::Unknown, "{number}");
    }
    let removed = opened.accounts.remove_account(user(1), 5, Act::default());
    removed.await.unwrap();
    assert_eq!(of(&opened, 1, at(9)).await, [0; 0]);
}

pub(crate) async fn a_person_keeps_the_newest_sessions_and_no_more(site: &dyn Site) {
    let most = u8::try_from(MOST_SESSIONS).unwrap();
    let numbers: Vec<u8> = (1..=most + 2).collect();
    let Opened { sessions, .. } = with_one(site, &numbers).await;
    let left = sessions.sessions_of(user(1), at(99)).await.unwrap();
    assert_eq!(left.len(), usize::from(most));
    assert_eq!(left.last().unwrap().id, session(3, 1).id);
}

pub(crate) async fn what_is_over_is_forgotten_a_few_at_a_time(site: &dyn Site) {
    let Opened { sessions, .. } = with_one(site, &[1, 2, 3]).await;
    for number in 1..=3 {
        sessions
            .deny_token([number; 32], at(number.into()), Act::default())
            .await
            .unwrap();
        sessions
            .deny_token([number; 32], at(99), Act::default())
            .await
            .unwrap();
    }
    let over = session(3, 1).expires_at.plus(Duration::from_secs(1));
    assert_eq!(sessions.forget_expired(at(2), 9).await.unwrap(), 1);
    assert_eq!(sessions.forget_expired(over, 2).await.unwrap(), 4);
    assert_eq!(sessions.forget_expired(over, 2).await.unwrap(), 1);
    assert_eq!(sessions.forget_expired(over, 2).await.unwrap(), 0);
}
