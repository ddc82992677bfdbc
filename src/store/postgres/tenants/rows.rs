//! Rows of tenants and plans as values, and back.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use crate::access::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Plan, PlanId,
    PlanLimits, Tenant,
};
use crate::store::postgres::error::Failure;
use crate::store::postgres::values::{At, from_stored, to_stored};
use crate::store::unreadable::Unreadable;

fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Failure> {
    Ok(row.try_get(column)?)
}

fn text(row: &Row, column: usize) -> Result<String, Failure> {
    Ok(from_stored(get(row, column)?)?)
}

fn version(row: &Row, column: usize) -> Result<u64, Failure> {
    Ok(get::<i64>(row, column)?.cast_unsigned())
}

fn limit(row: &Row, column: usize) -> Result<Option<u32>, Failure> {
    let limit: Option<i32> = get(row, column)?;
    let below = |_| Unreadable("a plan with a limit below nought".to_owned());
    Ok(limit.map(u32::try_from).transpose().map_err(below)?)
}

/// A row of `all_distributors`.
pub(super) fn distributor(row: &Row) -> Result<Distributor, Failure> {
    let At(created_at) = get(row, 3)?;
    Ok(Distributor {
        id: DistributorId(get(row, 0)?),
        name: text(row, 1)?,
        version: version(row, 2)?,
        created_at,
    })
}

/// A row of `all_communities`.
pub(super) fn community(row: &Row) -> Result<Community, Failure> {
    let At(created_at) = get(row, 7)?;
    Ok(Community {
        id: CommunityId(get(row, 0)?),
        distributor: DistributorId(get(row, 1)?),
        plan: get::<Option<_>>(row, 2)?.map(PlanId),
        region: text(row, 3)?,
        name: text(row, 4)?,
        time_zone: text(row, 5)?,
        version: version(row, 6)?,
        created_at,
    })
}

/// A row of `all_customers`.
pub(super) fn customer(row: &Row) -> Result<Customer, Failure> {
    let At(created_at) = get(row, 4)?;
    Ok(Customer {
        id: CustomerId(get(row, 0)?),
        community: CommunityId(get(row, 1)?),
        name: text(row, 2)?,
        version: version(row, 3)?,
        created_at,
    })
}

/// A row of `all_plans`.
pub(super) fn plan(row: &Row) -> Result<Plan, Failure> {
    let At(created_at) = get(row, 9)?;
    Ok(Plan {
        id: PlanId(get(row, 0)?),
        name: text(row, 1)?,
        limits: PlanLimits {
            nodes: limit(row, 2)?,
            raw_days: limit(row, 3)?,
            alarm_days: limit(row, 4)?,
            audit_days: limit(row, 5)?,
            requests_per_minute: limit(row, 6)?,
            sockets: limit(row, 7)?,
        },
        version: version(row, 8)?,
        created_at,
    })
}

/// A column, owned.
pub(super) type Column = Box<dyn ToSql + Send + Sync>;

/// The columns of a tenant, in the order of `insert_*` and `update_*`.
pub(super) fn columns(tenant: &Tenant) -> Vec<Column> {
    let text = |text: &str| -> Column { Box::new(to_stored(text).into_owned()) };
    // Nobody is given a limit of more than a plan may have, which is far from the end of the type.
    let limit = |limit: Option<u32>| -> Column {
        Box::new(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
    };
    let version: Column = Box::new(tenant.version().cast_signed());
    match tenant {
        Tenant::Distributor(it) => vec![
            Box::new(it.id.0),
            text(&it.name),
            version,
            Box::new(At(it.created_at)),
        ],
        Tenant::Community(it) => vec![
            Box::new(it.id.0),
            Box::new(it.distributor.0),
            Box::new(it.plan.map(|plan| plan.0)),
            text(&it.region),
            text(&it.name),
            text(&it.time_zone),
            version,
            Box::new(At(it.created_at)),
        ],
        Tenant::Customer(it) => vec![
            Box::new(it.id.0),
            Box::new(it.community.0),
            text(&it.name),
            version,
            Box::new(At(it.created_at)),
        ],
        Tenant::Plan(it) => vec![
            Box::new(it.id.0),
            text(&it.name),
            limit(it.limits.nodes),
            limit(it.limits.raw_days),
            limit(it.limits.alarm_days),
            limit(it.limits.audit_days),
            limit(it.limits.requests_per_minute),
            limit(it.limits.sockets),
            version,
            Box::new(At(it.created_at)),
        ],
    }
}
