//! `/dashboard`: the fleet at a glance, from memory.

use axum::extract::State;
use serde_json::Value;

use super::answer::{self, Answer};
use super::extract::{NoQuery, Params};
use super::fleet::NodesQuery;
use super::guard::{May, to};
use super::page::Pages;
use super::state::AppState;
use super::views::{FleetRow, List, StatsView};

/// The fleet in numbers.
#[utoipa::path(get, path = "/dashboard/stats", tag = "Dashboard",
    responses((status = 200, body = StatsView)))]
pub(crate) async fn stats(
    May { scope, .. }: May<to::NodesRead>,
    State(app): State<AppState>,
    _: NoQuery,
) -> Answer {
    answer::json(&StatsView::from(app.stats(&scope)))
}

/// Every node in one line.
#[utoipa::path(get, path = "/dashboard/fleet", tag = "Dashboard", params(NodesQuery),
    responses((status = 200, body = List<FleetRow>)))]
pub(crate) async fn fleet(
    May { scope, .. }: May<to::NodesRead>,
    State(app): State<AppState>,
    Params(query): Params<NodesQuery>,
    pages: Pages,
) -> Answer {
    let from = pages.after(query.cursor(), |text| text.parse().ok())?;
    let (twins, more) = query.page(scope.twins(&app), from);
    let last = twins.last().map(|twin| twin.spec().id).filter(|_| more);
    let items = twins.iter().map(|twin| FleetRow::from(&**twin)).collect();
    answer::json(&List {
        items,
        next_cursor: last.map(|last| pages.cursor(last)).transpose()?,
    })
}

/// The newest active alarms. Always empty: there are no alarms yet.
#[utoipa::path(get, path = "/dashboard/alerts", tag = "Dashboard",
    responses((status = 200, body = List<Value>)))]
pub(crate) async fn alerts(_: May<to::AlertsRead>, _: NoQuery) -> Answer {
    answer::json(&List::<Value> {
        items: Vec::new(),
        next_cursor: None,
    })
}
