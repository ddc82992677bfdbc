//! The tenants over PostgreSQL. Each write checks and changes in one transaction, and the constraints hold
//! what two transactions cannot see of each other.

mod rows;

use evara_actors::ports::BoxFuture;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::accounts::TENANT_CONSTRAINTS;
use super::error::Failure;
use super::history::all_in;
use super::receipts::{Enclosed, keep};
use super::statements::Query;
use super::transaction::Transaction;
use super::{PostgresStore, rows as common, statements};
use crate::access::{Forest, Tenant, TenantId};
use crate::store::{Act, Tenants, TenantsError};

/// What is violated by a name that another plan has.
const NAME_CONSTRAINT: &str = "plans_name_key";

/// What is violated by a customer that would leave its nodes behind.
const NODES_OF_CUSTOMER: &str = "nodes_of_customer";

/// What a write came to, where the database itself did not fail.
type Outcome = Result<(), TenantsError>;

impl Tenants for PostgresStore {
    fn forest(&self) -> BoxFuture<'_, Result<Forest, TenantsError>> {
        Box::pin(async move { Ok(forest(self).await?) })
    }

    fn insert_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| TenantsError::Unavailable(Box::new(error)))?;
            insert(self, &tenant, &act).await?
        })
    }

    fn update_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| TenantsError::Unavailable(Box::new(error)))?;
            update(self, &tenant, &act).await?
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
            remove(self, id, version, &act).await?
        })
    }
}

async fn forest(store: &PostgresStore) -> Result<Forest, Failure> {
    let mut transaction = store.reading().await?;
    let seen = &mut transaction;
    let distributors = all_in(seen, statements::ALL_DISTRIBUTORS, &[], rows::distributor).await?;
    let communities = all_in(seen, statements::ALL_COMMUNITIES, &[], rows::community).await?;
    let customers = all_in(seen, statements::ALL_CUSTOMERS, &[], rows::customer).await?;
    let plans = all_in(seen, statements::ALL_PLANS, &[], rows::plan).await?;
    transaction.roll_back().await;
    Ok(Forest {
        distributors: distributors.into_iter().map(|it| (it.id, it)).collect(),
        communities: communities.into_iter().map(|it| (it.id, it)).collect(),
        customers: customers.into_iter().map(|it| (it.id, it)).collect(),
        plans: plans.into_iter().map(|it| (it.id, it)).collect(),
    })
}

async fn insert(
    store: &PostgresStore,
    tenant: &Tenant,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let insert = match tenant {
        Tenant::Distributor(_) => statements::INSERT_DISTRIBUTOR,
        Tenant::Community(_) => statements::INSERT_COMMUNITY,
        Tenant::Customer(_) => statements::INSERT_CUSTOMER,
        Tenant::Plan(_) => statements::INSERT_PLAN,
    };
    let mut transaction = store.writing().await?;
    match write(&mut transaction, insert, tenant).await {
        Ok(_) => {}
        Err(failure) => return refused(transaction, failure, TenantsError::NoParent).await,
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn update(
    store: &PostgresStore,
    tenant: &Tenant,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let update = match tenant {
        Tenant::Distributor(_) => statements::UPDATE_DISTRIBUTOR,
        Tenant::Community(_) => statements::UPDATE_COMMUNITY,
        Tenant::Customer(_) => statements::UPDATE_CUSTOMER,
        Tenant::Plan(_) => statements::UPDATE_PLAN,
    };
    let mut transaction = store.writing().await?;
    match write(&mut transaction, update, tenant).await {
        Ok(0) => return missed(transaction, tenant.id()).await,
        Ok(_) => {}
        Err(failure) => return refused(transaction, failure, TenantsError::NoParent).await,
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn remove(
    store: &PostgresStore,
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
    let mut transaction = store.writing().await?;
    let (name, version) = (id.uuid(), version.cast_signed());
    match transaction.rows(delete, &[&name, &version]).await {
        Ok(gone) if gone.is_empty() => return missed(transaction, id).await,
        Ok(_) => {}
        Err(failure) => return refused(transaction, failure, TenantsError::StillUsed).await,
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn write(
    transaction: &mut Transaction<'_>,
    query: Query,
    tenant: &Tenant,
) -> Result<usize, Failure> {
    let columns = rows::columns(tenant);
    let columns: Vec<&(dyn ToSql + Sync)> = columns
        .iter()
        .map(|column| &**column as &(dyn ToSql + Sync))
        .collect();
    Ok(transaction.rows(query, &columns).await?.len())
}

/// Why a write found nothing at the version that it names.
async fn missed(mut transaction: Transaction<'_>, id: TenantId) -> Result<Outcome, Failure> {
    let found = transaction
        .row(statements::HAS_TENANT, &[&id.uuid()])
        .await?;
    let is_there = common::is_there(&found)?;
    transaction.roll_back().await;
    Ok(Err(if is_there {
        TenantsError::VersionMoved
    } else {
        TenantsError::NotFound
    }))
}

/// What a constraint says; `of_key` is what a foreign key does.
async fn refused(
    transaction: Transaction<'_>,
    failure: Failure,
    of_key: TenantsError,
) -> Result<Outcome, Failure> {
    transaction.roll_back().await;
    if failure.violates(NODES_OF_CUSTOMER) {
        return Ok(Err(TenantsError::StillUsed));
    }
    if TENANT_CONSTRAINTS.iter().any(|name| failure.violates(name)) {
        return Ok(Err(TenantsError::HasPeople));
    }
    if failure.is(&SqlState::FOREIGN_KEY_VIOLATION) {
        return Ok(Err(of_key));
    }
    if failure.violates(NAME_CONSTRAINT) {
        return Ok(Err(TenantsError::NameTaken));
    }
    if failure.is(&SqlState::UNIQUE_VIOLATION) {
        return Ok(Err(TenantsError::VersionMoved));
    }
    Err(failure)
}
