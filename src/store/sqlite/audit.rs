//! The audit over SQLite. Each entry is written by the one writer, in the transaction of what it tells of.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use rusqlite::{
    Connection, OptionalExtension as _, Row, ToSql, Transaction, TransactionBehavior, params,
};
use uuid::Uuid;

use super::error::Failure;
use super::{DEADLINE, SqliteStore, history, statements};
use crate::audit::{Actor, Chain, Cut, Entry, Link, Mac, Record, Row as AuditRow, Seal};
use crate::store::unreadable::Unreadable;
use crate::store::{Act, AuditError, AuditLog, AuditQuery, Held, Listed, Unsealed, codes};

impl AuditLog for SqliteStore {
    fn write_audit(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, move |connection| {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                write(&transaction, &Act::in_order(records))?;
                Ok(transaction.commit()?)
            });
            Ok(job.await?)
        })
    }

    fn audit_page(
        &self,
        query: AuditQuery,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Listed>, AuditError>> {
        Box::pin(async move {
            let job = self
                .readers
                .call(DEADLINE, move |connection| page(connection, &query, limit));
            Ok(job.await?)
        })
    }

    fn audit_of(
        &self,
        chain: Chain,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<AuditRow>, AuditError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let key = params![chain.0.as_bytes(), after.cast_signed(), limit];
                history::all(connection, statements::AUDIT_OF_CHAIN, key, listed)
            });
            Ok(job.await?.into_iter().map(|listed| listed.row).collect())
        })
    }

    fn audit_chains(&self) -> BoxFuture<'_, Result<Vec<Chain>, AuditError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, |connection| {
                history::all(connection, statements::AUDIT_CHAIN_NAMES, [], |row| {
                    Ok(Chain(Uuid::from_bytes(row.get(0)?)))
                })
            });
            Ok(job.await?)
        })
    }

    fn audit_held(&self, chain: Chain) -> BoxFuture<'_, Result<Held, AuditError>> {
        Box::pin(async move {
            let job = self
                .readers
                .call(DEADLINE, move |connection| held(connection, chain));
            Ok(job.await?)
        })
    }

    fn audit_unsealed(&self) -> BoxFuture<'_, Result<Vec<Unsealed>, AuditError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, |connection| {
                history::all(connection, statements::UNSEALED_CHAINS, [], unsealed)
            });
            Ok(job.await?)
        })
    }

    fn put_audit_seal(&self, chain: Chain, seal: Seal) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, move |connection| {
                let row = params![
                    chain.0.as_bytes(),
                    seal.number.cast_signed(),
                    seal.head.number.cast_signed(),
                    seal.head.mac.key,
                    seal.head.mac.mac,
                    seal.at.millis(),
                    seal.mac.key,
                    seal.mac.mac,
                ];
                connection.execute(statements::PUT_SEAL, row)?;
                Ok(())
            });
            Ok(job.await?)
        })
    }

    fn audit_cuttable(
        &self,
        chain: Chain,
        before: Timestamp,
        most: u32,
    ) -> BoxFuture<'_, Result<Option<Seal>, AuditError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let key = params![chain.0.as_bytes(), before.millis(), most];
                history::all(connection, statements::CUTTABLE, key, seal)
            });
            Ok(job.await?.pop())
        })
    }

    fn cut_audit(&self, chain: Chain, cut: Cut) -> BoxFuture<'_, Result<u64, AuditError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, move |connection| {
                take_front(connection, chain, &cut)
            });
            Ok(job.await?)
        })
    }
}

/// Adds entries, which are in the order of their chains. What they tell of must come to nothing where one
/// of them cannot be written.
pub(super) fn write(transaction: &Transaction<'_>, records: &[Record]) -> Result<(), Failure> {
    for record in records {
        let chain = record.chain().0;
        transaction
            .prepare_cached(statements::OPEN_CHAIN)?
            .execute([chain.as_bytes()])?;
        let (head, id) = transaction
            .prepare_cached(statements::CHAIN_HEAD)?
            .query_row([chain.as_bytes()], |row| Ok((link(row, 0), row.get(3)?)))?;
        let link = record.after(&head?, id).ok_or_else(unbound)?;
        insert(transaction, record, id, &link)?;
        transaction
            .prepare_cached(statements::ADVANCE_CHAIN)?
            .execute(params![
                chain.as_bytes(),
                link.number.cast_signed(),
                link.mac.key,
                link.mac.mac,
            ])?;
    }
    Ok(())
}

fn unbound() -> Failure {
    Unreadable("there is no key to bind the audit with".to_owned()).into()
}

fn insert(
    transaction: &Transaction<'_>,
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
    let bytes = |id: Option<Uuid>| id.map(Uuid::into_bytes);
    transaction
        .prepare_cached(statements::INSERT_AUDIT)?
        .execute(params![
            record.chain().0.as_bytes(),
            link.number.cast_signed(),
            link.mac.key,
            link.mac.mac,
            at.millis(),
            actor.kind.name(),
            bytes(actor.id),
            bytes(actor.session),
            actor.address,
            actor.correlation,
            action,
            target,
            outcome.name(),
            before,
            after,
            id,
        ])?;
    Ok(())
}

