//! Rows of the audit as values.

use tokio_postgres::Row;
use uuid::Uuid;

use crate::audit::{Actor, Chain, Cut, Entry, Link, Mac, Row as AuditRow, Seal};
use crate::store::postgres::error::Failure;
use crate::store::postgres::values::{At, from_stored};
use crate::store::unreadable::Unreadable;
use crate::store::{Listed, Unsealed, codes};

fn bytes<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], Failure> {
    let bytes: Vec<u8> = row.try_get(column)?;
    let other = |_| Unreadable("a key or a MAC of another length".to_owned());
    Ok(bytes.try_into().map_err(other)?)
}

fn number(row: &Row, column: usize) -> Result<u64, Failure> {
    Ok(row.try_get::<_, i64>(column)?.cast_unsigned())
}

fn mac(row: &Row, first: usize) -> Result<Mac, Failure> {
    Ok(Mac {
        key: bytes(row, first)?,
        mac: bytes(row, first + 1)?,
    })
}

/// A number, a key and a MAC, from column `first` on.
fn link(row: &Row, first: usize) -> Result<Link, Failure> {
    Ok(Link {
        number: number(row, first)?,
        mac: mac(row, first + 1)?,
    })
}

/// A row of `lock_chain`: where the chain ends, and the id of what is added to it.
pub(super) fn locked(row: &Row) -> Result<(Link, i64), Failure> {
    Ok((link(row, 0)?, row.try_get(3)?))
}

/// A row of `audit_head`: where the chain says that it ends, and the number of its last row.
pub(super) fn head(row: &Row) -> Result<(Link, u64), Failure> {
    let is_there = row.try_get::<_, Option<i64>>(0)?.is_some();
    let head = if is_there {
        link(row, 0)?
    } else {
        Link::GENESIS
    };
    Ok((head, number(row, 3)?))
}

/// A row of `audit_seals`.
pub(super) fn seal(row: &Row) -> Result<Seal, Failure> {
    Ok(Seal {
        number: number(row, 0)?,
        head: link(row, 1)?,
        at: row.try_get::<_, At>(4)?.0,
        mac: mac(row, 5)?,
    })
}

/// A row of `audit_cut`.
pub(super) fn cut(row: &Row) -> Result<Cut, Failure> {
    Ok(Cut {
        seal: seal(row)?,
        mac: mac(row, 7)?,
    })
}

/// A row of `unsealed_chains`.
pub(super) fn unsealed(row: &Row) -> Result<Unsealed, Failure> {
    let last: Option<i64> = row.try_get(0)?;
    Ok(Unsealed {
        seal: last.map(|_| seal(row)).transpose()?,
        chain: Chain(row.try_get::<_, Uuid>(7)?),
        head: link(row, 8)?,
    })
}

/// A row of `audit_page` and of `audit_of_chain`.
pub(super) fn listed(row: &Row) -> Result<Listed, Failure> {
    let text = |column| -> Result<Option<String>, Failure> {
        let stored: Option<String> = row.try_get(column)?;
        Ok(stored.map(from_stored).transpose()?)
    };
    let said = |column| -> Result<String, Failure> { Ok(from_stored(row.try_get(column)?)?) };
    let actor = Actor {
        kind: codes::actor_kind(row.try_get(5)?)?,
        id: row.try_get(6)?,
        session: row.try_get(7)?,
        address: text(8)?,
        correlation: text(9)?,
    };
    let entry = Entry {
        at: row.try_get::<_, At>(4)?.0,
        actor,
        action: said(10)?,
        target: said(11)?,
        outcome: codes::outcome(row.try_get(12)?)?,
        before: text(13)?,
        after: text(14)?,
    };
    Ok(Listed {
        chain: Chain(row.try_get(0)?),
        row: AuditRow {
            id: row.try_get(15)?,
            link: link(row, 1)?,
            entry,
        },
    })
}
