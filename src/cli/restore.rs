//! `evara restore` brings a backup back; `restore-base` and `restore-finish` are the two ends of point-in-time
//! recovery.

use std::path::PathBuf;

use anyhow::Context as _;
use evara_actors::ports::Clock as _;
use secrecy::SecretString;

use super::Failure;
use super::backup::{PlaceArgs, database, job, server};
use super::output::{data, talk};
use crate::app::clock::SystemClock;
use crate::backup::{Connection, Database, Error, Kind, Restored, Until, finish_recovery};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The backup, as `evara backup list` names it
    name: String,
    /// Data directory, or URL of a PostgreSQL database [default: the configured one]
    #[arg(long, value_name = "TARGET")]
    into: Option<String>,
    /// Put aside what is there
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct BaseArgs {
    /// The new data directory of the server: empty, or not there
    directory: PathBuf,
    /// Which base backup [default: the newest]
    #[arg(long)]
    name: Option<String>,
    /// Recover up to this instant, as in 2026-11-20T15:49:32Z or "2026-11-20 15:49:32+00" [default: all that is archived]
    #[arg(long, value_name = "TIME", conflicts_with = "until_point")]
    until: Option<String>,
    /// Recover up to this restore point
    #[arg(long, value_name = "NAME")]
    until_point: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct FinishArgs {
    /// What to write down as the origin
    #[arg(long, default_value = "point-in-time recovery")]
    from: String,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let settings = args.place.load()?;
    let work = job(settings, move |backups, settings| {
        let target = match &args.into {
            Some(into) => target_of(into)?,
            None => database(settings)?,
        };
        let restored = backups.restore(&args.name, &target, args.replace)?;
        data(format_args!("restored\t{}", restored.manifest.name))?;
        if let Some(aside) = &restored.aside {
            data(format_args!("aside\t{aside}"))?;
        }
        tell_owner(&restored)
    });
    Ok(work.await?)
}

/// Whom a PostgreSQL database belongs to now, if it is not whoever asked, or that it is.
fn tell_owner(restored: &Restored) -> anyhow::Result<()> {
    match (&restored.owner, &restored.manifest.owner) {
        (Some(owner), _) => data(format_args!("owner\t{owner}")),
        (None, Some(noted)) => {
            talk(format_args!(
                "evara: the database belonged to {noted:?}, a role that is not there: it belongs to who restored it"
            ));
            Ok(())
        }
        (None, None) if restored.manifest.kind == Kind::Postgres => {
            talk(format_args!(
                "evara: the backup does not say whom the database belonged to: it belongs to who restored it"
            ));
            Ok(())
        }
        (None, None) => Ok(()),
    }
}

fn target_of(into: &str) -> Result<Database, Error> {
    if into.contains("://") {
        return Connection::of_url(&SecretString::from(into)).map(Database::Postgres);
    }
    Ok(Database::Sqlite(PathBuf::from(into)))
}

pub(super) async fn run_base(args: BaseArgs) -> Result<(), Failure> {
    let settings = args.place.load()?;
    let fetch = args.fetch_command()?;
    let until = match (args.until, args.until_point) {
        (Some(time), _) => Until::time(&time).map_err(anyhow::Error::from)?,
        (None, Some(name)) => Until::Name(name),
        (None, None) => Until::End,
    };
    let work = job(settings, move |backups, _| {
        let name = args.name.as_deref();
        let manifest = backups.restore_base(name, &args.directory, &fetch, &until)?;
        data(format_args!("restored\t{}", manifest.name))
    });
    Ok(work.await?)
}

impl BaseArgs {
    /// This program, with the configuration that it was given; what is in the environment has to be in the
    /// server's as well.
    fn fetch_command(&self) -> anyhow::Result<String> {
        let program = std::env::current_exe().context("this program cannot be found")?;
        let mut command = format!("{} wal-fetch", quoted(&program.display().to_string()));
        for argument in self.place.arguments()? {
            command += &format!(" {}", quoted(&argument));
        }
        Ok(command + " %f \"%p\"")
    }
}

/// For a shell; a per cent sign is PostgreSQL's own.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''").replace('%', "%%"))
}

pub(super) async fn run_finish(args: FinishArgs) -> Result<(), Failure> {
    let settings = args.place.load()?;
    let work = tokio::task::spawn_blocking(move || {
        let server = server(&settings)?.ok_or(Error::DatabaseUrl)?;
        finish_recovery(&server, &args.from, SystemClock::new().now())?;
        data(format_args!("finished\t{server}"))
    });
    Ok(work.await.context("the job was cut off")??)
}
