//! How many twins a second are read over HTTP, beside a bare handler that returns the same bytes.
//!
//! Both are served by the same listener, in this process, and asked by `wrk` in another one; where there
//! is no `wrk`, by a client of our own. All share the machine's cores, so that a request's cost in this
//! process is told, too.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use evara::access::{Role, Tenants};
use evara::app::App;
use evara::app::accounts::{NewAccount, SignIn};
use evara::app::clock::SystemClock;
use evara::app::listener::{HeaderNames, Listener, bind};
use evara::config::{Config, Environment, Flags};
use evara_actors::domain::Kind;
use secrecy::ExposeSecret as _;
use tower::ServiceExt as _;

use crate::client::{self, Target};
use crate::measure::{Rounds, cpu_seconds};
use crate::table::{Figure, Goal, Row};
use crate::{Size, runtime, world};

/// As many as a browser's dashboard and a few scripts would hold at a time.
pub(crate) const CONNECTIONS: usize = 64;

/// What came of one round.
struct Round {
    requests_per_second: f64,
    cpu_micros: f64,
}

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let (rounds, seconds) = (size.pick(7, 1), size.pick(3, 1));
    let runtime = runtime();
    let data = std::env::temp_dir().join(format!("evara-bench-{}", std::process::id()));
    let app = runtime.block_on(service(&data.display().to_string()));
    let twin = runtime.block_on(one_twin(&app));
    let body = runtime.block_on(client::get(&twin));
    let bare_listener = runtime.block_on(bare(body));
    let bare = Target::new(bare_listener.address(), "/", "none");
    let (mut twins, mut bares) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let measured = [&twin, &bare].map(|target| load(&runtime, target, seconds));
        // The first round warms up.
        if round > 0 {
            let [one, other] = measured;
            twins.push(one);
            bares.push(other);
        }
    }
    runtime.block_on(app.drain());
    // It is in the folder for what may be lost.
    let _left_behind = std::fs::remove_dir_all(&data);
    let tool = tool();
    vec![
        row(
            &format!("`GET /nodes/{{id}}/twin`, requests/s, {tool}, {CONNECTIONS} connections"),
            [&twins, &bares].map(|rounds| figure(rounds, |round| round.requests_per_second)),
            vec![Goal::RatioAtLeast(0.6)],
        ),
        row(
            "the same, µs of CPU in the service for a request",
            [&twins, &bares].map(|rounds| figure(rounds, |round| round.cpu_micros)),
            Vec::new(),
        ),
    ]
}

fn row(what: &str, [figure, ceiling]: [Figure; 2], goals: Vec<Goal>) -> Row {
    Row {
        what: what.to_owned(),
        figure,
        ceiling: Some(ceiling),
        goals,
    }
}

fn figure(rounds: &[Round], value: impl Fn(&Round) -> f64) -> Figure {
    Figure::median(&Rounds::new(rounds.iter().map(value).collect()))
}

/// The whole service over an empty store; its feed is a port that nobody listens on.
async fn service(data: &str) -> App {
    let set = |value: &str| Some(value.to_owned());
    let flags = Flags::default()
        .with("EVARA_BIND", "the bench", set("127.0.0.1:0"))
        .with("EVARA_DATA", "the bench", set(data))
        // One caller asks as fast as it is answered.
        .with("EVARA_REQUESTS_PER_MINUTE", "the bench", set("6000000"))
        .with("THINGSPEAK_URL", "the bench", set("http://127.0.0.1:9"));
    let nothing = Environment::of_process().only(&[]);
    let loaded = Config::load_without_file(&flags, &nothing).expect("the configuration is right");
    App::start(&loaded.config, Arc::new(SystemClock::new()))
        .await
        .expect("the service starts")
}

/// A tank with a full window, and where it is read.
async fn one_twin(app: &App) -> Target {
    let spec = world::node(Kind::Tank, 0);
    let path = format!("/api/v1/nodes/{}/twin", spec.id);
    let twin = app.system().create(spec).await.expect("a twin starts");
    for index in 0..64 {
        let offered = twin.offer(world::sample(Kind::Tank, index)).await;
        offered.expect("a twin takes a reading");
    }
    Target::new(app.address(), &path, &token(app).await)
}

/// What somebody shows who runs the service.
async fn token(app: &App) -> String {
    let new = NewAccount {
        email: "bench@example.org".to_owned(),
        name: "Bench".to_owned(),
        role: Role::SuperAdmin,
        tenants: Tenants::default(),
        has_password: true,
    };
    let made = app
        .accounts()
        .make(new, &app.audit().console())
        .await
        .expect("nobody has it");
    let sign_in = SignIn {
        email: made.account.email.to_string(),
        password: made.password.expect("it was asked for"),
        new_password: Some("what a bench is let in by".into()),
        code: None,
        agent: None,
        address: None,
    };
    let console = app.audit().console();
    let signed_in = app.accounts().sign_in(sign_in, &console).await;
    let signed_in = signed_in.expect("the password is right");
    signed_in.access.token.expose_secret().to_owned()
}

pub(crate) async fn bare(body: Vec<u8>) -> Listener {
    let body = bytes::Bytes::from(body);
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
    let router: Router = Router::new().route("/", get(answer));
    let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .expect("there is a free port");
    let answer = move |request, _from| {
        let routes = router.clone();
        async move {
            let Ok(response) = routes.oneshot(request).await;
            response
        }
    };
    Listener::start(socket, HeaderNames::Lower, answer).expect("a socket has an address")
}

fn load(runtime: &tokio::runtime::Runtime, target: &Target, seconds: u64) -> Round {
    let before = cpu_seconds();
    let requests_per_second = answers(runtime, target, seconds);
    let cpu = cpu_seconds() - before;
    Round {
        requests_per_second,
        cpu_micros: cpu * 1e6 / (requests_per_second * seconds as f64),
    }
}

/// Answers a second, on [`CONNECTIONS`] for so many seconds.
pub(crate) fn answers(runtime: &tokio::runtime::Runtime, target: &Target, seconds: u64) -> f64 {
    if has_wrk() {
        return wrk(target, seconds);
    }
    let span = Duration::from_secs(seconds);
    runtime.block_on(client::load(target, CONNECTIONS, span))
}

/// Who asks.
pub(crate) fn tool() -> &'static str {
    if has_wrk() { "wrk" } else { "own client" }
}

fn has_wrk() -> bool {
    Command::new("wrk").arg("-v").output().is_ok()
}

fn wrk(target: &Target, seconds: u64) -> f64 {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")]);
    wrk.args(["-H", &target.authorization(), &target.url()]);
    let output = wrk.output().expect("wrk runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("Non-2xx"), "only answers count:\n{text}");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    let rate = line.and_then(|line| line.trim().parse().ok());
    rate.expect("wrk tells requests per second")
}
