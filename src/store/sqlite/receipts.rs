//! Kept answers over SQLite: sealed on the way in, since some hold what is shown only once.

use std::sync::Arc;

use evara_actors::domain::{NodeId, NodeSpec, Timestamp};
use evara_actors::ports::{BoxFuture, RegistryError};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::error::Failure;
use super::{DEADLINE, SqliteStore, audit, registry, statements};
use crate::audit::Record;
use crate::store::codes;
use crate::store::secret_box::{Place, SealError};
use crate::store::unreadable::Unreadable;
use crate::store::{
    Act, Begun, Claim, Kept, RECEIPT_AGE, ReceiptName, Receipts, ReceiptsError, SecretBox,
};

/// What goes with a change, as it is written.
#[derive(Default)]
pub(super) struct Enclosed {
    answer: Option<Sealed>,
    records: Vec<Record>,
}

/// An answer as it is written.
struct Sealed {
    name: ReceiptName,
    answer: Vec<u8>,
}

impl SqliteStore {
    pub(super) fn enclosed(&self, act: Act) -> Result<Enclosed, SealError> {
        Ok(Enclosed {
            answer: act.receipt.map(|kept| self.sealed(kept)).transpose()?,
            records: Act::in_order(act.records),
        })
    }

    fn sealed(&self, Kept { name, answer }: Kept) -> Result<Sealed, SealError> {
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

    fn insert_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| RegistryError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    registry::insert(connection, &spec, &act)
                })
                .await?
        })
    }

    fn update_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| RegistryError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    registry::update(connection, &spec, &act)
                })
                .await?
        })
    }

    fn remove_node(&self, id: NodeId, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| RegistryError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    registry::remove(connection, id, &act)
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

/// Keeps what goes with whatever else the transaction does. That must come to nothing where the request was
/// answered by another, or the audit cannot be written.
pub(super) fn keep(transaction: &Transaction<'_>, act: &Enclosed) -> Result<(), Failure> {
    match &act.answer {
        Some(sealed) if !finish(transaction, sealed)? => {
            let what = "a request that was not begun, or is answered already";
            Err(Unreadable(what.to_owned()).into())
        }
        Some(_) | None => audit::write(transaction, &act.records),
    }
}

fn finish(connection: &Connection, Sealed { name, answer }: &Sealed) -> Result<bool, Failure> {
    let row = params![name.caller.as_bytes(), name.key, answer];
    Ok(connection.execute(statements::FINISH_RECEIPT, row)? == 1)
}
