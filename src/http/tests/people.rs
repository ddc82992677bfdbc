//! Accounts of a service in memory: a store of their own, a clock that goes with the timer, and a project
//! whose people come along.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{Method, StatusCode};
use evara_actors::domain::Timestamp;
use evara_actors::ports::{BoxFuture, Clock};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::meddled::Meddled;
use super::scene::{Reply, Scene, TOKEN, empty_inside, request};
use crate::access::{Principal, Reach, Role, Tenants, UserId};
use crate::app::accounts::{Account, Accounts, NewAccount};
use crate::app::identity::{Freshness, Identities, Unknown};
use crate::app::tenancy::Tenancy;
use crate::auth::token::forged::{self, Counted};
use crate::http::Inside;
use crate::limits::{Limits, Quotas};
use crate::store::{SecretBox, SqliteStore};

/// What people of tests chose.
const OWN: &str = "seven herons in a pond";

/// Where people are kept for a test.
pub(super) struct Rooms {
    directory: PathBuf,
    pub(super) store: Arc<SqliteStore>,
    /// The same as the accounts have it.
    pub(super) people: Arc<Meddled>,
    /// What the project was asked.
    pub(super) project: Arc<Counted>,
    pub(super) clock: Arc<Going>,
}

/// A clock that shows the time of the forged tokens, and goes with the runtime's timer.
#[derive(Debug)]
pub(super) struct Going {
    since: Instant,
    is_stopped: AtomicBool,
}

impl Going {
    /// From now on it is always the time of the forged tokens.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

impl Clock for Going {
    fn now(&self) -> Timestamp {
        if self.is_stopped.load(Ordering::Relaxed) {
            return forged::NOW;
        }
        forged::NOW.plus(self.since.elapsed())
    }
}

impl Rooms {
    pub(super) fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("evara-people-{}", Uuid::new_v4()));
        let keys = SecretBox::new(&SecretString::from("k".repeat(32))).unwrap();
        let store = Arc::new(SqliteStore::open(&directory, keys).unwrap());
        Self {
            directory,
            people: Arc::new(Meddled::over(Arc::clone(&store))),
            store,
            project: Arc::default(),
            clock: Arc::new(Going {
                since: Instant::now(),
                is_stopped: AtomicBool::new(false),
            }),
        }
    }

    /// Does something to where they are kept, as somebody with a shell would.
    pub(super) fn shell(&self, sql: &str) {
        let database = rusqlite::Connection::open(self.directory.join("evara.db")).unwrap();
        database.execute_batch(sql).unwrap();
    }

    pub(super) fn accounts(&self, tenancy: Tenancy) -> Accounts {
        let tokens = forged::tokens(self.project.clone(), self.clock.clone());
        let people = Arc::clone(&self.people);
        Accounts::new(people, tokens, self.clock.clone(), tenancy)
    }
}

impl Drop for Rooms {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.directory);
    }
}

/// A service in memory, and where its people are kept.
pub(super) struct Inhabited {
    pub(super) scene: Scene,
    pub(super) rooms: Rooms,
}

impl Deref for Inhabited {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl Inhabited {
    /// Without nodes, and with nobody yet.
    pub(super) async fn new() -> Self {
        Self::within(Limits::new(Quotas::MOST)).await
    }

    /// The same, where everyone may ask so often.
    pub(super) async fn within(limits: Limits) -> Self {
        let rooms = Rooms::new();
        let inside = empty_inside(Arc::new(OneOperator)).await;
        // Tenants are where their people are, as in a service.
        let tenancy = Tenancy::over(rooms.store.clone());
        let accounts = rooms.accounts(tenancy.clone());
        let inside = Inside {
            tenancy,
            accounts: accounts.clone(),
            identities: Arc::new(accounts),
            limits,
            ..inside
        };
        let scene = Scene::of(inside);
        Self { scene, rooms }
    }
}

/// Somebody with an account, and their password.
pub(super) struct Person {
    pub(super) account: Account,
    pub(super) password: String,
}

impl Scene {
    /// Makes somebody who signs in by a password.
    pub(super) async fn person(&self, name: &str, role: Role, tenants: Tenants) -> Person {
        let new = NewAccount {
            email: format!("{name}@example.org"),
            name: name.to_owned(),
            role,
            tenants,
            has_password: true,
        };
        let accounts = &self.state.accounts;
        let console = self.state.audit.console();
        let made = accounts.make(new, &console).await.unwrap();
        let person = Principal {
            user: made.account.id,
            session: None,
            role,
            reach: made.account.reach.clone(),
            must_change_password: true,
        };
        let both = (made.password.unwrap(), OWN.into());
        let changed = accounts.change_password(&person, both, &console);
        changed.await.unwrap();
        Person {
            account: made.account,
            password: OWN.to_owned(),
        }
    }

    /// Makes somebody who runs the service.
    pub(super) async fn root(&self) -> Person {
        self.person("root", Role::SuperAdmin, Tenants::default())
            .await
    }

    /// The answer to somebody who signs in.
    pub(super) async fn log_in(&self, email: &str, password: &str, totp: Option<&str>) -> Reply {
        let mut body = json!({ "email": email, "password": password });
        if let Some(code) = totp {
            body["totp"] = json!(code);
        }
        self.ask_as("", Method::POST, "/auth/login", Some(body))
            .await
    }

    /// What somebody is given who signs in.
    pub(super) async fn signed_in(&self, person: &Person) -> Value {
        let email = person.account.email.as_str();
        let reply = self.log_in(email, &person.password, None).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.json());
        reply.json()
    }

    /// A token of somebody.
    pub(super) async fn token(&self, person: &Person) -> String {
        let signed_in = self.signed_in(person).await;
        signed_in["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks as whoever bears `token`.
    pub(super) async fn ask_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let body = body.map_or_else(String::new, |body| body.to_string());
        let mut request = request(method, &format!("/api/v1{path}"), &body);
        let headers = request.headers_mut();
        headers.remove("authorization");
        if !token.is_empty() {
            let bearer = format!("Bearer {token}").parse().unwrap();
            headers.insert("authorization", bearer);
        }
        self.send(request).await
    }
}

/// Whoever bears the token of these tests runs the service.
#[derive(Debug)]
pub(super) struct OneOperator;

impl Identities for OneOperator {
    fn person<'a>(
        &'a self,
        token: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        let person = Principal {
            user: UserId(Uuid::from_u128(1)),
            session: None,
            role: Role::SuperAdmin,
            reach: Reach::All,
            must_change_password: false,
        };
        let person = (token == TOKEN).then(|| Arc::new(person));
        Box::pin(async move { person.ok_or(Unknown::Refused) })
    }
}
