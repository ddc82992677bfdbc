//! The second wall: what the service's role may not do, and what a community does not see.

use super::Server;
use crate::store::conformance::fixtures::{full_batch, node, spec};
use crate::store::conformance::tenants::settled;
use evara_actors::domain::NodeSpec;
use evara_actors::ports::{Archive as _, Registry as _};
use uuid::Uuid;

/// Every table that a row of a tenant stands in, with a row of node 1 or 2 in it.
const SEEN: &str = "SELECT (SELECT count(*) FROM nodes), (SELECT count(*) FROM twin_events),
    (SELECT count(*) FROM telemetry_tank), (SELECT count(*) FROM twin_snapshots),
    (SELECT count(*) FROM store_facts)";

async fn two_communities() -> Server {
    let server = Server::new();
    let store = server.store().await;
    settled(&store, &[1, 2]).await;
    for id in [1, 2] {
        let community_id = Some(Uuid::from_u128(id));
        let key = format!("node-{id}");
        let spec = NodeSpec {
            community_id,
            ..spec(id, &key)
        };
        store.insert(spec).await.unwrap();
        store.commit(full_batch(node(id))).await.unwrap();
    }
    server
}

#[tokio::test]
async fn who_says_no_scope_sees_nothing_and_a_community_sees_what_is_its_own() {
    let server = two_communities().await;
    assert_eq!(server.as_service("SELECT", SEEN).trim(), "0|0|0|0|0");
    let system = server.as_service("SET LOCAL evara.scope = 'system'", SEEN);
    assert_eq!(system, "2|2|4|2|1");
    for id in [1, 2] {
        let scope = format!(
            "SET LOCAL evara.scope = 'community:{}'",
            Uuid::from_u128(id)
        );
        assert_eq!(server.as_service(&scope, SEEN), "1|1|2|1|0");
        let theirs = server.as_service(&scope, "SELECT node FROM twin_events");
        assert_eq!(theirs, Uuid::from_u128(id).to_string());
    }
    let stranger = format!("SET LOCAL evara.scope = 'community:{}'", Uuid::from_u128(3));
    assert_eq!(server.as_service(&stranger, SEEN), "0|0|0|0|0");
}

#[tokio::test]
async fn every_table_is_guarded_and_forced() {
    let server = two_communities().await;
    let open = server.shell(
        "SELECT relname FROM pg_class
         WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
           AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1",
    );
    assert_eq!(open, "refinery_schema_history");
}

#[tokio::test]
async fn the_service_can_neither_change_the_schema_nor_reach_a_part_past_its_whole() {
    let server = two_communities().await;
    for (sql, said) in [
        ("DROP TABLE nodes", "must be owner"),
        (
            "ALTER TABLE nodes DISABLE ROW LEVEL SECURITY",
            "must be owner",
        ),
        ("DROP POLICY scope ON nodes", "must be owner"),
        ("CREATE TABLE mine ()", "permission denied"),
        (
            "SELECT count(*) FROM telemetry_tank_2023_11",
            "permission denied",
        ),
        (
            "SELECT count(*) FROM telemetry_tank_rest",
            "permission denied",
        ),
        ("UPDATE audit SET target = 'another'", "permission denied"),
        ("DELETE FROM audit", "permission denied"),
        ("TRUNCATE audit", "permission denied"),
        ("UPDATE audit_seals SET at = now()", "permission denied"),
        ("DELETE FROM audit_seals", "permission denied"),
        ("DELETE FROM audit_chains", "permission denied"),
        ("DELETE FROM audit_cuts", "permission denied"),
        (
            "INSERT INTO audit_chains VALUES (gen_random_uuid(), 5, '\\x00000000', decode(repeat('00', 32), 'hex'));
             UPDATE audit_chains SET number = 3",
            "only added to",
        ),
        (
            // What is younger than a year is never taken, whatever is said to have been cut.
            "INSERT INTO audit (chain, number, key, mac, at, actor_kind, action, target, outcome)
             SELECT chain, 1, key, mac, now(), 'person', 'a', 'b', 'done' FROM audit_chains;
             INSERT INTO audit (chain, number, key, mac, at, actor_kind, action, target, outcome)
             VALUES (lpad('7', 32, '0')::uuid, 1, '\\x00000000', decode(repeat('00', 32), 'hex'), now(), 'person', 'a', 'b', 'done');
             INSERT INTO audit_cuts VALUES (lpad('7', 32, '0')::uuid, 1, 1, '', '', now(), '', '', '', '');
             SELECT expire_audit(lpad('7', 32, '0')::uuid)",
            "kept for a year",
        ),
    ] {
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            server.as_service("SET LOCAL evara.scope = 'system'", sql)
        }));
        let refused = answer.expect_err(sql);
        let refused = refused.downcast_ref::<String>().unwrap();
        assert!(refused.contains(said), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn the_store_works_as_the_role_that_owns_nothing() {
    let server = two_communities().await;
    let store = server.store().await;
    assert!(store.connections.is_confined());
    let mut transaction = store.writing().await.unwrap();
    transaction
        .rows(super::super::statements::HAS_NODE, &[&node(1).0])
        .await
        .unwrap();
    let working = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'";
    assert_eq!(server.shell(working), "1");
    transaction.roll_back().await;
}
