//! `evara migrate`: brings the database up to date before a new version serves, or tells how far it is.

use std::path::Path;

use anyhow::Context as _;

use super::output::data;
use super::{ConfigArgs, Failure};
use crate::store::{Migration, migrate, migrate_status};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Action {
    /// Apply what is missing (the default)
    Up,
    /// List what was applied and what is missing; changes nothing
    Status,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let directory = args.config.load()?.config.store.database;
    let work = move || match args.action.unwrap_or(Action::Up) {
        Action::Up => up(&directory),
        Action::Status => status(&directory),
    };
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.context("the migration was cut off")??)
}

fn up(directory: &Path) -> anyhow::Result<()> {
    let applied = migrate(directory)?;
    applied.iter().try_for_each(|step| tell("applied", step))?;
    if applied.is_empty() {
        data(format_args!("up to date"))?;
    }
    Ok(())
}

fn status(directory: &Path) -> anyhow::Result<()> {
    let status = migrate_status(directory)?;
    let mut applied = status.applied.iter();
    applied.try_for_each(|step| tell("applied", step))?;
    status
        .pending
        .iter()
        .try_for_each(|step| tell("pending", step))
}

fn tell(state: &str, Migration { version, name }: &Migration) -> anyhow::Result<()> {
    data(format_args!("{state}\t{version}\t{name}"))
}
