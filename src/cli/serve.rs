//! `evara serve`: the service, until it is told to stop.

use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::output::data;
use super::stop::Stop;
use super::{ConfigArgs, Failure, telemetry};
use crate::app::App;
use crate::app::clock::SystemClock;
use crate::config::{Config, Environment};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Moments to die at and promises to break, for tests that must notice; no release build has this
    #[cfg(debug_assertions)]
    #[arg(long, value_name = "MOMENT[:HIT]", hide = true)]
    failpoint: Vec<crate::failpoint::Failpoint>,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    #[cfg(debug_assertions)]
    crate::failpoint::arm(args.failpoint);
    let flags = args.config.flags().with("EVARA_BIND", "--bind", args.bind);
    let loaded = Config::load(&flags, &Environment::of_process())?;
    telemetry::start(&loaded.config.log);
    for unused in &loaded.unused {
        tracing::warn!("{unused}");
    }
    Ok(serve(&loaded.config).await?)
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let mut stop = Stop::listen().context("signals cannot be listened for")?;
    let start = App::start(config, Arc::new(SystemClock::new()));
    let Some(app) = stop.unless_told(start).await else {
        return Ok(());
    };
    let app = app.context("the service did not start")?;
    announce(&app)?;
    until_told(&app, &mut stop, std::future::pending()).await
}

fn announce(app: &App) -> anyhow::Result<()> {
    let (nodes, address) = (app.system().twins().len(), app.address());
    if !app.has_people() {
        let how = "evara user create --email YOU --name NAME --role super_admin";
        tracing::warn!(
            "nobody can sign in, since there is no account: stop the service, and run {how}"
        );
    }
    tracing::info!(nodes, %address, "the service is ready");
    data(format_args!(
        "evara serve: {nodes} nodes on http://{address}"
    ))
}

/// Lets the service run beside `meanwhile`, and drains it once one of them ends or somebody says so.
pub(super) async fn until_told(
    app: &App,
    stop: &mut Stop,
    meanwhile: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let ended = tokio::select! {
        _ = stop.told() => Ok(()),
        failure = app.failed() => Err(anyhow::Error::new(failure)),
        ended = meanwhile => ended,
    };
    tracing::info!("draining");
    let drained = stop.at_last(app.drain()).await;
    ended?;
    if !drained.is_complete() {
        let (records, twins) = (drained.records, drained.twins);
        bail!("not everything could be written: {records} records, {twins} twins");
    }
    Ok(())
}
