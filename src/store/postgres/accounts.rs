//! The accounts over PostgreSQL. Authenticators are sealed on the way in, opened on the way out.

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use secrecy::ExposeSecret as _;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::statements::Query;
use super::transaction::Transaction;
use super::values::{At, from_stored, to_stored};
use super::{DEADLINE, PostgresStore, history, statements};
use crate::access::{Reach, Role, Tenants, UserId};
use crate::auth::lockout::Failures;
use crate::store::authenticators::{Stored, opened, sealed};
use crate::store::unreadable::Unreadable;
use crate::store::{
    Account, AccountName, AccountStanding, Accounts, AccountsError, Act, Bearer, EmailAddress,
    Standing,
};

/// What is violated by an account whose tenant is not there, and by the removal of a tenant that people stand at.
pub(super) const TENANT_CONSTRAINTS: [&str; 3] = [
    "users_of_distributor",
    "users_of_community",
    "users_of_customer",
];

/// What a call came to, where the database itself did not fail.
type Outcome<T> = Result<T, AccountsError>;

impl Accounts for PostgresStore {
    fn standing(
        &self,
        bearer: Bearer,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, AccountsError>> {
        Box::pin(async move {
            let (id, _, external) = columns_of(&bearer.name);
            let [token, elsewhere] = bearer.digests.each_ref().map(<[u8; 32]>::as_slice);
            let now = At(now);
            let asked: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
                [&id, &external, &bearer.session, &token, &now, &elsewhere];
            let transaction = Transaction::reading(&self.people, DEADLINE).await?;
            let rows = transaction.only(statements::RECOGNISE, &asked).await?;
            Ok(standing(rows.first().ok_or(Failure::Ended)?)?)
        })
    }

    fn account(&self, name: AccountName) -> BoxFuture<'_, Result<Option<Account>, AccountsError>> {
        Box::pin(async move {
            let (id, email, external) = columns_of(&name);
            let key: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&id, &email, &external];
            let found = history::all(self, statements::ACCOUNT, &key, account).await?;
            let found = found.into_iter().next();
            found.map(|found| opened(&self.keys, found)).transpose()
        })
    }

    fn accounts_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Account>, AccountsError>> {
        Box::pin(async move {
            let (after, limit) = (after.map_or(Uuid::nil(), |id| id.0), i64::from(limit));
            let page: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&after, &limit];
            let found = history::all(self, statements::ACCOUNTS_AFTER, &page, account).await?;
            let found = found.into_iter();
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
            insert(self, &account, sealed, &act).await?
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
            update(self, &account, sealed, &act).await?
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
            remove(self, (id, version), &act).await?
        })
    }
}

fn columns_of(
    name: &AccountName,
) -> (
    Option<Uuid>,
    Option<std::borrow::Cow<'_, str>>,
    Option<Uuid>,
) {
    match name {
        AccountName::Id(id) => (Some(id.0), None, None),
        AccountName::Email(email) => (None, Some(to_stored(email.as_str())), None),
        AccountName::External(id) => (None, None, Some(*id)),
    }
}

