//! The tenants over SQLite. Each write checks and changes in one transaction.

mod rows;

use evara_actors::ports::BoxFuture;
use rusqlite::ffi::{
    SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_TRIGGER,
    SQLITE_CONSTRAINT_UNIQUE,
};
use rusqlite::{Connection, TransactionBehavior, params, params_from_iter};

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::{DEADLINE, SqliteStore, history, statements};
use crate::access::{Forest, Tenant, TenantId};
use crate::store::{Act, Tenants, TenantsError};

/// What a write came to, where the database itself did not fail.
type Outcome = Result<(), TenantsError>;

impl Tenants for SqliteStore {
    fn forest(&self) -> BoxFuture<'_, Result<Forest, TenantsError>> {
        Box::pin(async move { Ok(self.readers.call(DEADLINE, forest).await?) })
    }

    fn insert_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| TenantsError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    insert(connection, &tenant, &act)
                })
                .await?
        })
    }

    fn update_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| TenantsError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    update(connection, &tenant, &act)
                })
                .await?
        })
    }

    fn remove_tenant(
        &self,
        id: TenantId,
        version: u64,
        act: Act,
    ) -> BoxFuture<'_, Result<(), TenantsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| TenantsError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    remove(connection, id, version, &act)
                })
                .await?
        })
    }
}

fn forest(connection: &mut Connection) -> Result<Forest, Failure> {
    let seen = connection.transaction()?;
    let distributors =
        history::all(&seen, statements::ALL_DISTRIBUTORS, [], rows::distributor)?.into_iter();
    let communities =
        history::all(&seen, statements::ALL_COMMUNITIES, [], rows::community)?.into_iter();
    let customers = history::all(&seen, statements::ALL_CUSTOMERS, [], rows::customer)?.into_iter();
    let plans = history::all(&seen, statements::ALL_PLANS, [], rows::plan)?.into_iter();
    Ok(Forest {
        distributors: distributors.map(|it| (it.id, it)).collect(),
        communities: communities.map(|it| (it.id, it)).collect(),
        customers: customers.map(|it| (it.id, it)).collect(),
        plans: plans.map(|it| (it.id, it)).collect(),
    })
}

fn insert(
    connection: &mut Connection,
    tenant: &Tenant,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let insert = match tenant {
        Tenant::Distributor(_) => statements::INSERT_DISTRIBUTOR,
        Tenant::Community(_) => statements::INSERT_COMMUNITY,
        Tenant::Customer(_) => statements::INSERT_CUSTOMER,
        Tenant::Plan(_) => statements::INSERT_PLAN,
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let columns = params_from_iter(rows::columns(tenant));
    match transaction.execute(insert, columns) {
        Ok(_) => {}
        Err(error) => return refused(error, TenantsError::NoParent),
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

fn update(
    connection: &mut Connection,
    tenant: &Tenant,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let update = match tenant {
        Tenant::Distributor(_) => statements::UPDATE_DISTRIBUTOR,
        Tenant::Community(_) => statements::UPDATE_COMMUNITY,
        Tenant::Customer(_) => statements::UPDATE_CUSTOMER,
        Tenant::Plan(_) => statements::UPDATE_PLAN,
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let columns = params_from_iter(rows::columns(tenant));
    match transaction.execute(update, columns) {
        Ok(0) => return missed(&transaction, tenant.id()),
        Ok(_) => {}
        Err(error) => return refused(error, TenantsError::NoParent),
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

fn remove(
    connection: &mut Connection,
    id: TenantId,
    version: u64,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let delete = match id {
        TenantId::Distributor(_) => statements::DELETE_DISTRIBUTOR,
        TenantId::Community(_) => statements::DELETE_COMMUNITY,
        TenantId::Customer(_) => statements::DELETE_CUSTOMER,
        TenantId::Plan(_) => statements::DELETE_PLAN,
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let name = id.uuid();
    match transaction.execute(delete, params![name.as_bytes(), version.cast_signed()]) {
        Ok(0) => return missed(&transaction, id),
        Ok(_) => {}
        Err(error) => return refused(error, TenantsError::StillUsed),
    }
    if transaction.query_row(statements::HAS_PEOPLE, [name.as_bytes()], |row| row.get(0))? {
        return Ok(Err(TenantsError::HasPeople));
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// Why a write found nothing at the version that it names. Nobody else writes in between.
fn missed(connection: &Connection, id: TenantId) -> Result<Outcome, Failure> {
    let id = id.uuid();
    let is_there =
        connection.query_row(statements::HAS_TENANT, [id.as_bytes()], |row| row.get(0))?;
    Ok(Err(if is_there {
        TenantsError::VersionMoved
    } else {
        TenantsError::NotFound
    }))
}

/// What a constraint says; `of_key` is what a foreign key does.
fn refused(error: rusqlite::Error, of_key: TenantsError) -> Result<Outcome, Failure> {
    match error.sqlite_error().map(|failure| failure.extended_code) {
        Some(SQLITE_CONSTRAINT_FOREIGNKEY) => Ok(Err(of_key)),
        Some(SQLITE_CONSTRAINT_TRIGGER) => Ok(Err(TenantsError::StillUsed)),
        Some(SQLITE_CONSTRAINT_PRIMARYKEY) => Ok(Err(TenantsError::VersionMoved)),
        Some(SQLITE_CONSTRAINT_UNIQUE) => Ok(Err(TenantsError::NameTaken)),
        Some(_) | None => Err(error.into()),
    }
}
