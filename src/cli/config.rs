//! `evara config`: whether the service would start with what it is told, and what it would understand.

use super::output::{data, talk};
use super::{ConfigArgs, Failure};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List every mistake; exit with 78 if there is one
    Check(ConfigArgs),
    /// Print the effective configuration, with secrets masked and the origin of each value
    Print(ConfigArgs),
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match &args.action {
        Action::Check(args) => check(args),
        Action::Print(args) => print(args),
    }
}

fn check(args: &ConfigArgs) -> Result<(), Failure> {
    for unused in args.load()?.unused {
        talk(format_args!("note: {unused}"));
    }
    Ok(data(format_args!("the configuration has no mistakes"))?)
}

fn print(args: &ConfigArgs) -> Result<(), Failure> {
    for setting in args.load()?.settings {
        data(format_args!("{setting}"))?;
    }
    Ok(())
}
