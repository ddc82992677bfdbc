//! One batch to the archive: as a whole, or without what the archive does not take even alone.
//!
//! Holds nothing. Cut off anywhere, the same batch may be brought again.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::sift::{NothingTaken, Refused, Sift, history_and_rest};
use crate::ports::{Archive, ArchiveError, Batch, DeadLetter};

/// For one commit, over a line that is as slow as any that is still of use; the archive gives up sooner by itself.
const DEADLINE: Duration = Duration::from_secs(25);

/// Why a try failed.
pub(super) struct Failed {
    /// In words for everybody.
    pub(super) reason: String,
    /// In all words, for the log.
    pub(super) error: String,
}

/// Why a batch is not there.
pub(super) enum Stop {
    /// It may be tried again.
    Failed(Failed),
    /// Another process writes now.
    Fenced(Failed),
}

/// Why the archive did not take something.
enum Trouble {
    /// For what is in it.
    Refused(String),
    Stop(Stop),
}

/// Brings `batch` to the archive, and tells what was left out of it. In place of each reading and each
/// change that was left out, there is a dead letter then.
///
/// # Errors
/// When the archive is away, or takes nothing at all: some of the batch may be there.
pub(super) async fn commit(
    archive: &dyn Archive,
    batch: &Arc<Batch>,
) -> Result<Vec<Refused>, Stop> {
    match offer(archive, Arc::clone(batch)).await {
        Ok(()) => return Ok(Vec::new()),
        Err(Trouble::Stop(stop)) => return Err(stop),
        Err(Trouble::Refused(_)) => {}
    }
    let (history, rest) = history_and_rest(batch);
    let mut refused = in_parts(archive, history).await?;
    // Before a cursor says that nothing needs to be read again.
    keep(archive, batch, refused.iter().filter_map(Refused::letter)).await?;
    refused.extend(in_parts(archive, rest).await?);
    Ok(refused)
}

/// Writes letters in place of rows of `batch`. Where not even these are taken, no row may be left out.
async fn keep(
    archive: &dyn Archive,
    batch: &Batch,
    letters: impl Iterator<Item = DeadLetter>,
) -> Result<(), Stop> {
    let letters = Batch {
        shards: batch.shards.clone(),
        dead_letters: letters.collect(),
        ..Batch::default()
    };
    if letters.is_empty() {
        return Ok(());
    }
    match offer(archive, Arc::new(letters)).await {
        Ok(()) => Ok(()),
        Err(Trouble::Refused(why)) => Err(failed("it takes nothing", &why)),
        Err(Trouble::Stop(stop)) => Err(stop),
    }
}

async fn in_parts(archive: &dyn Archive, batch: Batch) -> Result<Vec<Refused>, Stop> {
    let mut sift = Sift::of(batch);
    while let Some(part) = sift.part() {
        match offer(archive, Arc::new(part)).await {
            Ok(()) => sift.taken(),
            Err(Trouble::Refused(why)) => {
                let nothing = |NothingTaken| failed("it takes nothing", &why);
                sift.refused(&why).map_err(nothing)?;
            }
            Err(Trouble::Stop(stop)) => return Err(stop),
        }
    }
    Ok(sift.into_refused())
}

async fn offer(archive: &dyn Archive, batch: Arc<Batch>) -> Result<(), Trouble> {
    match tokio::time::timeout(DEADLINE, archive.commit(batch)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(ArchiveError::Refused(why))) => Err(Trouble::Refused(chain(why.as_ref()))),
        Ok(Err(error @ ArchiveError::Fenced(_))) => {
            Err(Trouble::Stop(Stop::Fenced(Failed::of(&error))))
        }
        Ok(Err(error @ (ArchiveError::Unavailable(_) | ArchiveError::Corrupt(_)))) => {
            Err(Trouble::Stop(Stop::Failed(Failed::of(&error))))
        }
        Err(_elapsed) => {
            let reason = "no answer in time";
            Err(Trouble::Stop(failed(reason, reason)))
        }
    }
}

impl Failed {
    /// Adapters put into the topmost cause what everybody may know, and below it what they were told.
    fn of(error: &ArchiveError) -> Self {
        let reason = match error.source() {
            Some(cause) => cause.to_string(),
            None => match error {
                ArchiveError::Fenced(_) => error.to_string(),
                ArchiveError::Corrupt(_)
                | ArchiveError::Unavailable(_)
                | ArchiveError::Refused(_) => "it is damaged".to_owned(),
            },
        };
        Self {
            reason,
            error: chain(error),
        }
    }
}

fn failed(reason: &str, error: &str) -> Stop {
    Stop::Failed(Failed {
        reason: reason.to_owned(),
        error: error.to_owned(),
    })
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
