//! The accounts over SQLite. Authenticators are sealed on the way in, opened on the way out.

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use rusqlite::ffi::{SQLITE_CONSTRAINT_TRIGGER, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::{DEADLINE, SqliteStore, history, statements};
use crate::access::{Reach, Role, Tenants, UserId};
use crate::auth::lockout::Failures;
use crate::store::authenticators::{Stored, opened, sealed};
use crate::store::unreadable::Unreadable;
use crate::store::{
    Account, AccountName, AccountStanding, Accounts, AccountsError, Act, Bearer, EmailAddress,
    Standing, codes,
};

/// What a call came to, where the database itself did not fail.
type Outcome<T> = Result<T, AccountsError>;

impl Accounts for SqliteStore {
    fn standing(
        &self,
        bearer: Bearer,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, AccountsError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                standing(connection, &bearer, now)
            });
            Ok(job.await?)
        })
    }

    fn account(&self, name: AccountName) -> BoxFuture<'_, Result<Option<Account>, AccountsError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let (id, email, external) = columns_of(&name);
                let key = params![id, email, external];
                history::all(connection, statements::ACCOUNT, key, account)
            });
            let found = job.await?.into_iter().next();
            found.map(|found| opened(&self.keys, found)).transpose()
        })
    }

    fn accounts_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Account>, AccountsError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let after = after.map_or(Uuid::nil(), |id| id.0);
                let page = params![after.as_bytes(), limit];
                history::all(connection, statements::ACCOUNTS_AFTER, page, account)
            });
            let found = job.await?.into_iter();
            found.map(|found| opened(&self.keys, found)).collect()
        })
    }

    fn insert_account(
        &self,
        account: Account,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| AccountsError::Unavailable(Box::new(error)))?;
            let sealed = sealed(&self.keys, &account)?;
            self.writer
                .call(DEADLINE, move |connection| {
                    insert(connection, &account, sealed, &act)
                })
                .await?
        })
    }

    fn update_account(
        &self,
        account: Account,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| AccountsError::Unavailable(Box::new(error)))?;
            let sealed = sealed(&self.keys, &account)?;
            self.writer
                .call(DEADLINE, move |connection| {
                    update(connection, &account, sealed, &act)
                })
                .await?
        })
    }

    fn remove_account(
        &self,
        id: UserId,
        version: u64,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| AccountsError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    remove(connection, (id, version), &act)
                })
                .await?
        })
    }
}

fn columns_of(name: &AccountName) -> (Option<&[u8; 16]>, Option<&str>, Option<&[u8; 16]>) {
    match name {
        AccountName::Id(id) => (Some(id.0.as_bytes()), None, None),
        AccountName::Email(email) => (None, Some(email.as_str()), None),
        AccountName::External(id) => (None, None, Some(id.as_bytes())),
    }
}

fn standing(connection: &Connection, bearer: &Bearer, now: Timestamp) -> Result<Standing, Failure> {
    let (id, _, external) = columns_of(&bearer.name);
    let session = bearer.session.as_ref().map(Uuid::as_bytes);
    let [token, elsewhere] = bearer.digests;
    let asked = params![id, external, session, token, now.millis(), elsewhere];
    let mut statement = connection.prepare_cached(statements::RECOGNISE)?;
    let mut rows = statement.query(asked)?;
    let row = rows.next()?.ok_or_else(|| broken("no row"))?;
    let account: Option<[u8; 16]> = row.get(1)?;
    let account = account.map(|id| {
        let role: String = row.get(2)?;
        let (role, reach) = role_and_reach(row, &role, 3)?;
        Ok::<_, Failure>(AccountStanding {
            id: UserId(Uuid::from_bytes(id)),
            role,
            reach,
            valid_from: codes::timestamp(row.get(7)?)?,
            is_disabled: row.get::<_, Option<i64>>(8)?.is_some(),
            has_session: row.get(9)?,
            must_change_password: row.get(10)?,
        })
    });
    Ok(Standing {
        is_denied: row.get(0)?,
        account: account.transpose()?,
    })
}

fn put(
    connection: &Connection,
    sql: &str,
    account: &Account,
    sealed: Option<Vec<u8>>,
) -> Result<bool, Failure> {
    let tenants = account.reach.tenants();
    let bytes = |id: &Option<Uuid>| id.map(Uuid::into_bytes);
    let row = params![
        account.id.0.as_bytes(),
        account.email.as_str(),
        account.name,
        account.role.name(),
        bytes(&tenants.distributor),
        tenants.region,
        bytes(&tenants.community),
        bytes(&tenants.customer),
        account.password.as_ref().map(|kept| kept.expose_secret()),
        bytes(&account.external),
        sealed,
        account.failures.count,
        account.failures.last_at.map(Timestamp::millis),
        account.valid_from.millis(),
        account.disabled_at.map(Timestamp::millis),
        account.created_at.millis(),
        account.version.cast_signed(),
        account.must_change_password,
        account.one_time_until.map(Timestamp::millis),
    ];
    // One that says what it changed gives a row, one that adds gives none.
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(row)?;
    Ok(rows.next()?.is_some())
}

