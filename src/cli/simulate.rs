//! `evara simulate`: a ThingSpeak on this machine with a living fleet behind it, for other programs.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use super::Failure;
use super::output::{data, talk};
use super::simulator::Served;
use super::stop::Stop;
use super::telemetry;
use super::world::{DEFAULT_NODES, MAX_NODES, Wanted, World};
use crate::app::clock::Speed;
use crate::config::{Environment, LogFilter, log_filter};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Port on this machine; 0 takes any free one
    #[arg(long, default_value_t = 3000)]
    port: u16,
    #[command(flatten)]
    world: WorldArgs,
    /// Open the channels to everyone instead of asking for their keys
    #[arg(long)]
    public: bool,
    /// Directory that the world is kept in, to go on with it later; it is forgotten otherwise
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Which world is wanted.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct WorldArgs {
    #[arg(long, help = nodes_help(), value_parser = nodes)]
    nodes: Option<usize>,
    /// What the fleet grows from: the same seed is the same fleet [default: 1]
    #[arg(long)]
    seed: Option<u64>,
    /// How many seconds of the world pass in a second, from 0.01 to 1000
    #[arg(long, default_value = "1")]
    speed: Speed,
}

fn nodes_help() -> String {
    format!("Devices in the fleet [default: {DEFAULT_NODES}]")
}

pub(super) fn nodes(text: &str) -> Result<usize, String> {
    let number = text
        .parse()
        .ok()
        .filter(|nodes| (1..=MAX_NODES).contains(nodes));
    number.ok_or_else(|| format!("must be a whole number from 1 to {MAX_NODES}"))
}

impl WorldArgs {
    pub(super) const fn wanted(self) -> Wanted {
        Wanted {
            seed: self.seed,
            nodes: self.nodes,
            speed: self.speed,
        }
    }
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let log = log_filter(&Environment::of_process(), LogFilter::default())?;
    telemetry::start(&log);
    Ok(simulate(args).await?)
}

async fn simulate(args: Args) -> anyhow::Result<()> {
    let mut stop = Stop::listen().context("signals cannot be listened for")?;
    let world = match &args.data {
        Some(directory) => World::kept_in(directory, args.world.wanted())?,
        None => World::passing(args.world.wanted()),
    };
    let clock = Arc::new(world.clock());
    let start = Served::start(&world, clock.clone(), args.port, args.public);
    let Some(served) = stop.unless_told(start).await else {
        return Ok(());
    };
    let served = served?;
    for channel in served.channels() {
        data(format_args!("{}", serde_json::to_string(&channel)?))?;
    }
    talk(format_args!("ThingSpeak is simulated at {}", served.url()));
    stop.told().await;
    stop.at_last(served.stop()).await;
    world.pause(&clock)?;
    Ok(())
}
