//! Two services on one Redis: one allowance of a client for both, while it is there.

use std::time::Duration;

use evara::app::App;
use evara::app::clock::SystemClock;
use evara::config::{Config, Environment, Flags};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::harness::Scratch;
use super::redis::Redis;

/// One comes back in two seconds.
const ALLOWED: u32 = 30;

/// Well below two allowances, and above one with what comes back on a busy machine.
const ONE_ALLOWANCE: std::ops::Range<u32> = ALLOWED..ALLOWED + 15;

/// For what comes about by itself, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Many times what a service waits for Redis, and less than anybody calls slow.
const AT_ONCE: Duration = Duration::from_secs(1);

struct Site {
    app: App,
    client: Client,
}

impl Site {
    async fn start(redis: &Redis, data: &Scratch, number: u32) -> Self {
        let flags = [
            ("EVARA_BIND", "127.0.0.1:0".to_owned()),
            ("EVARA_DATA", data.place(number).display().to_string()),
            ("EVARA_ADDRESS_REQUESTS_PER_MINUTE", ALLOWED.to_string()),
            ("EVARA_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
            ("REDIS_URL", redis.url()),
        ];
        let with = |flags: Flags, (name, value)| flags.with(name, "--flag", Some(value));
        let flags = flags.into_iter().fold(Flags::default(), with);
        let config = Config::load_without_file(&flags, &Environment::default()).unwrap();
        let app = App::start(&config.config, std::sync::Arc::new(SystemClock::new()));
        let client = Client::builder().tls_certs_only([]).no_proxy();
        Self {
            app: Box::pin(app).await.unwrap(),
            client: client.build().unwrap(),
        }
    }

    /// How a stranger from `address` is answered; at once.
    async fn ask(&self, path: &str, address: &str) -> (StatusCode, Value) {
        let asked = Instant::now();
        let url = format!("http://{}{path}", self.app.address());
        let request = self.client.get(url).header("x-forwarded-for", address);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn is_let_in(&self, address: &str) -> bool {
        match self.ask("/nowhere", address).await.0 {
            StatusCode::NOT_FOUND => true,
            StatusCode::TOO_MANY_REQUESTS => false,
            status => panic!("{status}"),
        }
    }

    /// Waits until Redis is said to be `word`.
    async fn until_redis_is(&self, word: &str) -> Value {
        let begun = Instant::now();
        loop {
            let (_, health) = self.ask("/health", "203.0.113.1").await;
            if health["dependencies"]["redis"] == word {
                return health;
            }
            assert!(begun.elapsed() < SOON, "{health}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// How many requests from `address` the two let in, by turns, until both refuse.
async fn let_in(sites: [&Site; 2], address: &str) -> u32 {
    let mut count = 0;
    loop {
        let mut refusals = 0;
        for site in sites {
            if site.is_let_in(address).await {
                count += 1;
            } else {
                refusals += 1;
            }
        }
        if refusals == sites.len() {
            return count;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_on_one_redis_share_an_allowance_and_each_goes_on_alone_while_it_is_gone() {
    let (mut redis, data) = (Redis::start(), Scratch::new());
    let one = Site::start(&redis, &data, 0).await;
    let other = Site::start(&redis, &data, 1).await;
    let both = [&one, &other];
    for site in both {
        assert_eq!(site.until_redis_is("ok").await["status"], "ok");
    }
    let shared = let_in(both, "203.0.113.7").await;
    assert!(ONE_ALLOWANCE.contains(&shared), "{shared}");

    redis.stop_immediately();
    let alone = let_in(both, "203.0.113.8").await;
    assert!(alone >= 2 * ALLOWED, "{alone}");
    for site in both {
        assert_eq!(site.until_redis_is("failing").await["status"], "degraded");
        assert!(!site.is_let_in("203.0.113.8").await, "its own limits hold");
    }

    redis.start_again();
    for site in both {
        assert_eq!(site.until_redis_is("ok").await["status"], "ok");
    }
    let shared = let_in(both, "203.0.113.9").await;
    assert!(ONE_ALLOWANCE.contains(&shared), "{shared}");
    one.app.drain().await;
    other.app.drain().await;
}