async fn insert(
    store: &PostgresStore,
    account: &Account,
    sealed: Option<Vec<u8>>,
    act: &Enclosed,
) -> Result<Outcome<()>, Failure> {
    let mut transaction = store.writing().await?;
    let put = put(
        &mut transaction,
        statements::INSERT_ACCOUNT,
        account,
        sealed,
    )
    .await;
    match put {
        Ok(_) => {}
        Err(failure) => {
            transaction.roll_back().await;
            return refused(failure, account).map(Err);
        }
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

/// What a constraint says of an account.
fn refused(failure: Failure, account: &Account) -> Result<AccountsError, Failure> {
    if failure.is(&SqlState::UNIQUE_VIOLATION) {
        return Ok(AccountsError::Taken);
    }
    if TENANT_CONSTRAINTS.iter().any(|name| failure.violates(name)) {
        return Ok(AccountsError::NoTenant(account.reach.clone()));
    }
    Err(failure)
}

async fn update(
    store: &PostgresStore,
    account: &Account,
    sealed: Option<Vec<u8>>,
    act: &Enclosed,
) -> Result<Outcome<()>, Failure> {
    let mut transaction = store.writing().await?;
    if let Err(refused) = replace(&mut transaction, account, sealed).await? {
        transaction.roll_back().await;
        return Ok(Err(refused));
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

/// Puts an account in the place of the version before it. What is refused is to be rolled back.
pub(super) async fn replace(
    transaction: &mut Transaction<'_>,
    account: &Account,
    sealed: Option<Vec<u8>>,
) -> Result<Outcome<()>, Failure> {
    let leaves_nobody = !account.runs_the_service() && is_the_last(transaction, account.id).await?;
    match put(transaction, statements::UPDATE_ACCOUNT, account, sealed).await {
        Err(failure) => refused(failure, account).map(Err),
        Ok(false) => Ok(Err(missed(transaction, account.id).await?)),
        Ok(true) if leaves_nobody => Ok(Err(AccountsError::LastOne)),
        Ok(true) => Ok(Ok(())),
    }
}

async fn remove(
    store: &PostgresStore,
    (id, version): (UserId, u64),
    act: &Enclosed,
) -> Result<Outcome<()>, Failure> {
    let mut transaction = store.writing().await?;
    let leaves_nobody = is_the_last(&mut transaction, id).await?;
    let gone = transaction
        .rows(statements::DELETE_ACCOUNT, &[&id.0, &version.cast_signed()])
        .await?;
    let refused = match gone.is_empty() {
        true => Some(missed(&mut transaction, id).await?),
        false => leaves_nobody.then_some(AccountsError::LastOne),
    };
    if let Some(refused) = refused {
        transaction.roll_back().await;
        return Ok(Err(refused));
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

/// Why there is no such version of an account.
async fn missed(transaction: &mut Transaction<'_>, id: UserId) -> Result<AccountsError, Failure> {
    let name = AccountName::Id(id);
    let (id, email, external) = columns_of(&name);
    let found = transaction
        .rows(statements::ACCOUNT, &[&id, &email, &external])
        .await?;
    Ok(match found.is_empty() {
        true => AccountsError::NotFound,
        false => AccountsError::Stale,
    })
}

/// Whether nobody but `id` runs the service; so it stays until the transaction ends.
async fn is_the_last(transaction: &mut Transaction<'_>, id: UserId) -> Result<bool, Failure> {
    let all = statements::ACCOUNTS_THAT_RUN;
    let all = history::all_in(transaction, all, &[], |row| Ok(row.try_get::<_, Uuid>(0)?)).await?;
    Ok(all == [id.0])
}

/// Whether a row was changed; none is where one was added.
async fn put(
    transaction: &mut Transaction<'_>,
    query: Query,
    account: &Account,
    sealed: Option<Vec<u8>>,
) -> Result<bool, Failure> {
    let tenants = account.reach.tenants();
    let email = to_stored(account.email.as_str());
    let (name, role) = (to_stored(&account.name), account.role.name());
    let region = tenants.region.as_deref().map(to_stored);
    let password = account.password.as_ref().map(|kept| kept.expose_secret());
    let failures = i64::from(account.failures.count);
    let (failed_at, disabled_at) = (
        account.failures.last_at.map(At),
        account.disabled_at.map(At),
    );
    let (valid_from, created_at) = (At(account.valid_from), At(account.created_at));
    let version = account.version.cast_signed();
    let rows = transaction
        .rows(
            query,
            &[
                &account.id.0,
                &email,
                &name,
                &role,
                &tenants.distributor,
                &region,
                &tenants.community,
                &tenants.customer,
                &password,
                &account.external,
                &sealed,
                &failures,
                &failed_at,
                &valid_from,
                &disabled_at,
                &created_at,
                &version,
                &account.must_change_password,
                &account.one_time_until.map(At),
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

fn standing(row: &Row) -> Result<Standing, Failure> {
    let id: Option<Uuid> = row.try_get(1)?;
    let account = id.map(|id| {
        let (role, reach) = role_and_reach(row, 2)?;
        let disabled_at: Option<At> = row.try_get(8)?;
        Ok::<_, Failure>(AccountStanding {
            id: UserId(id),
            role,
            reach,
            valid_from: row.try_get::<_, At>(7)?.0,
            is_disabled: disabled_at.is_some(),
            has_session: row.try_get(9)?,
            must_change_password: row.try_get(10)?,
        })
    });
    Ok(Standing {
        is_denied: row.try_get(0)?,
        account: account.transpose()?,
    })
}

fn account(row: &Row) -> Result<Stored, Failure> {
    let (role, reach) = role_and_reach(row, 3)?;
    let email = from_stored(row.try_get(1)?)?;
    let password: Option<String> = row.try_get(8)?;
    let time = |column| -> Result<Option<Timestamp>, Failure> {
        let at: Option<At> = row.try_get(column)?;
        Ok(at.map(|At(at)| at))
    };
    let account = Account {
        id: UserId(row.try_get(0)?),
        email: EmailAddress::parse(&email).map_err(|_| broken("an address that is none"))?,
        name: from_stored(row.try_get(2)?)?,
        role,
        reach,
        password: password.map(Into::into),
        external: row.try_get(9)?,
        authenticator: None,
        failures: Failures {
            count: u32::try_from(row.try_get::<_, i64>(11)?).unwrap_or(u32::MAX),
            last_at: time(12)?,
        },
        valid_from: row.try_get::<_, At>(13)?.0,
        disabled_at: time(14)?,
        created_at: row.try_get::<_, At>(15)?.0,
        version: row.try_get::<_, i64>(16)?.cast_unsigned(),
        must_change_password: row.try_get(17)?,
        one_time_until: time(18)?,
    };
    Ok((account, row.try_get(10)?))
}

/// The role in column `first`, and the tenants after it.
fn role_and_reach(row: &Row, first: usize) -> Result<(Role, Reach), Failure> {
    let role: String = row.try_get(first)?;
    let role = role.parse().map_err(|_| broken("an unknown role"))?;
    let region: Option<String> = row.try_get(first + 2)?;
    let tenants = Tenants {
        distributor: row.try_get(first + 1)?,
        region: region.map(from_stored).transpose()?,
        community: row.try_get(first + 3)?,
        customer: row.try_get(first + 4)?,
    };
    let reach = Reach::of(role, tenants).map_err(|_| broken("a role without its tenant"))?;
    Ok((role, reach))
}

fn broken(what: &str) -> Failure {
    Unreadable(format!("an account with {what}")).into()
}
