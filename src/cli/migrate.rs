//! `evara migrate`: brings the database up to date before a new version serves, or tells how far it is.

use anyhow::Context as _;

use super::output::data;
use super::{ConfigArgs, Failure};
use crate::config::Database;
use crate::store::{Migration, MigrationStatus, postgres_schema, sqlite_schema};

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
    Up {
        /// Tell what would be applied; changes nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List what was applied and what is missing; changes nothing
    Status,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let database = args.config.load()?.config.store.database;
    let action = args.action.unwrap_or(Action::Up { dry_run: false });
    Ok(Box::pin(perform(action, database)).await?)
}

async fn perform(action: Action, database: Database) -> anyhow::Result<()> {
    match action {
        Action::Up { dry_run: false } => {
            let applied = up(database).await?;
            tell_all("applied", &applied)?;
            nothing_if(applied.is_empty())
        }
        Action::Up { dry_run: true } => {
            let pending = status(database).await?.pending;
            tell_all("would apply", &pending)?;
            nothing_if(pending.is_empty())
        }
        Action::Status => {
            let MigrationStatus { applied, pending } = status(database).await?;
            tell_all("applied", &applied)?;
            tell_all("pending", &pending)
        }
    }
}

async fn up(database: Database) -> anyhow::Result<Vec<Migration>> {
    Ok(match database {
        Database::Sqlite(directory) => {
            blocking(move || sqlite_schema::migrate(&directory)).await??
        }
        Database::Postgres(config) => postgres_schema::migrate(&config.address).await?,
    })
}

async fn status(database: Database) -> anyhow::Result<MigrationStatus> {
    Ok(match database {
        Database::Sqlite(directory) => {
            blocking(move || sqlite_schema::migrate_status(&directory)).await??
        }
        Database::Postgres(config) => postgres_schema::migrate_status(&config.address).await?,
    })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.context("the migration was cut off")
}

fn tell_all(state: &str, steps: &[Migration]) -> anyhow::Result<()> {
    let mut steps = steps.iter();
    steps.try_for_each(|Migration { version, name }| {
        data(format_args!("{state}\t{version}\t{name}"))
    })
}

fn nothing_if(is_up_to_date: bool) -> anyhow::Result<()> {
    if is_up_to_date {
        data(format_args!("up to date"))?;
    }
    Ok(())
}
