//! `evara backup`: makes, lists, proves and clears away backups, of a database or of a whole server.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::runtime::Handle;

use super::output::{data, talk};
use super::stop::Stop;
use super::{ConfigArgs, Failure};
use crate::app::clock::SystemClock;
use crate::backup::{
    Backups, Connection, Database, Entry, Error, Manifest, Proof, Verified, Watch,
};
use crate::config::{BackupSettings, Environment};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Where the backups are, for every command that has to do with them.
#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    #[command(flatten)]
    pub(super) config: ConfigArgs,
    /// Where backups are: /directory, file:///directory or s3://bucket/folder
    #[arg(long, value_name = "PLACE", global = true)]
    to: Option<String>,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Action {
    /// Back up the database, and clear away what is outdated (the default)
    Create,
    /// List the backups, from the oldest to the newest
    List,
    /// Restore a backup into a scratch database and compare it with what was backed up
    Verify {
        /// Which one [default: the newest]
        name: Option<String>,
    },
    /// Remove outdated backups, and what was never finished
    Prune,
    /// Back up a whole PostgreSQL server, for point-in-time recovery
    Base,
}

impl PlaceArgs {
    pub(super) fn load(&self) -> Result<BackupSettings, Failure> {
        let flags = self.config.flags();
        let flags = flags.with("EVARA_BACKUP_TO", "--to", self.to.clone());
        Ok(BackupSettings::load(&flags, &Environment::of_process())?)
    }

    /// The same for another run of the program, from whichever directory.
    pub(super) fn arguments(&self) -> anyhow::Result<Vec<String>> {
        let mut arguments = Vec::new();
        if let Some(file) = &self.config.config {
            let file = std::path::absolute(file).context("the working directory is gone")?;
            arguments.extend(["--config".to_owned(), file.display().to_string()]);
        }
        let to = self
            .to
            .iter()
            .flat_map(|to| ["--to".to_owned(), to.clone()]);
        arguments.extend(to);
        Ok(arguments)
    }
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let settings = args.place.load()?;
    let action = args.action.unwrap_or(Action::Create);
    Ok(job(settings, move |backups, settings| {
        perform(&action, backups, settings)
    })
    .await?)
}

/// Does `work` with the backups of the configured place; a signal lets it end and clean up behind itself.
pub(super) async fn job(
    settings: BackupSettings,
    work: impl FnOnce(&Backups, &BackupSettings) -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<()> {
    let mut stop = Stop::listen().context("signals cannot be listened for")?;
    let watch = Watch::on_stderr();
    let (watched, runtime) = (watch.clone(), Handle::current());
    let mut work = tokio::task::spawn_blocking(move || {
        let clock = Arc::new(SystemClock::new());
        let backups = Backups::open(&settings.backup, clock, watched, runtime)?;
        work(&backups, &settings)
    });
    let done = tokio::select! {
        done = &mut work => done,
        _ = stop.told() => {
            watch.stop();
            stop.at_last(&mut work).await
        }
    };
    watch.end();
    done.context("the job was cut off")?
}

/// What the settings say is to be backed up.
pub(super) fn database(settings: &BackupSettings) -> Result<Database, Error> {
    match &settings.postgres {
        Some(url) => Connection::of_url(url).map(Database::Postgres),
        None => Ok(Database::Sqlite(settings.embedded.clone())),
    }
}

/// The PostgreSQL database of the settings, if they have one.
pub(super) fn server(settings: &BackupSettings) -> Result<Option<Connection>, Error> {
    Ok(match database(settings)? {
        Database::Postgres(connection) => Some(connection),
        Database::Sqlite(_) => None,
    })
}

fn perform(action: &Action, backups: &Backups, settings: &BackupSettings) -> anyhow::Result<()> {
    match action {
        Action::Create => create(backups, &database(settings)?),
        Action::List => backups.list()?.iter().try_for_each(tell),
        Action::Verify { name } => {
            let server = server(settings)?;
            let verified = backups.verify(name.as_deref(), &settings.data, server.as_ref())?;
            tell_proof(&verified)
        }
        Action::Prune => clear_away(backups),
        Action::Base => {
            let server = server(settings)?.ok_or(Error::DatabaseUrl)?;
            let manifest = backups.create_base(&server)?;
            data(format_args!("created\t{}", line_of(&manifest)))
        }
    }
}

fn tell_proof(Verified { manifest, proof }: &Verified) -> anyhow::Result<()> {
    let (word, known) = match proof {
        Proof::Restored => ("verified", None),
        Proof::Files => (
            "verified",
            Some(
                "every file, and the log that belongs to them, is what PostgreSQL noted; no server was started on them",
            ),
        ),
        Proof::Stored => (
            "stored",
            Some(
                "it is stored as it was sent, and no more is known: without pg_verifybackup no file was looked at",
            ),
        ),
    };
    if let Some(known) = known {
        talk(format_args!("evara: {known}"));
    }
    data(format_args!("{word}\t{}", line_of(manifest)))
}

fn create(backups: &Backups, database: &Database) -> anyhow::Result<()> {
    let created = backups.create(database)?;
    data(format_args!("created\t{}", line_of(&created.manifest)))?;
    for breach in &created.breaches {
        talk(format_args!(
            "evara: the database itself is not whole: {breach}"
        ));
    }
    clear_away(backups)
}

fn clear_away(backups: &Backups) -> anyhow::Result<()> {
    let gone = backups.prune()?;
    gone.iter()
        .try_for_each(|name| data(format_args!("removed\t{name}")))
}

fn tell(entry: &Entry) -> anyhow::Result<()> {
    match &entry.manifest {
        Ok(manifest) => {
            let state = if entry.verified { "verified" } else { "stored" };
            data(format_args!("{state}\t{}", line_of(manifest)))
        }
        Err(error) => data(format_args!("damaged\t{}\t{error}", entry.name)),
    }
}

fn line_of(manifest: &Manifest) -> String {
    let sealed = manifest.key_id.as_deref().unwrap_or("-");
    let rows: u64 = manifest.census.rows.values().sum();
    format!(
        "{}\t{}\t{} bytes\t{rows} rows\tkey {sealed}",
        manifest.name,
        manifest.kind.word(),
        manifest.stored_bytes
    )
}
