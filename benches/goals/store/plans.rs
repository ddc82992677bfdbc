//! Whether the queries on somebody's path go by their index where there are ten million readings.

use super::database::Server;
use super::fleet;
use crate::table::{Figure, Goal, Row};

macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("../../../src/store/postgres/sql/", $name, ".sql"))
    };
}

/// A statement of the service, what it is asked with, and the end of the name of the index that is meant for
/// it, in the month of the readings where the table has months.
fn expected(month: &str) -> [(&'static str, String, String); 5] {
    let node = format!("'{}'", fleet::node_id(5));
    let of_month = |rest: &str| format!("telemetry_tank_{month}_{rest}");
    let hours = "now() - interval '2 days', now() - interval '1 day'";
    [
        (
            sql!("samples_by_time"),
            format!("{node}, now() - interval '2 days', '', now() - interval '1 day', 200"),
            of_month("pkey"),
        ),
        (
            sql!("changes_by_revision"),
            format!("{node}, 900, 50"),
            of_month("node_revision_idx"),
        ),
        (
            sql!("tails_between"),
            format!("{node}, {node}"),
            of_month("node_revision_idx"),
        ),
        (
            sql!("rollup_days_between"),
            format!("{node}, {hours}, NULL"),
            "rollup_days_pkey".to_owned(),
        ),
        (
            sql!("rollup_hours_between"),
            format!("{node}, {hours}, NULL"),
            "rollup_hours_pkey".to_owned(),
        ),
    ]
}

/// How many of them do, asked as the service asks.
pub(super) fn row(server: &Server, readings: usize) -> Row {
    let month = server.ask(
        "service",
        "SELECT to_char(now() - interval '2 days', 'YYYY_MM')",
    );
    let all = expected(month.trim());
    let go_by = all.iter().filter(|(sql, params, index)| {
        let plan = server.ask(
            "service",
            &format!(
                "BEGIN; SET LOCAL ROLE evara_app; SET LOCAL evara.scope = 'system'; \
                 SET LOCAL plan_cache_mode = force_generic_plan; \
                 PREPARE asked AS {sql}; EXPLAIN (COSTS OFF) EXECUTE asked({params}); COMMIT"
            ),
        );
        let goes_by = plan.contains(index.as_str());
        if !goes_by {
            eprintln!("not by {index}:\n{plan}");
        }
        goes_by
    });
    Row {
        what: format!("queries that go by the index meant for them, at {readings} readings"),
        figure: Figure::once(go_by.count() as f64),
        ceiling: None,
        goals: vec![Goal::AtLeast(all.len() as f64)],
    }
}
