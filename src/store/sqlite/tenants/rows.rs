//! Rows of tenants and plans as values, and back.

use rusqlite::types::Value;
use rusqlite::{Row, types::FromSql};
use uuid::Uuid;

use crate::access::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Plan, PlanId,
    PlanLimits, Tenant,
};
use crate::store::codes;
use crate::store::sqlite::error::Failure;

fn get<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, Failure> {
    Ok(row.get(column)?)
}

fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid, Failure> {
    Ok(Uuid::from_bytes(get(row, column)?))
}

fn version(row: &Row<'_>, column: usize) -> Result<u64, Failure> {
    Ok(get::<i64>(row, column)?.cast_unsigned())
}

/// A row of `all_distributors`.
pub(super) fn distributor(row: &Row<'_>) -> Result<Distributor, Failure> {
    Ok(Distributor {
        id: DistributorId(uuid(row, 0)?),
        name: get(row, 1)?,
        version: version(row, 2)?,
        created_at: codes::timestamp(get(row, 3)?)?,
    })
}

/// A row of `all_communities`.
pub(super) fn community(row: &Row<'_>) -> Result<Community, Failure> {
    let plan: Option<[u8; 16]> = get(row, 2)?;
    Ok(Community {
        id: CommunityId(uuid(row, 0)?),
        distributor: DistributorId(uuid(row, 1)?),
        plan: plan.map(Uuid::from_bytes).map(PlanId),
        region: get(row, 3)?,
        name: get(row, 4)?,
        time_zone: get(row, 5)?,
        version: version(row, 6)?,
        created_at: codes::timestamp(get(row, 7)?)?,
    })
}

/// A row of `all_customers`.
pub(super) fn customer(row: &Row<'_>) -> Result<Customer, Failure> {
    Ok(Customer {
        id: CustomerId(uuid(row, 0)?),
        community: CommunityId(uuid(row, 1)?),
        name: get(row, 2)?,
        version: version(row, 3)?,
        created_at: codes::timestamp(get(row, 4)?)?,
    })
}

/// A row of `all_plans`.
pub(super) fn plan(row: &Row<'_>) -> Result<Plan, Failure> {
    Ok(Plan {
        id: PlanId(uuid(row, 0)?),
        name: get(row, 1)?,
        limits: PlanLimits {
            nodes: get(row, 2)?,
            raw_days: get(row, 3)?,
            alarm_days: get(row, 4)?,
            audit_days: get(row, 5)?,
            requests_per_minute: get(row, 6)?,
            sockets: get(row, 7)?,
        },
        version: version(row, 8)?,
        created_at: codes::timestamp(get(row, 9)?)?,
    })
}

/// The columns of a tenant, in the order of `insert_*` and `update_*`.
pub(super) fn columns(tenant: &Tenant) -> Vec<Value> {
    let id = |id: Uuid| Value::from(id.into_bytes().to_vec());
    let text = |text: &str| Value::from(text.to_owned());
    let version = Value::from(tenant.version().cast_signed());
    match tenant {
        Tenant::Distributor(it) => vec![
            id(it.id.0),
            text(&it.name),
            version,
            it.created_at.millis().into(),
        ],
        Tenant::Community(it) => vec![
            id(it.id.0),
            id(it.distributor.0),
            it.plan.map(|plan| id(plan.0)).into(),
            text(&it.region),
            text(&it.name),
            text(&it.time_zone),
            version,
            it.created_at.millis().into(),
        ],
        Tenant::Customer(it) => vec![
            id(it.id.0),
            id(it.community.0),
            text(&it.name),
            version,
            it.created_at.millis().into(),
        ],
        Tenant::Plan(it) => vec![
            id(it.id.0),
            text(&it.name),
            it.limits.nodes.into(),
            it.limits.raw_days.into(),
            it.limits.alarm_days.into(),
            it.limits.audit_days.into(),
            it.limits.requests_per_minute.into(),
            it.limits.sockets.into(),
            version,
            it.created_at.millis().into(),
        ],
    }
}
