//! The sessions over SQLite.

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use uuid::Uuid;

use super::accounts::replace;
use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::{DEADLINE, SqliteStore, history, statements};
use crate::access::UserId;
use crate::store::authenticators::sealed;
use crate::store::{
    Account, AccountsError, Act, MOST_SESSIONS, RefreshDigests, Rotation, Session, Sessions, codes,
};

impl Sessions for SqliteStore {
    fn begin_session(
        &self,
        account: Account,
        session: Session,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| AccountsError::Unavailable(Box::new(error)))?;
            let sealed = sealed(&self.keys, &account)?;
            self.writer
                .call(DEADLINE, move |connection| {
                    begin(connection, (&account, sealed), &session, &act)
                })
                .await?
        })
    }

    fn rotate_session(
        &self,
        brought: RefreshDigests,
        next: [u8; 32],
        now: Timestamp,
        ending: Act,
    ) -> BoxFuture<'_, Result<Rotation, AccountsError>> {
        let ending = self.enclosed(ending);
        Box::pin(async move {
            let ending = ending.map_err(|error| AccountsError::Unavailable(Box::new(error)))?;
            let job = self.writer.call(DEADLINE, move |connection| {
                rotate(connection, (brought, next), now, &ending)
            });
            Ok(job.await?)
        })
    }

    fn session_of(
        &self,
        family: [u8; 32],
    ) -> BoxFuture<'_, Result<Option<Session>, AccountsError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let found = statements::SESSION_OF_FAMILY;
                history::all(connection, found, [family], session)
            });
            Ok(job.await?.into_iter().next())
        })
    }

    fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Session>, AccountsError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let key = params![user.0.as_bytes(), now.millis()];
                history::all(connection, statements::SESSIONS_OF_ACCOUNT, key, session)
            });
            Ok(job.await?)
        })
    }

    fn end_session(
        &self,
        user: UserId,
        id: Uuid,
        now: Timestamp,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| AccountsError::Unavailable(Box::new(error)))?;
            let job = self.writer.call(DEADLINE, move |connection| {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let key = params![user.0.as_bytes(), id.as_bytes(), now.millis()];
                let ended = statements::END_SESSION;
                let ended = history::all(&transaction, ended, key, |_row| Ok(()))?;
                if ended.is_empty() {
                    return Ok(Err(AccountsError::NotFound));
                }
                keep(&transaction, &act)?;
                transaction.commit()?;
                Ok(Ok(()))
            });
            job.await?
        })
    }

    fn deny_token(
        &self,
        digest: [u8; 32],
        until: Timestamp,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| AccountsError::Unavailable(Box::new(error)))?;
            let job = self.writer.call(DEADLINE, move |connection| {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                transaction.execute(statements::DENY_TOKEN, params![digest, until.millis()])?;
                keep(&transaction, &act)?;
                Ok(transaction.commit()?)
            });
            Ok(job.await?)
        })
    }

    fn forget_expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, AccountsError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, move |connection| {
                let mut forgotten = 0;
                for sql in [statements::FORGET_SESSIONS, statements::FORGET_DENIED] {
                    let span = params![before.millis(), limit];
                    forgotten += history::all(connection, sql, span, |_row| Ok(()))?.len();
                }
                Ok(forgotten as u64)
            });
            Ok(job.await?)
        })
    }
}

fn begin(
    connection: &mut Connection,
    (account, sealed): (&Account, Option<Vec<u8>>),
    session: &Session,
    act: &Enclosed,
) -> Result<Result<(), AccountsError>, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Err(refused) = replace(&transaction, account, sealed)? {
        return Ok(Err(refused));
    }
    let row = params![
        session.id.as_bytes(),
        session.user.0.as_bytes(),
        session.digests.family,
        session.digests.refresh,
        session.created_at.millis(),
        session.used_at.millis(),
        session.expires_at.millis(),
        None::<i64>,
        session.agent,
        session.address,
    ];
    transaction.execute(statements::INSERT_SESSION, row)?;
    let most = params![session.user.0.as_bytes(), MOST_SESSIONS];
    transaction.execute(statements::TRIM_SESSIONS, most)?;
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

fn rotate(
    connection: &mut Connection,
    (RefreshDigests { family, refresh }, next): (RefreshDigests, [u8; 32]),
    now: Timestamp,
    ending: &Enclosed,
) -> Result<Rotation, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let row = params![family, refresh, next, now.millis()];
    let rotated = history::all(&transaction, statements::ROTATE_SESSION, row, session)?;
    let rotation = match rotated.into_iter().next() {
        Some(session) => Rotation::Rotated(session),
        None => {
            let row = params![family, refresh, now.millis()];
            let ended = history::all(&transaction, statements::END_FAMILY, row, session)?;
            match ended.into_iter().next() {
                Some(ended) => {
                    keep(&transaction, ending)?;
                    Rotation::Reused(ended)
                }
                None => Rotation::Unknown,
            }
        }
    };
    transaction.commit()?;
    Ok(rotation)
}

fn session(row: &Row<'_>) -> Result<Session, Failure> {
    Ok(Session {
        id: Uuid::from_bytes(row.get(0)?),
        user: UserId(Uuid::from_bytes(row.get(1)?)),
        digests: RefreshDigests {
            family: row.get(2)?,
            refresh: row.get(3)?,
        },
        created_at: codes::timestamp(row.get(4)?)?,
        used_at: codes::timestamp(row.get(5)?)?,
        expires_at: codes::timestamp(row.get(6)?)?,
        agent: row.get(8)?,
        address: row.get(9)?,
    })
}
