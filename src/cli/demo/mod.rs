//! `evara demo`: a simulated campus, the store and the service in one process.
//!
//! The service is the same as anywhere: it polls the simulator over HTTP, and its nodes are made through
//! its public API. Only its clock may be told to run faster, together with the world's.

mod estate;
mod people;
mod provision;
mod ticker;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use self::estate::Estate;
use super::output::data;
use super::serve::until_told;
use super::simulate::WorldArgs;
use super::simulator::Served;
use super::stop::Stop;
use super::world::World;
use super::{Failure, telemetry};
use crate::app::App;
use crate::app::clock::ScaledClock;
use crate::config::{Config, Environment, Flags, LogFilter, log_filter};

/// Of the environment, a demonstration takes what shows it, and nothing that was meant for a deployment.
const TAKEN: [&str; 1] = ["LOG_LEVEL"];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Port on this machine; 0 takes any free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    #[command(flatten)]
    world: WorldArgs,
    /// Directory that the world and the service are kept in
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data: PathBuf,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let environment = Environment::of_process().only(&TAKEN);
    telemetry::start(&log_filter(&environment, LogFilter::quiet())?);
    let mut stop = Stop::listen().context("signals cannot be listened for")?;
    let world =
        World::kept_in(&args.data, args.world.wanted()).context("the demo did not start")?;
    let clock = Arc::new(world.clock());
    let shown = show(&args, &environment, &world, &clock, &mut stop).await;
    // Also after a failure: whatever was polled, the world must not go back behind it.
    world.pause(&clock).context("the world cannot be kept")?;
    shown
}

async fn show(
    args: &Args,
    environment: &Environment,
    world: &World,
    clock: &Arc<ScaledClock>,
    stop: &mut Stop,
) -> Result<(), Failure> {
    let start = Served::start(world, clock.clone(), 0, false);
    let Some(simulator) = stop.unless_told(start).await else {
        return Ok(());
    };
    let simulator = simulator.context("the simulator did not start")?;
    let config = configured(args, environment, simulator.url())?;
    let Some(app) = stop.unless_told(App::start(&config, clock.clone())).await else {
        return Ok(());
    };
    let app = app.context("the demo did not start")?;
    let shown = until_told(
        &app,
        stop,
        Box::pin(provision_and_watch(&app, world, &simulator, clock)),
    )
    .await;
    ticker::end();
    stop.at_last(simulator.stop()).await;
    Ok(shown?)
}

/// More than a fleet of thousands needs to be made known in the first minute.
const REQUESTS_PER_MINUTE: u32 = 60_000;

fn configured(args: &Args, environment: &Environment, url: String) -> Result<Config, Failure> {
    let data = args.data.display().to_string();
    let flags = Flags::default()
        .with(
            "EVARA_BIND",
            "--port",
            Some(format!("127.0.0.1:{}", args.port)),
        )
        .with("EVARA_DATA", "--data", Some(data))
        // One person makes the whole fleet known, at once.
        .with(
            "EVARA_REQUESTS_PER_MINUTE",
            "the demo",
            Some(REQUESTS_PER_MINUTE.to_string()),
        )
        .with("THINGSPEAK_URL", "the simulator", Some(url));
    Ok(Config::load_without_file(&flags, environment)?.config)
}

async fn provision_and_watch(
    app: &App,
    world: &World,
    simulator: &Served,
    clock: &ScaledClock,
) -> anyhow::Result<()> {
    let admin = people::admin(app).await?;
    let token = admin.token(app).await?;
    let api = provision::Api::new(app.address(), &token)?;
    let devices = world.devices();
    let channels = simulator.channels();
    let estate = Estate::settled(&api).await;
    let estate = estate.context("the tenants could not be made")?;
    api.provision(&devices, &channels, &estate)
        .await
        .context("the fleet could not be provisioned")?;
    data(format_args!(
        "evara demo: {} nodes on http://{} (documentation at /api/docs)",
        devices.len(),
        app.address()
    ))?;
    let mut everybody = vec![people::admin(app).await?];
    everybody.extend(estate.people(app).await?);
    people::introduce(app, &everybody)?;
    ticker::run(app, clock).await;
    Ok(())
}
