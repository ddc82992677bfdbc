//! The service's face over a world, called within the process: what people and programs see of it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use evara::access::{Principal, Reach, Role, UserId};
use evara::app::accounts::Accounts;
use evara::app::audit::Audit;
use evara::app::database::Database;
use evara::app::device_keys::DeviceKeyring;
use evara::app::identity::{Freshness, Identities, Unknown};
use evara::app::ip_rules::AddressRules;
use evara::app::nodes::{KeysError, Nodes, ReadKeys};
use evara::app::tenancy::Tenancy;
use evara::audit::AuditKeys;
use evara::auth::token::{LocalKeys, Tokens};
use evara::http::{AppState, Border, CursorKey, Edge, Inside, Room, service};
use evara::limits::{Limits, Quotas};
use evara::store::{SecretBox, SqliteStore};
use evara::thingspeak::Keyring;
use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::BoxFuture;
use secrecy::SecretString;
use serde_json::Value;

use super::World;

/// More than any answer of a small fleet.
const MOST_BYTES: usize = 16 * 1024 * 1024;

const TOKEN: &str = "a-token-of-this-test";

/// Where its requests come from.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_000);

/// See the module.
#[derive(Debug)]
pub(crate) struct Face(Arc<Edge>);

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null where there is no body.
    pub(crate) json: Value,
}

impl World {
    /// The face of the running service.
    pub(crate) fn face(&self) -> Face {
        let keys = Arc::new(Keys {
            keyring: Arc::clone(&self.keys),
            known: Mutex::default(),
        });
        let system = Arc::clone(self.system());
        let device_keys = DeviceKeyring::new(self.shelf().clone(), self.clock.clone());
        let nodes = Nodes::new(
            Arc::clone(&system),
            self.shelf().clone(),
            self.shelf().clone(),
            keys,
            self.clock.clone(),
        );
        let (accounts, audit) = self.nobody();
        let border = Border::default();
        let rules = self.shelf().clone();
        let ip_rules = AddressRules::new(rules, border.gate().clone(), self.clock.clone());
        Face(service(AppState::new(Inside {
            system,
            archive: self.shelf().clone(),
            history: self.shelf().clone(),
            nodes,
            database: Database::default(),
            clock: self.clock.clone(),
            device_keys: Arc::new(device_keys),
            receipts: self.shelf().clone(),
            identities: Arc::new(OneOperator),
            accounts,
            audit,
            tenancy: Tenancy::over(self.shelf().clone()),
            limits: Limits::new(Quotas::MOST),
            ip_rules: Arc::new(ip_rules),
            border,
            room: Room::default(),
            cursor_key: CursorKey::by_chance(),
            version: "0.0.0",
        })))
    }
}

impl World {
    /// Nobody signs in here: whoever bears the token is known. What is done to what is in no store is
    /// written down beside them.
    fn nobody(&self) -> (Accounts, Audit) {
        let key = SecretString::from(TOKEN.repeat(2));
        // A face has a store of its own: there may be several at once.
        let place = self
            .disk
            .place(uuid::Uuid::new_v4().as_fields().0 | 1 << 31);
        let store = SqliteStore::open(&place, SecretBox::new(&key).unwrap()).unwrap();
        let store = Arc::new(store);
        let keys = LocalKeys::derive(&key).unwrap();
        let tokens = Tokens::new(keys, None, self.clock.clone());
        let bound = AuditKeys::derive(&key, &[]).unwrap();
        let audit = Audit::new(bound, store.clone(), self.clock.clone());
        let tenancy = Tenancy::over(self.shelf().clone());
        let accounts = Accounts::new(store, tokens, self.clock.clone(), tenancy);
        (accounts, audit)
    }
}

/// Whoever bears the token of these tests runs the service.
#[derive(Debug)]
struct OneOperator;

impl Identities for OneOperator {
    fn person<'a>(
        &'a self,
        token: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        let person = Principal {
            user: UserId(uuid::Uuid::from_u128(1)),
            session: None,
            role: Role::SuperAdmin,
            reach: Reach::All,
            must_change_password: false,
        };
        let person = (token == TOKEN).then(|| Arc::new(person));
        Box::pin(async move { person.ok_or(Unknown::Refused) })
    }
}

impl Face {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, None, Value::Null).await
    }

    /// Asks for what is known as `etag` already.
    pub(crate) async fn get_unless(&self, path: &str, etag: &str) -> Reply {
        let condition = ("if-none-match", etag);
        self.ask(Method::GET, path, Some(condition), Value::Null)
            .await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Reply {
        self.ask(method, path, None, body).await
    }

    /// Sends a body under an idempotency key.
    pub(crate) async fn send_once(&self, key: &str, path: &str, body: Value) -> Reply {
        let header = Some(("idempotency-key", key));
        self.ask(Method::POST, path, header, body).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        header: Option<(&str, &str)>,
        body: Value,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {TOKEN}"));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        };
        let answer = Arc::clone(&self.0)
            .answer(request.body(body).unwrap(), PEER)
            .await;
        let (head, body) = answer.into_parts();
        let bytes = to_bytes(body, MOST_BYTES).await.unwrap();
        Reply {
            status: head.status,
            headers: head.headers,
            json: match bytes.is_empty() {
                true => Value::Null,
                false => serde_json::from_slice(&bytes).unwrap(),
            },
        }
    }
}

/// Keys that are known to the feed alone.
#[derive(Debug)]
struct Keys {
    keyring: Arc<Keyring>,
    known: Mutex<HashMap<NodeId, (ChannelId, SecretString)>>,
}

impl Keys {
    fn follow(&self) {
        let known = self.known.lock().unwrap();
        let brought = known
            .iter()
            .map(|(node, (channel, key))| (*channel, *node, key.clone()));
        self.keyring.follow(brought);
    }
}

impl ReadKeys for Keys {
    fn set(
        &self,
        channel: ChannelId,
        node: NodeId,
        key: SecretString,
    ) -> BoxFuture<'_, Result<(), KeysError>> {
        self.known.lock().unwrap().insert(node, (channel, key));
        self.follow();
        Box::pin(async { Ok(()) })
    }

    fn remove(&self, _: ChannelId, node: NodeId) -> BoxFuture<'_, Result<(), KeysError>> {
        self.known.lock().unwrap().remove(&node);
        self.follow();
        Box::pin(async { Ok(()) })
    }

    fn has(&self, node: NodeId) -> BoxFuture<'_, Result<bool, KeysError>> {
        let has = self.known.lock().unwrap().contains_key(&node);
        Box::pin(async move { Ok(has) })
    }
}
