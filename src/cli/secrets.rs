//! `evara secrets`: what is sealed in the database, while a service runs on it.

use anyhow::Context as _;

use super::output::{data, talk};
use super::{ConfigArgs, Failure};
use crate::app::rotation::Rotation;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Action {
    /// Seal everything that is under SECRET_KEY_OLD anew under SECRET_KEY; may be cut off, and run again
    Rotate,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let config = args.config.load()?.config;
    match args.action {
        Action::Rotate => Ok(Box::pin(rotate(&config)).await?),
    }
}

async fn rotate(config: &Config) -> anyhow::Result<()> {
    let rotation = Rotation::open(config).await;
    let rotation = rotation.context("the secrets cannot be opened")?;
    let rotated = rotation
        .rotate(|progress| talk(format_args!("{}: {}", progress.table.name(), progress.done)))
        .await;
    let all = rotated.context("not everything is under the new SECRET_KEY")?;
    data(format_args!(
        "{all} sealed anew; nothing is under an old SECRET_KEY: SECRET_KEY_OLD can go, unless entries of the audit that it bound are still to be proven"
    ))
}
