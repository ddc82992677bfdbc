//! Kept answers over SQLite: sealed on the way in, since some hold what is shown only once.

use std::sync::Arc;

use evara_actors::domain::{NodeSpec, Timestamp};
use evara_actors::ports::{BoxFuture, RegistryError};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::error::Failure;
use super::{DEADLINE, SqliteStore, registry, statements};
use crate::store::codes;
use crate::store::secret_box::{Place, SealError};
use crate::store::unreadable::Unreadable;
use crate::store::{
    Begun, Claim, Kept, RECEIPT_AGE, ReceiptName, Receipts, ReceiptsError, SecretBox,
};

/// An answer as it is written.
pub(super) struct Sealed {
    name: ReceiptName,
    answer: Vec<u8>,
}

impl SqliteStore {
    pub(super) fn sealed(&self, Kept { name, answer }: Kept) -> Result<Sealed, SealError> {
        let answer = self.keys.seal(&Place::of_answer(&name), &answer)?;
        Ok(Sealed { name, answer })
    }
}

impl Receipts for SqliteStore {
    fn begin(&self, claim: Claim) -> BoxFuture<'_, Result<Begun, ReceiptsError>> {
        let keys = Arc::clone(&self.keys);
        Box::pin(async move {
            self.writer
                .call(DEADLINE, move |connection| begin(connection, &keys, &claim))
                .await?
        })
    }

    fn finish(&self, kept: Kept) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        let sealed = self.sealed(kept);
        Box::pin(async move {
            let sealed = sealed.map_err(|error| ReceiptsError::Unavailable(Box::new(error)))?;
            let job = self
                .writer
                .call(DEADLINE, move |connection| finish(connection, &sealed));
            job.await?;
            Ok(())
        })
    }

    fn forget(&self, name: ReceiptName) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, move |connection| {
                let key = params![name.caller.as_bytes(), name.key];
                connection.execute(statements::FORGET_RECEIPT, key)?;
                Ok(())
            });
            Ok(job.await?)
        })
    }

    fn forget_older(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, ReceiptsError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, move |connection| {
                let span = params![before.millis(), limit];
                Ok(connection.execute(statements::FORGET_OLD_RECEIPTS, span)?)
            });
            Ok(job.await? as u64)
        })
    }

    fn insert_node(&self, spec: NodeSpec, kept: Kept) -> BoxFuture<'_, Result<(), RegistryError>> {
        let sealed = self.sealed(kept);
        Box::pin(async move {
            let sealed = sealed.map_err(|error| RegistryError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    registry::insert(connection, &spec, Some(&sealed))
                })
                .await?
        })
    }

    fn update_node(&self, spec: NodeSpec, kept: Kept) -> BoxFuture<'_, Result<(), RegistryError>> {
        let sealed = self.sealed(kept);
        Box::pin(async move {
            let sealed = sealed.map_err(|error| RegistryError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    registry::update(connection, &spec, Some(&sealed))
                })
                .await?
        })
    }
}

fn begin(
    connection: &mut Connection,
    keys: &SecretBox,
    claim: &Claim,
) -> Result<Result<Begun, ReceiptsError>, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (caller, key) = (claim.name.caller.as_bytes(), &claim.name.key);
    let expired = claim.at.minus(RECEIPT_AGE);
    let row = params![
        caller,
        key,
        claim.request,
        claim.at.millis(),
        expired.millis()
    ];
    transaction.execute(statements::BEGIN_RECEIPT, row)?;
    let found = transaction.query_row(statements::RECEIPT, params![caller, key], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    });
    let (request, at, answer): ([u8; 32], i64, Option<Vec<u8>>) = found?;
    let at = codes::timestamp(at)?;
    transaction.commit()?;
    Ok(match answer {
        _ if request != claim.request => Ok(Begun::Other),
        None => Ok(Begun::Open { at }),
        Some(answer) => {
            let opened = keys.open(&Place::of_answer(&claim.name), &answer);
            opened
                .map(Begun::Answered)
                .map_err(|_seal| ReceiptsError::Sealed)
        }
    })
}

/// Keeps an answer, if there is one, with whatever else the transaction does. That must come to nothing
/// where the request was answered by another.
pub(super) fn keep(transaction: &Transaction<'_>, kept: Option<&Sealed>) -> Result<(), Failure> {
    match kept {
        Some(sealed) if !finish(transaction, sealed)? => Err(Unreadable(
            "a request that was not begun, or is answered already".to_owned(),
        )
        .into()),
        Some(_) | None => Ok(()),
    }
}

fn finish(connection: &Connection, Sealed { name, answer }: &Sealed) -> Result<bool, Failure> {
    let row = params![name.caller.as_bytes(), name.key, answer];
    Ok(connection.execute(statements::FINISH_RECEIPT, row)? == 1)
}
