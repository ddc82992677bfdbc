//! The schema's steps, embedded in the program: which are applied, which are pending, and applying them.
//!
//! Steps are only ever added. Of several processes that migrate at once one does, and the others wait and
//! find nothing left. A schema that has other steps than this program is left alone.

use std::time::Duration;

use deadpool_postgres::Object;
use tokio::time::timeout;

use super::address::PostgresAddress;
use super::connect::Connections;
use super::error::{Failure, PostgresError};
use crate::store::migration::{Foreign, Migration, MigrationStatus, Step, newest};

/// Another process migrates meanwhile, or a step rewrites a large table. Then a person decides.
const MIGRATE_DEADLINE: Duration = Duration::from_secs(600);

/// Any number that nobody else locks: "evara" in ASCII.
const LOCK: i64 = 0x65_76_61_72_61;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// How far the database at `address` is; changes nothing, and may be asked while a service runs.
///
/// # Errors
/// When the database cannot be read, or has steps that this version does not.
pub async fn migrate_status(address: &PostgresAddress) -> Result<MigrationStatus, PostgresError> {
    let connections = Connections::new(address, 1)?;
    status(&connections.get().await?).await
}

/// Brings the database at `address` up to date, and says which steps that took.
///
/// # Errors
/// When the database cannot be reached, has steps that this version does not, or refuses one.
pub async fn migrate(address: &PostgresAddress) -> Result<Vec<Migration>, PostgresError> {
    let connections = Connections::new(address, 1)?;
    let mut client = connections.get().await?;
    let work = timeout(MIGRATE_DEADLINE, up(&mut client)).await;
    // Closing the connection frees the lock, however the work ended.
    drop(Object::take(client));
    work.unwrap_or(Err(Failure::TimedOut.into()))
}

async fn up(client: &mut Object) -> Result<Vec<Migration>, PostgresError> {
    let patience = format!(
        "SET statement_timeout = 0; SET lock_timeout = 0; \
         SET idle_in_transaction_session_timeout = 0; SELECT pg_advisory_lock({LOCK})"
    );
    client
        .batch_execute(&patience)
        .await
        .map_err(Failure::from)?;
    status(client).await?;
    let report = embedded::migrations::runner()
        .run_async(&mut ***client)
        .await;
    let report = report.map_err(|error| PostgresError::Migration(Box::new(error)))?;
    // Also where nothing was pending: the role may be there only since the last step was applied.
    client
        .batch_execute("SELECT equip_app_role()")
        .await
        .map_err(Failure::from)?;
    let applied = report.applied_migrations();
    Ok(applied.iter().map(Into::into).collect())
}

/// Refuses a schema that is not exactly this version's.
pub(super) async fn refuse_other(connections: &Connections) -> Result<(), PostgresError> {
    let status = status(&connections.get().await?).await?;
    if status.pending.is_empty() {
        return Ok(());
    }
    let found = newest(&status.applied);
    Err(PostgresError::OlderSchema {
        found,
        known: found.max(newest(&status.pending)),
    })
}

async fn status(client: &Object) -> Result<MigrationStatus, PostgresError> {
    Ok(MigrationStatus::new(known(), applied(client).await?)?)
}

/// Asked of the table itself, since refinery would make the table first.
async fn applied(client: &Object) -> Result<Vec<Step>, Failure> {
    const TABLE: &str = "refinery_schema_history";
    let exists = format!("SELECT to_regclass('{TABLE}') IS NOT NULL");
    if !client
        .query_one(&exists, &[])
        .await?
        .try_get::<_, bool>(0)?
    {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT version, name, checksum FROM {TABLE} ORDER BY version");
    let rows = client.query(&sql, &[]).await?;
    let step = |row: &tokio_postgres::Row| {
        let migration = Migration {
            version: row.try_get(0)?,
            name: row.try_get(1)?,
        };
        Ok(Step {
            migration,
            checksum: row.try_get(2)?,
        })
    };
    rows.iter().map(step).collect()
}

fn known() -> Vec<Step> {
    let runner = embedded::migrations::runner();
    runner.get_migrations().iter().map(Into::into).collect()
}

impl From<Foreign> for PostgresError {
    fn from(foreign: Foreign) -> Self {
        match foreign {
            Foreign::Newer { found, known } => Self::NewerSchema { found, known },
            Foreign::Altered(steps) => Self::AlteredSchema { steps },
        }
    }
}
