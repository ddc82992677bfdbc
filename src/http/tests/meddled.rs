//! A store of people in which somebody is quicker: an account is changed between its being judged and its removal.

use std::sync::{Arc, Mutex};

use axum::http::{Method, StatusCode};
use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use serde_json::json;
use uuid::Uuid;

use super::scene::{Reply, request};
use super::users::{Places, places};
use crate::access::{Role, UserId};
use crate::auth::lockout::Failures;
use crate::store::{
    Account, AccountName, Accounts, AccountsError, Act, Bearer, RefreshDigests, Rotation, Session,
    Sessions, SqliteStore, Standing,
};

type Change = fn(Account) -> Account;

/// See the module.
#[derive(Debug)]
pub(super) struct Meddled {
    store: Arc<SqliteStore>,
    /// What is done to whoever is removed next, just before.
    change: Mutex<Option<Change>>,
}

impl Meddled {
    pub(super) fn over(store: Arc<SqliteStore>) -> Self {
        let change = Mutex::default();
        Self { store, change }
    }
}

impl Accounts for Meddled {
    fn standing(
        &self,
        bearer: Bearer,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, AccountsError>> {
        self.store.standing(bearer, now)
    }

    fn account(&self, name: AccountName) -> BoxFuture<'_, Result<Option<Account>, AccountsError>> {
        self.store.account(name)
    }

    fn accounts_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Account>, AccountsError>> {
        self.store.accounts_after(after, limit)
    }

    fn insert_account(
        &self,
        account: Account,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        self.store.insert_account(account, act)
    }

    fn update_account(
        &self,
        account: Account,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        self.store.update_account(account, act)
    }

    fn remove_account(
        &self,
        id: UserId,
        version: u64,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        let change = self.change.lock().unwrap().take();
        Box::pin(async move {
            if let Some(change) = change {
                let found = self.store.account(AccountName::Id(id)).await?.unwrap();
                let version = found.version + 1;
                let changed = Account {
                    version,
                    ..change(found)
                };
                self.store.update_account(changed, Act::default()).await?;
            }
            self.store.remove_account(id, version, act).await
        })
    }
}

impl Sessions for Meddled {
    fn begin_session(
        &self,
        account: Account,
        session: Session,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        self.store.begin_session(account, session, act)
    }

    fn rotate_session(
        &self,
        brought: RefreshDigests,
        next: [u8; 32],
        now: Timestamp,
        ending: Act,
    ) -> BoxFuture<'_, Result<Rotation, AccountsError>> {
        self.store.rotate_session(brought, next, now, ending)
    }

    fn session_of(
        &self,
        family: [u8; 32],
    ) -> BoxFuture<'_, Result<Option<Session>, AccountsError>> {
        self.store.session_of(family)
    }

    fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Session>, AccountsError>> {
        self.store.sessions_of(user, now)
    }

    fn end_session(
        &self,
        user: UserId,
        id: Uuid,
        now: Timestamp,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        self.store.end_session(user, id, now, act)
    }

    fn deny_token(
        &self,
        digest: [u8; 32],
        until: Timestamp,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        self.store.deny_token(digest, until, act)
    }

    fn forget_expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, AccountsError>> {
        self.store.forget_expired(before, limit)
    }
}

/// Removes the operator of the east as they were read, while they are changed.
async fn removed(places: &Places, change: Change) -> Reply {
    let path = format!("/{}", places.of_east.account.id);
    let shown = places.ask(&places.east, Method::GET, &path, None).await;
    let path = format!("/api/v1/admin/users{path}");
    let mut removal = request(Method::DELETE, &path, "");
    let headers = removal.headers_mut();
    let bearer = format!("Bearer {}", places.east).parse().unwrap();
    headers.insert("authorization", bearer);
    headers.insert("if-match", shown.header("etag").parse().unwrap());
    *places.scene.rooms.people.change.lock().unwrap() = Some(change);
    places.scene.send(removal).await
}

#[tokio::test]
async fn whoever_is_changed_in_the_middle_of_it_is_not_removed_as_what_they_were() {
    let places = places().await;
    let renamed = removed(&places, |account| Account {
        name: "Another".to_owned(),
        ..account
    });
    assert_eq!(renamed.await.code(), "precondition_failed");
    let raised = removed(&places, |account| Account {
        role: Role::CommunityAdmin,
        ..account
    });
    assert_eq!(raised.await.code(), "forbidden");
    let path = format!("/{}", places.of_east.account.id);
    let shown = places.ask(&places.root, Method::GET, &path, None).await;
    let shown = shown.json();
    assert_eq!(
        [&shown["name"], &shown["role"]],
        [&json!("Another"), &json!("community_admin")]
    );
}

#[tokio::test]
async fn a_wrong_guess_in_the_middle_of_it_keeps_nobody_from_being_removed() {
    let places = places().await;
    let removed = removed(&places, |account| Account {
        failures: Failures::NONE.and_one(Timestamp::from_secs(1)),
        ..account
    });
    assert_eq!(removed.await.status, StatusCode::NO_CONTENT);
}
