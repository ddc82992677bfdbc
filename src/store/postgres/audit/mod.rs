//! The audit over PostgreSQL. Whoever adds an entry holds the row of its chain until their transaction ends,
//! and takes it last, so that nobody who waits for a chain has anything that another one waits for.

mod rows;

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::error::Failure;
use super::statements::Query;
use super::transaction::{Params, Transaction};
use super::values::{At, to_stored};
use super::{DEADLINE, PostgresStore, history, statements};
use crate::audit::{Chain, Cut, Entry, Link, Record, Row as AuditRow, Seal};
use crate::store::unreadable::Unreadable;
use crate::store::{Act, AuditError, AuditLog, AuditQuery, Held, Listed, Unsealed};

type Column<'a> = &'a (dyn ToSql + Sync);

impl AuditLog for PostgresStore {
    fn write_audit(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async move {
            let mut transaction = self.writing().await?;
            write(&mut transaction, &Act::in_order(records)).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn audit_page(
        &self,
        query: AuditQuery,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Listed>, AuditError>> {
        Box::pin(async move { Ok(page(self, &query, limit).await?) })
    }

    fn audit_of(
        &self,
        chain: Chain,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<AuditRow>, AuditError>> {
        Box::pin(async move {
            let (after, limit) = (after.cast_signed(), i64::from(limit));
            let key: [Column<'_>; 3] = [&chain.0, &after, &limit];
            let found = history::all(self, statements::AUDIT_OF_CHAIN, &key, rows::listed).await?;
            Ok(found.into_iter().map(|listed| listed.row).collect())
        })
    }

    fn audit_chains(&self) -> BoxFuture<'_, Result<Vec<Chain>, AuditError>> {
        Box::pin(async move {
            let names = statements::AUDIT_CHAIN_NAMES;
            Ok(history::all(self, names, &[], |row| Ok(Chain(row.try_get(0)?))).await?)
        })
    }

    fn audit_held(&self, chain: Chain) -> BoxFuture<'_, Result<Held, AuditError>> {
        Box::pin(async move { Ok(held(self, chain).await?) })
    }

    fn audit_unsealed(&self) -> BoxFuture<'_, Result<Vec<Unsealed>, AuditError>> {
        Box::pin(async move {
            Ok(history::all(self, statements::UNSEALED_CHAINS, &[], rows::unsealed).await?)
        })
    }

    fn put_audit_seal(&self, chain: Chain, seal: Seal) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async move {
            let columns = SealColumns::of(&seal);
            let mut transaction = self.writing().await?;
            let row = [&[&chain.0 as Column<'_>][..], &columns.all()].concat();
            transaction.rows(statements::PUT_SEAL, &row).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn audit_cuttable(
        &self,
        chain: Chain,
        before: Timestamp,
        most: u32,
    ) -> BoxFuture<'_, Result<Option<Seal>, AuditError>> {
        Box::pin(async move {
            let (before, most) = (At(before), i64::from(most));
            let key: [Column<'_>; 3] = [&chain.0, &before, &most];
            let found = history::all(self, statements::CUTTABLE, &key, rows::seal).await?;
            Ok(found.into_iter().next())
        })
    }

    fn cut_audit(&self, chain: Chain, cut: Cut) -> BoxFuture<'_, Result<u64, AuditError>> {
        Box::pin(async move { Ok(take_front(self, chain, &cut).await?) })
    }
}

/// Adds entries, which are in the order of their chains. What they tell of must come to nothing where one
/// of them cannot be written.
pub(super) async fn write(
    transaction: &mut Transaction<'_>,
    records: &[Record],
) -> Result<(), Failure> {
    for record in records {
        let chain = record.chain().0;
        let name: Params<'_> = &[&chain];
        let held = [
            (statements::OPEN_CHAIN, name),
            (statements::LOCK_CHAIN, name),
        ];
        let held = transaction.all(&held).await?;
        let head = held.last().and_then(|rows| rows.first());
        let (head, id) = rows::locked(head.ok_or(Failure::Ended)?)?;
        let unbound = || Unreadable("there is no key to bind the audit with".to_owned());
        let link = record.after(&head, id).ok_or_else(unbound)?;
        insert(transaction, record, id, &link).await?;
    }
    Ok(())
}

async fn insert(
    transaction: &mut Transaction<'_>,
    record: &Record,
    id: i64,
    link: &Link,
) -> Result<(), Failure> {
    let Entry {
        at,
        actor,
        action,
        target,
        outcome,
        before,
        after,
    } = record.entry();
    let chain = record.chain().0;
    let (number, at) = (link.number.cast_signed(), At(*at));
    let (key, mac) = (link.mac.key.as_slice(), link.mac.mac.as_slice());
    let (kind, outcome) = (actor.kind.name(), outcome.name());
    let optional = |text: &Option<String>| text.as_deref().map(|text| to_stored(text).into_owned());
    let [address, correlation] = [&actor.address, &actor.correlation].map(optional);
    let [before, after] = [before, after].map(optional);
    let (action, target) = (to_stored(action), to_stored(target));
    let row: Params<'_> = &[
        &chain,
        &number,
        &key,
        &mac,
        &at,
        &kind,
        &actor.id,
        &actor.session,
        &address,
        &correlation,
        &action,
        &target,
        &outcome,
        &before,
        &after,
        &id,
    ];
    let head: Params<'_> = &[&chain, &number, &key, &mac];
    let both = [
        (statements::INSERT_AUDIT, row),
        (statements::ADVANCE_CHAIN, head),
    ];
    transaction.all(&both).await?;
    Ok(())
}

async fn page(
    store: &PostgresStore,
    query: &AuditQuery,
    limit: u32,
) -> Result<Vec<Listed>, Failure> {
    let chains = query.chains.as_ref();
    let chains: Option<Vec<Uuid>> =
        chains.map(|chains| chains.iter().map(|chain| chain.0).collect());
    let target = query.target.as_deref().map(to_stored);
    let action = query.action.as_deref().map(to_stored);
    let outcome = query.outcome.map(|outcome| outcome.name());
    let (from, to, limit) = (query.from.map(At), query.to.map(At), i64::from(limit));
    let asked: [Column<'_>; 9] = [
        &chains,
        &query.before,
        &query.actor,
        &target,
        &action,
        &outcome,
        &from,
        &to,
        &limit,
    ];
    let mut transaction = Transaction::searching(&store.connections, DEADLINE).await?;
    let found = history::all_in(&mut transaction, by_index(query), &asked, rows::listed).await?;
    transaction.roll_back().await;
    Ok(found)
}

/// The statement that goes by the index of what narrows most.
fn by_index(query: &AuditQuery) -> Query {
    if query.target.is_some() {
        statements::AUDIT_PAGE_OF_TARGET
    } else if query.actor.is_some() {
        statements::AUDIT_PAGE_OF_ACTOR
    } else if query.chains.is_some() {
        statements::AUDIT_PAGE_OF_CHAINS
    } else if query.action.is_some() {
        statements::AUDIT_PAGE_OF_ACTION
    } else {
        statements::AUDIT_PAGE
    }
}

async fn held(store: &PostgresStore, chain: Chain) -> Result<Held, Failure> {
    let mut transaction = store.reading().await?;
    let key: [Column<'_>; 1] = [&chain.0];
    let head = transaction.row(statements::AUDIT_HEAD, &key).await?;
    let cut = history::all_in(&mut transaction, statements::AUDIT_CUT, &key, rows::cut).await?;
    let seals = history::all_in(&mut transaction, statements::AUDIT_SEALS, &key, rows::seal);
    let seals = seals.await?;
    transaction.roll_back().await;
    let (head, last) = rows::head(&head)?;
    Ok(Held {
        head,
        last,
        cut: cut.into_iter().next(),
        seals,
    })
}

async fn take_front(store: &PostgresStore, chain: Chain, cut: &Cut) -> Result<u64, Failure> {
    let columns = SealColumns::of(&cut.seal);
    let (key, mac) = (cut.mac.key.as_slice(), cut.mac.mac.as_slice());
    let said: [Column<'_>; 2] = [&key, &mac];
    let row = [&[&chain.0 as Column<'_>][..], &columns.all(), &said].concat();
    let mut transaction = store.writing().await?;
    transaction.rows(statements::PUT_CUT, &row).await?;
    let gone = transaction
        .row(statements::EXPIRE_AUDIT, &[&chain.0])
        .await?;
    let gone: i64 = gone.try_get(0)?;
    transaction.commit().await?;
    Ok(gone.unsigned_abs())
}

/// A seal, as its columns.
struct SealColumns<'a> {
    numbers: [i64; 2],
    head: [&'a [u8]; 2],
    at: At,
    own: [&'a [u8]; 2],
}

impl<'a> SealColumns<'a> {
    fn of(seal: &'a Seal) -> Self {
        Self {
            numbers: [seal.number, seal.head.number].map(u64::cast_signed),
            head: [&seal.head.mac.key, &seal.head.mac.mac],
            at: At(seal.at),
            own: [&seal.mac.key, &seal.mac.mac],
        }
    }

    fn all(&self) -> [Column<'_>; 7] {
        let Self {
            numbers: [number, head_number],
            head: [head_key, head_mac],
            at,
            own: [key, mac],
        } = self;
        [number, head_number, head_key, head_mac, at, key, mac]
    }
}
