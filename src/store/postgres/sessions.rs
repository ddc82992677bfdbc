//! The sessions over PostgreSQL.

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use tokio_postgres::Row;
use uuid::Uuid;

use super::accounts::replace;
use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::values::{At, from_stored, to_stored};
use super::{PostgresStore, history, statements};
use crate::access::UserId;
use crate::store::authenticators::sealed;
use crate::store::unreadable::Unreadable;
use crate::store::{
    Account, AccountsError, Act, MOST_SESSIONS, RefreshDigests, Rotation, Session, Sessions,
};

impl Sessions for PostgresStore {
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
            begin(self, (&account, sealed), &session, &act).await?
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
            Ok(rotate(self, (brought, next), now, &ending).await?)
        })
    }

    fn session_of(
        &self,
        family: [u8; 32],
    ) -> BoxFuture<'_, Result<Option<Session>, AccountsError>> {
        Box::pin(async move {
            let family = family.as_slice();
            let key: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&family];
            let found = history::all(self, statements::SESSION_OF_FAMILY, &key, session).await?;
            Ok(found.into_iter().next())
        })
    }

    fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Session>, AccountsError>> {
        Box::pin(async move {
            let now = At(now);
            let key: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&user.0, &now];
            Ok(history::all(self, statements::SESSIONS_OF_ACCOUNT, &key, session).await?)
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
            let now = At(now);
            let mut transaction = self.writing().await?;
            let ended = transaction
                .rows(statements::END_SESSION, &[&user.0, &id, &now])
                .await?;
            if ended.is_empty() {
                transaction.roll_back().await;
                return Err(AccountsError::NotFound);
            }
            keep(&mut transaction, &act).await?;
            Ok(transaction.commit().await?)
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
            let (digest, until) = (digest.as_slice(), At(until));
            let mut transaction = self.writing().await?;
            transaction
                .rows(statements::DENY_TOKEN, &[&digest, &until])
                .await?;
            keep(&mut transaction, &act).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn forget_expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, AccountsError>> {
        Box::pin(async move {
            let (before, limit) = (At(before), i64::from(limit));
            let mut transaction = self.writing().await?;
            let mut forgotten = 0;
            for query in [statements::FORGET_SESSIONS, statements::FORGET_DENIED] {
                forgotten += transaction.rows(query, &[&before, &limit]).await?.len();
            }
            transaction.commit().await?;
            Ok(forgotten as u64)
        })
    }
}

async fn begin(
    store: &PostgresStore,
    (account, sealed): (&Account, Option<Vec<u8>>),
    session: &Session,
    act: &Enclosed,
) -> Result<Result<(), AccountsError>, Failure> {
    let mut transaction = store.writing().await?;
    if let Err(refused) = replace(&mut transaction, account, sealed).await? {
        transaction.roll_back().await;
        return Ok(Err(refused));
    }
    let digests = [session.digests.family, session.digests.refresh];
    let [family, refresh] = digests.each_ref().map(|digest| digest.as_slice());
    let [created_at, used_at, expires_at] =
        [session.created_at, session.used_at, session.expires_at].map(At);
    let agent = session.agent.as_deref().map(to_stored);
    let address = session.address.as_deref().map(to_stored);
    transaction
        .rows(
            statements::INSERT_SESSION,
            &[
                &session.id,
                &session.user.0,
                &family,
                &refresh,
                &created_at,
                &used_at,
                &expires_at,
                &None::<At>,
                &agent,
                &address,
            ],
        )
        .await?;
    let most = i64::from(MOST_SESSIONS);
    transaction
        .rows(statements::TRIM_SESSIONS, &[&session.user.0, &most])
        .await?;
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn rotate(
    store: &PostgresStore,
    (RefreshDigests { family, refresh }, next): (RefreshDigests, [u8; 32]),
    now: Timestamp,
    ending: &Enclosed,
) -> Result<Rotation, Failure> {
    let [family, refresh, next] = [&family, &refresh, &next].map(|digest| digest.as_slice());
    let now = At(now);
    let mut transaction = store.writing().await?;
    let turn: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [&family, &refresh, &next, &now];
    let rotate = statements::ROTATE_SESSION;
    let rotated = history::all_in(&mut transaction, rotate, &turn, session).await?;
    let rotation = match rotated.into_iter().next() {
        Some(session) => Rotation::Rotated(session),
        None => {
            let brought: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&family, &refresh, &now];
            let end = statements::END_FAMILY;
            let ended = history::all_in(&mut transaction, end, &brought, session).await?;
            match ended.into_iter().next() {
                Some(ended) => {
                    keep(&mut transaction, ending).await?;
                    Rotation::Reused(ended)
                }
                None => Rotation::Unknown,
            }
        }
    };
    transaction.commit().await?;
    Ok(rotation)
}

fn session(row: &Row) -> Result<Session, Failure> {
    let time = |column| -> Result<Timestamp, Failure> { Ok(row.try_get::<_, At>(column)?.0) };
    let text = |column| -> Result<Option<String>, Failure> {
        let stored: Option<String> = row.try_get(column)?;
        Ok(stored.map(from_stored).transpose()?)
    };
    let digest = |column| -> Result<[u8; 32], Failure> {
        let bytes: Vec<u8> = row.try_get(column)?;
        let short = |_| Unreadable("a digest of another length".to_owned());
        Ok(bytes.try_into().map_err(short)?)
    };
    Ok(Session {
        id: row.try_get(0)?,
        user: UserId(row.try_get(1)?),
        digests: RefreshDigests {
            family: digest(2)?,
            refresh: digest(3)?,
        },
        created_at: time(4)?,
        used_at: time(5)?,
        expires_at: time(6)?,
        agent: text(8)?,
        address: text(9)?,
    })
}