fn insert(
    connection: &mut Connection,
    account: &Account,
    sealed: Option<Vec<u8>>,
    act: &Enclosed,
) -> Result<Outcome<()>, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match put(&transaction, statements::INSERT_ACCOUNT, account, sealed) {
        Ok(_) => {}
        Err(failure) => return refused(failure, account).map(Err),
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// What a constraint says of an account.
fn refused(failure: Failure, account: &Account) -> Result<AccountsError, Failure> {
    let Failure::Sqlite(error) = &failure else {
        return Err(failure);
    };
    match error.sqlite_error().map(|error| error.extended_code) {
        Some(SQLITE_CONSTRAINT_UNIQUE) => Ok(AccountsError::Taken),
        Some(SQLITE_CONSTRAINT_TRIGGER) => Ok(AccountsError::NoTenant(account.reach.clone())),
        Some(_) | None => Err(failure),
    }
}

fn update(
    connection: &mut Connection,
    account: &Account,
    sealed: Option<Vec<u8>>,
    act: &Enclosed,
) -> Result<Outcome<()>, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Err(refused) = replace(&transaction, account, sealed)? {
        return Ok(Err(refused));
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// Puts an account in the place of the version before it. What is refused is to be rolled back.
pub(super) fn replace(
    transaction: &Transaction<'_>,
    account: &Account,
    sealed: Option<Vec<u8>>,
) -> Result<Outcome<()>, Failure> {
    let leaves_nobody = !account.runs_the_service() && is_the_last(transaction, account.id)?;
    match put(transaction, statements::UPDATE_ACCOUNT, account, sealed) {
        Err(failure) => refused(failure, account).map(Err),
        Ok(false) => Ok(Err(missed(transaction, account.id)?)),
        Ok(true) if leaves_nobody => Ok(Err(AccountsError::LastOne)),
        Ok(true) => Ok(Ok(())),
    }
}

fn remove(
    connection: &mut Connection,
    (id, version): (UserId, u64),
    act: &Enclosed,
) -> Result<Outcome<()>, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let leaves_nobody = is_the_last(&transaction, id)?;
    let key = params![id.0.as_bytes(), version.cast_signed()];
    let gone = transaction
        .query_row(statements::DELETE_ACCOUNT, key, |_row| Ok(()))
        .optional()?;
    if gone.is_none() {
        return Ok(Err(missed(&transaction, id)?));
    }
    if leaves_nobody {
        return Ok(Err(AccountsError::LastOne));
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// Why there is no such version of an account.
fn missed(transaction: &Transaction<'_>, id: UserId) -> Result<AccountsError, Failure> {
    let name = AccountName::Id(id);
    let (id, email, external) = columns_of(&name);
    let key = params![id, email, external];
    let found = transaction
        .query_row(statements::ACCOUNT, key, |_row| Ok(()))
        .optional()?;
    Ok(found.map_or(AccountsError::NotFound, |()| AccountsError::Stale))
}

/// Whether nobody but `id` runs the service.
fn is_the_last(connection: &Connection, id: UserId) -> Result<bool, Failure> {
    let all = history::all(connection, statements::ACCOUNTS_THAT_RUN, [], |row| {
        Ok(UserId(Uuid::from_bytes(row.get(0)?)))
    })?;
    Ok(all == [id])
}

fn account(row: &Row<'_>) -> Result<Stored, Failure> {
    let (id, email, role): ([u8; 16], String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let (role, reach) = role_and_reach(row, &role, 4)?;
    let password: Option<String> = row.get(8)?;
    let external: Option<[u8; 16]> = row.get(9)?;
    let time = |column| -> Result<_, Failure> {
        let millis: Option<i64> = row.get(column)?;
        Ok(millis.map(codes::timestamp).transpose()?)
    };
    let account = Account {
        id: UserId(Uuid::from_bytes(id)),
        email: EmailAddress::parse(&email).map_err(|_| broken("an address that is none"))?,
        name: row.get(2)?,
        role,
        reach,
        password: password.map(Into::into),
        external: external.map(Uuid::from_bytes),
        authenticator: None,
        failures: Failures {
            count: row.get(11)?,
            last_at: time(12)?,
        },
        valid_from: codes::timestamp(row.get(13)?)?,
        disabled_at: time(14)?,
        created_at: codes::timestamp(row.get(15)?)?,
        version: row.get::<_, i64>(16)?.cast_unsigned(),
        must_change_password: row.get(17)?,
        one_time_until: time(18)?,
    };
    Ok((account, row.get(10)?))
}

fn role_and_reach(row: &Row<'_>, role: &str, first: usize) -> Result<(Role, Reach), Failure> {
    let role = role.parse().map_err(|_| broken("an unknown role"))?;
    let id = |column| -> Result<Option<Uuid>, Failure> {
        let bytes: Option<[u8; 16]> = row.get(column)?;
        Ok(bytes.map(Uuid::from_bytes))
    };
    let tenants = Tenants {
        distributor: id(first)?,
        region: row.get(first + 1)?,
        community: id(first + 2)?,
        customer: id(first + 3)?,
    };
    let reach = Reach::of(role, tenants).map_err(|_| broken("a role without its tenant"))?;
    Ok((role, reach))
}

fn broken(what: &str) -> Failure {
    Unreadable(format!("an account with {what}")).into()
}
