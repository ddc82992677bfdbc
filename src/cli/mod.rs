//! The commands of the program. What a command is asked for goes to stdout; all talk goes to stderr.
//!
//! A command reads its configuration, assembles, waits, and tells how it ended. Nothing is decided here
//! about water, nodes or requests.

mod audit;
mod backup;
mod config;
mod demo;
mod failure;
mod migrate;
mod openapi;
mod output;
mod restore;
mod secrets;
mod serve;
mod simulate;
mod simulator;
mod stop;
mod telemetry;
mod tree;
mod user;
mod wal;
mod world;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use failure::Failure;

use crate::config::{Config, Environment, Flags, Loaded};

/// A device-twin service for water systems.
#[derive(Debug, Parser)]
#[command(name = "evara", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service with a simulated fleet, all in one process
    Demo(demo::Args),
    /// Run the service
    Serve(serve::Args),
    /// Run the simulator of ThingSpeak alone, and print its channels as JSON lines
    Simulate(simulate::Args),
    /// Bring the database up to date, or tell how far it is
    Migrate(migrate::Args),
    /// Make, list, prove and clear away backups
    Backup(backup::Args),
    /// Bring a backup back
    Restore(restore::Args),
    /// Bring a PostgreSQL server back from a base backup, for point-in-time recovery
    RestoreBase(restore::BaseArgs),
    /// Write down that point-in-time recovery is done, so that no revision is used twice
    RestoreFinish(restore::FinishArgs),
    /// Archive a segment of PostgreSQL's log: its archive_command
    WalPush(wal::PushArgs),
    /// Fetch a segment of PostgreSQL's log: its restore_command
    WalFetch(wal::FetchArgs),
    /// Make, list and disable accounts, without a running service
    User(user::Args),
    /// Change the SECRET_KEY of what is sealed in the database
    Secrets(secrets::Args),
    /// Prove that what was written down of acts is as it was written, whether a service runs or not
    Audit(audit::Args),
    /// Check or print the configuration
    Config(config::Args),
    /// Print the description of the API as JSON
    Openapi,
    /// Print the supervision tree as it is drawn for a fleet
    Tree(tree::Args),
}

/// Where the configuration is read from, for every command that has one.
#[derive(Debug, clap::Args)]
struct ConfigArgs {
    /// Configuration file [default: evara.toml, if there is one]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Directory of everything that is kept [default: data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

impl ConfigArgs {
    fn flags(&self) -> Flags {
        let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        Flags::default()
            .with("EVARA_CONFIG", "--config", text(&self.config))
            .with("EVARA_DATA", "--data", text(&self.data))
    }

    fn load(&self) -> Result<Loaded, Failure> {
        Ok(Config::load(&self.flags(), &Environment::of_process())?)
    }
}

impl Cli {
    /// Does what was asked for, and returns when it is done or was told to stop.
    ///
    /// # Errors
    /// When the configuration has mistakes, or the command came to nothing.
    pub async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Demo(args) => Box::pin(demo::run(args)).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Simulate(args) => simulate::run(args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Backup(args) => backup::run(args).await,
            Command::Restore(args) => restore::run(args).await,
            Command::RestoreBase(args) => restore::run_base(args).await,
            Command::RestoreFinish(args) => restore::run_finish(args).await,
            Command::WalPush(args) => wal::push(args).await,
            Command::WalFetch(args) => wal::fetch(args).await,
            Command::User(args) => Box::pin(user::run(args)).await,
            Command::Secrets(args) => secrets::run(args).await,
            Command::Audit(args) => Box::pin(audit::run(args)).await,
            Command::Config(args) => config::run(&args),
            Command::Openapi => openapi::run(),
            Command::Tree(args) => tree::run(&args),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_commands_and_their_flags_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