fn page(
    connection: &mut Connection,
    query: &AuditQuery,
    limit: u32,
) -> Result<Vec<Listed>, Failure> {
    let by = if query.target.is_some() {
        statements::AUDIT_PAGE_OF_TARGET
    } else if query.actor.is_some() {
        statements::AUDIT_PAGE_OF_ACTOR
    } else if let Some(chains) = &query.chains {
        return page_of_chains(connection, chains, query, limit);
    } else if query.action.is_some() {
        statements::AUDIT_PAGE_OF_ACTION
    } else {
        statements::AUDIT_PAGE
    };
    let name = |chain: &Chain| format!("\"{}\"", chain.0.simple()).to_uppercase();
    let names = |chains: &Vec<Chain>| {
        let names: Vec<_> = chains.iter().map(name).collect();
        format!("[{}]", names.join(","))
    };
    let chains = query.chains.as_ref().map(names);
    page_by(connection, by, &chains, query, limit)
}

/// The newest entries of each chain, and of those the newest.
fn page_of_chains(
    connection: &Connection,
    chains: &[Chain],
    query: &AuditQuery,
    limit: u32,
) -> Result<Vec<Listed>, Failure> {
    let mut found = Vec::new();
    for chain in chains.iter().collect::<BTreeSet<_>>() {
        let by = statements::AUDIT_PAGE_OF_CHAIN;
        found.extend(page_by(connection, by, chain.0.as_bytes(), query, limit)?);
        found.sort_unstable_by_key(|listed| Reverse(listed.row.id));
        found.truncate(limit as usize);
    }
    Ok(found)
}

fn page_by(
    connection: &Connection,
    by: &str,
    chains: &dyn ToSql,
    query: &AuditQuery,
    limit: u32,
) -> Result<Vec<Listed>, Failure> {
    let asked = params![
        chains,
        query.before,
        query.actor.map(Uuid::into_bytes),
        query.target,
        query.action,
        query.outcome.map(|outcome| outcome.name()),
        query.from.map(Timestamp::millis),
        query.to.map(Timestamp::millis),
        limit,
    ];
    history::all(connection, by, asked, listed)
}

fn held(connection: &mut Connection, chain: Chain) -> Result<Held, Failure> {
    let seen = connection.transaction()?;
    let key = [chain.0.as_bytes()];
    let (head, last) = seen.query_row(statements::AUDIT_HEAD, key, |row| {
        let number: Option<i64> = row.get(0)?;
        let head = number.map_or(Ok(Link::GENESIS), |_| link(row, 0));
        Ok((head, row.get::<_, i64>(3)?))
    })?;
    let cut = seen
        .query_row(statements::AUDIT_CUT, key, |row| Ok(cut(row)))
        .optional()?
        .transpose()?;
    Ok(Held {
        head: head?,
        last: last.cast_unsigned(),
        cut,
        seals: history::all(&seen, statements::AUDIT_SEALS, key, seal)?,
    })
}

fn take_front(connection: &mut Connection, chain: Chain, cut: &Cut) -> Result<u64, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Cut { seal, mac } = cut;
    let row = params![
        chain.0.as_bytes(),
        seal.number.cast_signed(),
        seal.head.number.cast_signed(),
        seal.head.mac.key,
        seal.head.mac.mac,
        seal.at.millis(),
        seal.mac.key,
        seal.mac.mac,
        mac.key,
        mac.mac,
    ];
    transaction.execute(statements::PUT_CUT, row)?;
    let gone = transaction.execute(statements::EXPIRE_AUDIT, [chain.0.as_bytes()])?;
    transaction.execute(statements::EXPIRE_SEALS, [chain.0.as_bytes()])?;
    transaction.commit()?;
    Ok(gone as u64)
}

/// A number, a key and a MAC, from column `first` on.
fn link(row: &Row<'_>, first: usize) -> Result<Link, Failure> {
    Ok(Link {
        number: row.get::<_, i64>(first)?.cast_unsigned(),
        mac: mac(row, first + 1)?,
    })
}

fn mac(row: &Row<'_>, first: usize) -> Result<Mac, Failure> {
    Ok(Mac {
        key: row.get(first)?,
        mac: row.get(first + 1)?,
    })
}

fn seal(row: &Row<'_>) -> Result<Seal, Failure> {
    Ok(Seal {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        head: link(row, 1)?,
        at: codes::timestamp(row.get(4)?)?,
        mac: mac(row, 5)?,
    })
}

fn cut(row: &Row<'_>) -> Result<Cut, Failure> {
    Ok(Cut {
        seal: seal(row)?,
        mac: mac(row, 7)?,
    })
}

fn unsealed(row: &Row<'_>) -> Result<Unsealed, Failure> {
    let last: Option<i64> = row.get(0)?;
    Ok(Unsealed {
        seal: last.map(|_| seal(row)).transpose()?,
        chain: Chain(Uuid::from_bytes(row.get(7)?)),
        head: link(row, 8)?,
    })
}

fn listed(row: &Row<'_>) -> Result<Listed, Failure> {
    let (kind, outcome): (String, String) = (row.get(5)?, row.get(12)?);
    let id = |column| -> Result<Option<Uuid>, Failure> {
        let bytes: Option<[u8; 16]> = row.get(column)?;
        Ok(bytes.map(Uuid::from_bytes))
    };
    let actor = Actor {
        kind: codes::actor_kind(&kind)?,
        id: id(6)?,
        session: id(7)?,
        address: row.get(8)?,
        correlation: row.get(9)?,
    };
    let entry = Entry {
        at: codes::timestamp(row.get(4)?)?,
        actor,
        action: row.get(10)?,
        target: row.get(11)?,
        outcome: codes::outcome(&outcome)?,
        before: row.get(13)?,
        after: row.get(14)?,
    };
    Ok(Listed {
        chain: Chain(Uuid::from_bytes(row.get(0)?)),
        row: AuditRow {
            id: row.get(15)?,
            link: link(row, 1)?,
            entry,
        },
    })
}
