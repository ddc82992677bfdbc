//! Changing the SECRET_KEY: everything that is under one from before is sealed anew, beside a running service.
//!
//! Being cut off, or begun twice, does no harm: whoever comes next finds what is left. The old key is given up
//! in the end alone, once nothing is under it.

use std::sync::Arc;

use crate::config::{Config, Database, SecretError};
use crate::store::{
    PostgresRekeying, RekeyError, Rekeying, SealedTable, SecretBox, SecretKeyError, SqliteRekeying,
};

use super::store::OpenError;

/// Values that are sealed anew in one transaction: it takes milliseconds, and whoever writes waits for no more.
const BATCH: u32 = 100;

/// What somebody wrote under an old key while all was looked through is found by looking again; a service that
/// goes on doing so does not have the new key, and is for a person to find.
const MOST_ROUNDS: u32 = 3;

/// What is sealed, where nothing is left under an old key.
#[derive(Debug)]
pub struct Rotation(Arc<dyn Rekeying>);

/// How far it is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// What is being sealed anew.
    pub table: SealedTable,
    /// How many values of it were.
    pub done: usize,
}

/// Why something may still be under an old key.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// SECRET_KEY could not be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A key can be derived from none of it.
    #[error(transparent)]
    Key(#[from] SecretKeyError),
    /// The store did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed. All that was done before stays so.
    #[error(transparent)]
    Store(#[from] RekeyError),
    /// These open under no key that was given: altered, moved from another row, or of a key that is missing.
    #[error(
        "{} open under no SECRET_KEY that is given, and nothing gives up the old one until they are set anew: {}",
        .0.len(), .0.join(", ")
    )]
    Unopened(Vec<String>),
    /// More came under an old key than went.
    #[error("{0} values are under an old SECRET_KEY again: somebody writes with it")]
    StillWritten(u64),
}

impl Rotation {
    /// Opens the store that `config` names, beside a service that runs on it.
    ///
    /// # Errors
    /// When no service has used it with this SECRET_KEY yet, and when it does not open.
    pub async fn open(config: &Config) -> Result<Self, RotationError> {
        let keys = SecretBox::with_old(&config.secret_key.obtain()?, &config.old_secret_keys)?;
        Ok(Self(match &config.store.database {
            Database::Sqlite(directory) => {
                let directory = directory.clone();
                let opening =
                    tokio::task::spawn_blocking(move || SqliteRekeying::open(&directory, keys));
                let opened = opening.await.map_err(OpenError::CutOff)?;
                Arc::new(opened.map_err(OpenError::from)?)
            }
            Database::Postgres(postgres) => {
                let opening = PostgresRekeying::open(&postgres.address, keys);
                Arc::new(opening.await.map_err(OpenError::from)?)
            }
        }))
    }

    /// Seals anew whatever is under an old key, and gives the old keys up. Tells how it goes on, and in the end
    /// how many values that took.
    ///
    /// # Errors
    /// When something is left, which is as good as it was.
    pub async fn rotate(&self, mut told: impl FnMut(Progress)) -> Result<usize, RotationError> {
        let (mut all, mut left) = (0, 0);
        for _ in 0..MOST_ROUNDS {
            let mut unopened = Vec::new();
            for table in SealedTable::ALL {
                all += self.rekey(table, &mut unopened, &mut told).await?;
            }
            if !unopened.is_empty() {
                return Err(RotationError::Unopened(unopened));
            }
            left = self.0.settle().await?;
            if left == 0 {
                return Ok(all);
            }
        }
        Err(RotationError::StillWritten(left))
    }

    async fn rekey(
        &self,
        table: SealedTable,
        unopened: &mut Vec<String>,
        told: &mut impl FnMut(Progress),
    ) -> Result<usize, RotationError> {
        let (mut done, mut after) = (0, None);
        loop {
            let rekeyed = self.0.rekey(table, after, BATCH).await?;
            unopened.extend(rekeyed.unopened);
            done += rekeyed.done;
            if rekeyed.done > 0 {
                told(Progress { table, done });
            }
            after = rekeyed.last;
            if after.is_none() {
                return Ok(done);
            }
        }
    }
}
