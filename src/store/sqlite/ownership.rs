//! The right to write, over SQLite. No other process can take it while this one has the directory, so
//! that nothing needs to be asked before a write; claims are counted all the same.

use evara_actors::ports::{ArchiveError, BoxFuture, Epoch, Ownership};

use super::{DEADLINE, SqliteStore, statements};

impl Ownership for SqliteStore {
    fn claim(&self) -> BoxFuture<'_, Result<Epoch, ArchiveError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, |connection| {
                Ok(connection.query_row(statements::CLAIM, [], |row| row.get(0))?)
            });
            let epoch: i64 = job.await?;
            Ok(Epoch(epoch.cast_unsigned()))
        })
    }

    fn lost(&self) -> BoxFuture<'_, Epoch> {
        Box::pin(std::future::pending())
    }
}
