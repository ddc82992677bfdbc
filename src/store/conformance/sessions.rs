//! Laws of sessions: the newest refresh token alone is good, and an older one ends them all.

use std::time::Duration;

use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::accounts::{nobody, user};
use super::fixtures::at;
use super::{Opened, Site};
use crate::store::{
    Account, AccountsError, Act, MOST_SESSIONS, RefreshDigests, Rotation, SESSION_LIFE, Session,
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
        let Opened {
            accounts, sessions, ..
        } = site.open().await;
        accounts
            .insert_account(nobody(1), Act::default())
            .await
            .unwrap();
        sessions
            .insert_session(session(1, 1), Act::default())
            .await
            .unwrap();
        let first = sessions
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
    let Opened {
        accounts, sessions, ..
    } = site.open().await;
    accounts
        .insert_account(nobody(1), Act::default())
        .await
        .unwrap();
    for number in [1, 2] {
        sessions
            .insert_session(session(number, 1), Act::default())
            .await
            .unwrap();
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
    let Opened {
        accounts, sessions, ..
    } = site.open().await;
    accounts
        .insert_account(nobody(1), Act::default())
        .await
        .unwrap();
    sessions
        .insert_session(session(1, 1), Act::default())
        .await
        .unwrap();
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
        let begun = opened
            .sessions
            .insert_session(session(number, owner), Act::default());
        begun.await.unwrap();
    }
    opened
}

/// The sessions of somebody that go on.
async fn of(opened: &Opened, owner: u128, now: Timestamp) -> Vec<u128> {
    let found = opened.sessions.sessions_of(user(owner), now).await.unwrap();
    found.iter().map(|it| it.id.as_u128()).collect()
}

pub(crate) async fn a_session_ends_by_hand_and_by_time(site: &dyn Site) {
    let opened = two_people(site).await;
    let sessions = &opened.sessions;
    let refused = sessions.insert_session(session(9, 9), Act::default()).await;
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
        version: 2,
        ..nobody(1)
    };
    let disabled = Account {
        disabled_at: Some(at(9)),
        version: 2,
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
    let removed = opened.accounts.remove_account(user(1), 2, Act::default());
    removed.await.unwrap();
    assert_eq!(of(&opened, 1, at(9)).await, [0; 0]);
}

pub(crate) async fn a_person_keeps_the_newest_sessions_and_no_more(site: &dyn Site) {
    let Opened {
        accounts, sessions, ..
    } = site.open().await;
    accounts
        .insert_account(nobody(1), Act::default())
        .await
        .unwrap();
    let most = u8::try_from(MOST_SESSIONS).unwrap();
    for number in 1..=most + 2 {
        sessions
            .insert_session(session(number, 1), Act::default())
            .await
            .unwrap();
    }
    let left = sessions.sessions_of(user(1), at(99)).await.unwrap();
    assert_eq!(left.len(), usize::from(most));
    assert_eq!(left.last().unwrap().id, session(3, 1).id);
}

pub(crate) async fn what_is_over_is_forgotten_a_few_at_a_time(site: &dyn Site) {
    let Opened {
        accounts, sessions, ..
    } = site.open().await;
    accounts
        .insert_account(nobody(1), Act::default())
        .await
        .unwrap();
    for number in 1..=3 {
        sessions
            .insert_session(session(number, 1), Act::default())
            .await
            .unwrap();
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
