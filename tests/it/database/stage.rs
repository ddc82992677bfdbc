//! What stands round the service: channels with a living fleet behind them, and what it is told.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use evara::app::clock::ScaledClock;
use evara::app::listener::{HeaderNames, Listener, bind};
use evara::config::{Config, Environment, Flags};
use evara::simulator::fleet::Fleet;
use evara::simulator::{Knobs, Simulator, router};
use evara_actors::ports::Clock as _;
use tower::ServiceExt as _;

use super::super::harness::Scratch;
use super::proxy::Proxy;
use super::site::{DATABASE, POLLED, POOL};

pub(super) fn simulator(clock: &Arc<ScaledClock>) -> Simulator {
    let epoch_s = clock.now().millis() / 1_000 - 600;
    Simulator::with_fleet(
        Fleet::new(1, POLLED, epoch_s),
        Knobs::default(),
        clock.clone(),
    )
}

pub(super) async fn serve(simulator: &Arc<Simulator>) -> Listener {
    let routes = router(Arc::clone(simulator));
    let socket = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let answer = move |mut request: Request, peer| {
        request
            .extensions_mut()
            .insert(ConnectInfo::<SocketAddr>(peer));
        let routes = routes.clone();
        async move {
            let Ok(response) = routes.oneshot(request).await;
            response
        }
    };
    Listener::start(socket, HeaderNames::Title, answer).unwrap()
}

pub(super) fn config(proxy: &Proxy, channels: &Listener, data: &Scratch) -> Config {
    let url = format!("postgres://evara@127.0.0.1:{}/{DATABASE}", proxy.port());
    let given = |text: &str| Some(text.to_owned());
    let flags = Flags::default()
        .with("EVARA_BIND", "--bind", given("127.0.0.1:0"))
        .with(
            "EVARA_DATA",
            "--data",
            Some(data.place(0).display().to_string()),
        )
        .with("DATABASE_URL", "--database", Some(url))
        .with("DB_POOL_SIZE", "--pool", Some(POOL.to_string()))
        .with("EVARA_MIGRATE", "--migrate", given("on-start"))
        .with("EVARA_REQUESTS_PER_MINUTE", "--requests", given("60000"))
        .with(
            "EVARA_DEVICE_REQUESTS_PER_MINUTE",
            "--pushes",
            given("60000"),
        )
        .with(
            "THINGSPEAK_URL",
            "--url",
            Some(format!("http://{}", channels.address())),
        );
    let nothing = Environment::from_iter(Vec::<(String, String)>::new());
    Config::load_without_file(&flags, &nothing).unwrap().config
}
