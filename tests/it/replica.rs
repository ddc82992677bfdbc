//! The whole service beside a PostgreSQL with a replica: who pushes and then asks is never told less.

use std::sync::Arc;
use std::time::Duration;

use evara::app::App;
use evara::app::clock::SystemClock;
use evara::config::{Config, Environment, Flags};
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::admin::admin_of;
use super::harness::Scratch;
use super::postgres::{Durability, Postgres};

/// No request is answered later.
const REQUEST_WITHIN: Duration = Duration::from_secs(6);

/// For what comes about by itself, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A service that reads no channels, so that it writes only what is pushed.
pub(super) struct Site {
    pub(super) app: App,
    token: SecretString,
    client: Client,
    node: String,
}

impl Site {
    pub(super) async fn start(primary: u16, replica: Option<u16>, data: &Scratch) -> Self {
        let url = |port: u16| format!("postgres://evara@127.0.0.1:{port}/evara");
        let flags = [
            ("EVARA_BIND", "127.0.0.1:0".to_owned()),
            ("EVARA_DATA", data.place(0).display().to_string()),
            ("EVARA_MIGRATE", "on-start".to_owned()),
            ("EVARA_REQUESTS_PER_MINUTE", "60000".to_owned()),
            ("DATABASE_URL", url(primary)),
            ("DATABASE_REPLICA_URL", replica.map(url).unwrap_or_default()),
        ];
        let flags = flags
            .into_iter()
            .fold(Flags::default(), |flags, (name, value)| {
                flags.with(name, "--flag", Some(value))
            });
        let config = Config::load_without_file(&flags, &Environment::default()).unwrap();
        let app = App::start(&config.config, Arc::new(SystemClock::new()));
        let app = Box::pin(app).await.unwrap();
        let mut site = Self {
            token: admin_of(&app).await,
            app,
            client: Client::builder()
                .tls_certs_only([])
                .no_proxy()
                .build()
                .unwrap(),
            node: String::new(),
        };
        let body = json!({ "node_key": "oht-1", "label": "A", "kind": "tank", "category": "OHT" });
        let made = site.ask(Method::POST, "/nodes", &body).await;
        site.node = made["id"].as_str().unwrap().to_owned();
        site
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("http://{}/api/v1{path}", self.app.address());
        let mut request = self.client.request(method, url);
        request = request.bearer_auth(self.token.expose_secret());
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = timeout(REQUEST_WITHIN, request.send())
            .await
            .unwrap()
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(
            matches!(status, StatusCode::OK | StatusCode::CREATED),
            "{path}: {text}"
        );
        serde_json::from_str(&text).unwrap()
    }

    /// Pushes reading number `number`, and looks at once whether all up to it are told.
    async fn push_and_look(&self, number: usize) {
        let path = format!("/nodes/{}/readings", self.node);
        let body = json!({ "readings": [{ "metric": "level_cm", "value": number }] });
        self.ask(Method::POST, &path, &body).await;
        let path = format!("/nodes/{}/telemetry?metric=level_cm&limit=200", self.node);
        let told = self.ask(Method::GET, &path, &Value::Null).await;
        assert_eq!(told["items"].as_array().unwrap().len(), number, "{told}");
        let path = format!("/nodes/{}/events?limit=200", self.node);
        let told = self.ask(Method::GET, &path, &Value::Null).await;
        assert!(told["items"].as_array().unwrap().len() >= number, "{told}");
    }

    async fn replica(&self) -> Value {
        self.ask(Method::GET, "/admin/database", &Value::Null).await["replica"].clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_pushes_and_then_asks_is_told_all_of_it_with_the_replica_or_without() {
    let (primary, data) = (Postgres::start(Durability::None, &[]), Scratch::new());
    primary.create_database("evara");
    let mut replica = primary.replica();
    let site = Site::start(primary.port(), Some(replica.port()), &data).await;
    let begun = Instant::now();
    let mut pushed = 0;
    while site.replica().await["answered"].as_u64().unwrap() < 20 {
        assert!(begun.elapsed() < PATIENCE, "{}", site.replica().await);
        pushed += 1;
        site.push_and_look(pushed).await;
    }
    replica.psql("evara", "SELECT pg_wal_replay_pause()");
    for _ in 0..3 {
        pushed += 1;
        site.push_and_look(pushed).await;
    }
    assert_eq!(site.replica().await["state"], "behind");
    replica.stop_immediately();
    for _ in 0..3 {
        pushed += 1;
        site.push_and_look(pushed).await;
    }
    site.app.drain().await;
}
