//! Each query that is on somebody's path, on a million readings: by the index that is meant for it.

use super::Server;
use crate::store::postgres::statements::{self, Query};

/// A thousand nodes with a thousand readings each, all of one month, and enough of the rest that a look
/// through the whole table is never the shorter way.
const FILL: &str = "
    SET synchronous_commit = off;
    SELECT make_telemetry_month('2025-06-01');
    INSERT INTO nodes (id, node_key, version, created_at, spec)
        SELECT lpad(to_hex(n), 32, '0')::uuid, 'node-' || n, 1, now(), '{\"tags\": {}}'
        FROM generate_series(1, 1000) AS n;
    INSERT INTO logged_nodes SELECT id FROM nodes;
    INSERT INTO logged_spans
        SELECT id, 1, '2025-06-01 00:00:00+00', '2025-06-30 23:59:59.999+00' FROM nodes;
    INSERT INTO twin_snapshots (node, shard, revision, state) SELECT id, 1, 990, '' FROM nodes;
    INSERT INTO twin_events SELECT id, 1001, now(), '{}' FROM nodes;
    INSERT INTO telemetry_tank (node, source_at, source, received_at, revision, distance_cm)
        SELECT id, at, decode(lpad(to_hex(r), 34, '0'), 'hex'), at, r, r
        FROM nodes, generate_series(1, 1000) AS r,
             LATERAL (SELECT '2025-06-01 00:00:00+00'::timestamptz + make_interval(mins => r) AS at) AS times;
    INSERT INTO telemetry_other (node, source_at, source, kind, position, metric, verdict)
        SELECT node, source_at, source, 1, 0, 'ph', 0 FROM telemetry_tank WHERE revision <= 20;
    INSERT INTO dead_letters
        SELECT lpad(to_hex(n), 32, '0')::uuid, lpad('1', 32, '0')::uuid, now(), '', ''
        FROM generate_series(1, 20000) AS n;
    INSERT INTO audit (chain, number, key, mac, at, actor_kind, actor, action, target, outcome)
        SELECT id, r, decode('00000000', 'hex'), decode(repeat('00', 32), 'hex'), now(), 'person', id, 'a.' || n, 'node/' || n, 'done'
        FROM generate_series(1, 800) AS r, generate_series(1, 100) AS n,
             LATERAL (SELECT lpad(to_hex(n), 32, '0')::uuid AS id) AS chains;
    INSERT INTO audit_seals
        SELECT chain, number, number, key, mac, at, key, mac FROM audit;
    ANALYZE;";

const NODE: &str = "'00000000-0000-0000-0000-000000000005'";

/// The query, its parameters, and the index that serves it.
fn expected() -> Vec<(Query, String, &'static str)> {
    let span = format!("{NODE}, '2025-06-01 05:00:00+00', '', '2025-06-02 00:00:00+00', 200");
    let key = format!(
        "ARRAY[{NODE}::uuid], ARRAY['2025-06-01 00:01:00+00'::timestamptz], ARRAY[''::bytea], ARRAY[1::smallint]"
    );
    let nothing = "NULL, NULL, NULL, NULL, NULL, NULL";
    vec![
        (
            statements::SAMPLES_BY_TIME,
            span,
            "telemetry_tank_2025_06_pkey",
        ),
        (
            statements::CHANGES_BY_REVISION,
            format!("{NODE}, 900, 50"),
            "telemetry_tank_2025_06_node_revision_idx",
        ),
        (
            statements::CHANGES_BY_REVISION,
            format!("{NODE}, 900, 50"),
            "twin_events_pkey",
        ),
        (
            statements::TAILS_BETWEEN,
            format!("{NODE}, '00000000-0000-0000-0000-000000000032'"),
            "telemetry_tank_2025_06_node_revision_idx",
        ),
        (
            statements::OTHER_VALUES,
            key,
            "telemetry_other_2025_06_pkey",
        ),
        (
            statements::NEWEST_DEAD_LETTERS,
            "50".to_owned(),
            "dead_letters_by_age",
        ),
        (
            statements::AUDIT_PAGE,
            format!("NULL, NULL, {nothing}, 50"),
            "audit_pkey",
        ),
        (
            statements::AUDIT_PAGE_OF_CHAINS,
            format!("ARRAY[{NODE}::uuid], NULL, {nothing}, 50"),
            "audit_of_chain",
        ),
        (
            statements::AUDIT_PAGE_OF_TARGET,
            "NULL, NULL, NULL, 'node/5', NULL, NULL, NULL, NULL, 50".to_owned(),
            "audit_of_target",
        ),
        (
            statements::AUDIT_PAGE_OF_ACTOR,
            format!("NULL, NULL, {NODE}, NULL, NULL, NULL, NULL, NULL, 50"),
            "audit_of_actor",
        ),
        (
            statements::AUDIT_PAGE_OF_ACTION,
            "NULL, NULL, NULL, NULL, 'a.5', NULL, NULL, NULL, 50".to_owned(),
            "audit_of_action",
        ),
        (
            statements::AUDIT_CHAIN_NAMES,
            String::new(),
            "WorkTable Scan on written",
        ),
        (statements::HAS_NODE, NODE.to_owned(), "nodes_pkey"),
        (statements::LOCK_NODE, NODE.to_owned(), "nodes_pkey"),
        (
            statements::UPDATE_NODE,
            format!("{NODE}, 'k', NULL, 2, now(), '{{}}', 1"),
            "nodes_pkey",
        ),
    ]
}

#[tokio::test]
async fn each_hot_query_uses_the_index_that_is_meant_for_it() {
    let server = Server::new();
    let _store = server.store().await;
    server.shell(FILL);
    for (query, params, index) in expected() {
        let params = if params.is_empty() {
            params
        } else {
            format!("({params})")
        };
        // As the store asks for them.
        let mode = match query.name.starts_with("audit_page") {
            true => "force_custom_plan",
            false => "force_generic_plan",
        };
        let plan = server.as_service(
            &format!("SET LOCAL evara.scope = 'system'; SET LOCAL plan_cache_mode = {mode}"),
            &format!(
                "PREPARE asked AS {}; EXPLAIN (COSTS OFF) EXECUTE asked{params}",
                query.sql
            ),
        );
        assert!(
            plan.contains(index),
            "{} uses no {index}:\n{plan}",
            query.name
        );
        for whole in ["telemetry_tank_2025_06", "audit", "audit_seals"] {
            let looks = |line: &str| line.ends_with(&format!("Seq Scan on {whole}"));
            assert!(!plan.lines().any(looks), "{}:\n{plan}", query.name);
        }
    }
}
