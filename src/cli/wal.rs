//! `evara wal-push` and `evara wal-fetch`: PostgreSQL's `archive_command` and `restore_command`.
//!
//! Their exit codes are what the server understands. A push that fails is tried again. A fetch that says 1 ends
//! the recovery, since there is no more log: so anything else than a segment that was never archived says 126,
//! at which the server stops rather than go on without it.

use std::path::PathBuf;

use super::Failure;
use super::backup::{PlaceArgs, job};
use crate::backup::Error;

/// The server takes what is above 125 for a failure of the command itself.
const FETCH_FAILED: u8 = 126;

#[derive(Debug, clap::Args)]
pub(super) struct PushArgs {
    /// The segment's file: %p
    path: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct FetchArgs {
    /// The segment's name: %f
    name: String,
    /// Where to put it: %p
    path: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) async fn push(args: PushArgs) -> Result<(), Failure> {
    let settings = args.place.load()?;
    Ok(job(
        settings,
        move |backups, _| Ok(backups.push_wal(&args.path)?),
    )
    .await?)
}

pub(super) async fn fetch(args: FetchArgs) -> Result<(), Failure> {
    let failed = |error: anyhow::Error| match error.downcast_ref::<Error>() {
        Some(Error::Absent { .. }) => Failure::Other(error),
        _ => Failure::Coded(FETCH_FAILED, error),
    };
    let settings = args
        .place
        .load()
        .map_err(|failure| failed(failure.into()))?;
    let work = job(settings, move |backups, _| {
        Ok(backups.fetch_wal(&args.name, &args.path)?)
    });
    work.await.map_err(failed)
}
