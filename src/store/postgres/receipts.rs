//! Kept answers over PostgreSQL: sealed on the way in, since some hold what is shown only once.

use evara_actors::domain::{NodeId, NodeSpec, Timestamp};
use evara_actors::ports::{BoxFuture, RegistryError};

use super::error::Failure;
use super::transaction::Transaction;
use super::values::At;
use super::{PostgresStore, audit, registry, rows, statements};
use crate::audit::Record;
use crate::store::secret_box::{Place, SealError};
use crate::store::unreadable::Unreadable;
use crate::store::{Act, Begun, Claim, Kept, RECEIPT_AGE, ReceiptName, Receipts, ReceiptsError};

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

impl PostgresStore {
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

impl Receipts for PostgresStore {
    fn begin(&self, claim: Claim) -> BoxFuture<'_, Result<Begun, ReceiptsError>> {
        Box::pin(async move { begin(self, &claim).await? })
    }

    fn finish(&self, kept: Kept) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        let sealed = self.sealed(kept);
        Box::pin(async move {
            let sealed = sealed.map_err(|error| ReceiptsError::Unavailable(Box::new(error)))?;
            let mut transaction = self.writing().await?;
            answer(&mut transaction, &sealed).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn forget(&self, name: ReceiptName) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        Box::pin(async move {
            let mut transaction = self.writing().await?;
            let key: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&name.caller, &name.key];
            transaction.rows(statements::FORGET_RECEIPT, &key).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn forget_older(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, ReceiptsError>> {
        Box::pin(async move {
            let (before, limit) = (At(before), i64::from(limit));
            let mut transaction = self.writing().await?;
            let forgotten = transaction
                .rows(statements::FORGET_OLD_RECEIPTS, &[&before, &limit])
                .await?;
            transaction.commit().await?;
            Ok(forgotten.len() as u64)
        })
    }

    fn insert_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| RegistryError::Unavailable(Box::new(error)))?;
            registry::insert(self, &spec, &act).await?
        })
    }

    fn update_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| RegistryError::Unavailable(Box::new(error)))?;
            registry::update(self, &spec, &act).await?
        })
    }

    fn remove_node(&self, id: NodeId, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| RegistryError::Unavailable(Box::new(error)))?;
            registry::remove(self, id, &act).await?
        })
    }
}

async fn begin(
    store: &PostgresStore,
    claim: &Claim,
) -> Result<Result<Begun, ReceiptsError>, Failure> {
    let mut transaction = store.writing().await?;
    let ReceiptName { caller, key } = &claim.name;
    let (request, at) = (claim.request.as_slice(), At(claim.at));
    let expired = At(claim.at.minus(RECEIPT_AGE));
    transaction
        .rows(
            statements::BEGIN_RECEIPT,
            &[caller, key, &request, &at, &expired],
        )
        .await?;
    let found = transaction.row(statements::RECEIPT, &[caller, key]).await?;
    let (request, at, answer) = rows::receipt(&found)?;
    transaction.commit().await?;
    Ok(match answer {
        _ if request != claim.request => Ok(Begun::Other),
        None => Ok(Begun::Open { at }),
        Some(answer) => {
            let opened = store.keys.open(&Place::of_answer(&claim.name), &answer);
            opened
                .map(Begun::Answered)
                .map_err(|_seal| ReceiptsError::Sealed)
        }
    })
}

/// Keeps what goes with whatever else the transaction does. That must come to nothing where the request was
/// answered by another, or the audit cannot be written.
pub(super) async fn keep(transaction: &mut Transaction<'_>, act: &Enclosed) -> Result<(), Failure> {
    match &act.answer {
        Some(sealed) if !answer(transaction, sealed).await? => {
            let what = "a request that was not begun, or is answered already";
            Err(Unreadable(what.to_owned()).into())
        }
        Some(_) | None => audit::write(transaction, &act.records).await,
    }
}

async fn answer(transaction: &mut Transaction<'_>, sealed: &Sealed) -> Result<bool, Failure> {
    let Sealed { name, answer } = sealed;
    let finished = transaction
        .rows(
            statements::FINISH_RECEIPT,
            &[&name.caller, &name.key, answer],
        )
        .await?;
    Ok(!finished.is_empty())
}
