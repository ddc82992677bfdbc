//! The second wall says of every row what the one function of reach says of where it stands.

use std::collections::{BTreeMap, BTreeSet};

use evara_actors::domain::{NodeId, NodeSpec};
use evara_actors::ports::{Archive as _, DeadLetter, Registry as _};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use super::{PostgresStore, Server};
use crate::access::laws::{self, REGIONS};
use crate::access::{CommunityId, CustomerId, DistributorId, Forest, Reach, Tenant};
use crate::store::conformance::fixtures::{at, binding, dead_letter, full_batch};
use crate::store::postgres::values::to_stored;
use crate::store::{Act, DeviceKey, DeviceKeys as _, Tenants as _};

/// Each is a forest of up to 17 tenants, asked from up to 30 places.
const CASES: u32 = 24;

/// Rows of every node in the tables that nothing of ours writes yet.
const FILL: &str = "
    INSERT INTO alarms (id, node, rule, severity, raised_at, detail)
        SELECT gen_random_uuid(), id, 'dry', 'info', now(), '{}' FROM nodes;
    INSERT INTO commands (id, node, name, arguments, state, created_at, expires_at, changed_at)
        SELECT gen_random_uuid(), id, 'pump', '{}', 'queued', now(), now() + '1 h', now() FROM nodes;
    INSERT INTO rollup_hours SELECT id, now(), 'm', now(), 1, 1, 1, 1, now(), 1, now(), 1, 0, 0 FROM nodes;
    INSERT INTO rollup_days SELECT * FROM rollup_hours;
    INSERT INTO twin_checkpoints SELECT id, now(), now(), 1, '' FROM nodes;
    INSERT INTO channel_secrets SELECT id, 1, '' FROM nodes";

/// Every table by what its rows are known by: a node, or an id of their own.
const TABLES: &str = "
    SELECT c.relname, CASE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'node'
                                        AND NOT attisdropped) THEN 'node' ELSE 'id' END,
           COALESCE((SELECT qual ILIKE '%nodes%' FROM pg_policies WHERE tablename = c.relname), false)
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
      AND (c.relname IN ('distributors', 'communities', 'customers', 'plans', 'nodes')
           OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'node'))
    ORDER BY 1";

/// What is found, by table.
type Found = BTreeMap<String, BTreeSet<Uuid>>;

struct Table {
    name: String,
    column: String,
    /// Whether its rows are as visible as their nodes; where they are not, only the service sees them.
    follows_nodes: bool,
}

fn tables(server: &Server) -> Vec<Table> {
    let told = server.shell(TABLES);
    let table = |line: &str| {
        let mut parts = line.split('|').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        Table {
            name: next(),
            column: next(),
            follows_nodes: next() == "t",
        }
    };
    told.lines().map(table).collect()
}

fn cases() -> impl Strategy<Value = (Forest, Vec<NodeSpec>)> {
    let nodes = prop::collection::vec(laws::node(), 0..8);
    (laws::forest(), nodes).prop_map(|(forest, nodes)| {
        let settled = |(number, node): (u128, NodeSpec)| {
            let place = forest.place_of_node(&node);
            let id = NodeId(Uuid::from_u128(number));
            NodeSpec {
                key: id.to_string(),
                channel: Some(binding(1)),
                community_id: place.community.map(|id| id.0),
                customer_id: place.customer.map(|id| id.0),
                id,
                ..node
            }
        };
        let nodes = (100..).zip(nodes).map(settled).collect();
        (forest, nodes)
    })
}

async fn fill(store: &PostgresStore, server: &Server, forest: &Forest, nodes: &[NodeSpec]) {
    let distributors = forest.distributors.values().cloned();
    let communities = forest.communities.values().cloned();
    let customers = forest.customers.values().cloned();
    let tenants = distributors
        .map(Tenant::Distributor)
        .chain(communities.map(Tenant::Community))
        .chain(customers.map(Tenant::Customer));
    for tenant in tenants {
        store.insert_tenant(tenant, Act::default()).await.unwrap();
    }
    for node in nodes {
        store.insert(node.clone()).await.unwrap();
        let mut batch = (*full_batch(node.id)).clone();
        batch.dead_letters = vec![DeadLetter {
            id: node.id.0,
            node: node.id,
            ..dead_letter(1, 1)
        }];
        store.commit(batch.into()).await.unwrap();
        let mut digest = [0; 32];
        digest[..16].copy_from_slice(node.id.0.as_bytes());
        let key = DeviceKey {
            id: node.id.0,
            node: node.id,
            name: None,
            digest,
            created_at: at(1),
            last_used_at: None,
        };
        let added = store.insert_device_key(key, node.community_id, Act::default());
        added.await.unwrap();
    }
    server.shell(FILL);
}

/// What `evara.scope` is set to for a reach.
fn scope(reach: &Reach) -> String {
    match reach {
        Reach::All => "system".to_owned(),
        Reach::Distributor(id) => format!("distributor:{id}"),
        Reach::Region(id, region) => format!("region:{id}:{}", to_stored(region)),
        Reach::Community(id) => format!("community:{id}"),
        Reach::Customer(id) => format!("customer:{id}"),
        Reach::Nothing => "nothing".to_owned(),
    }
}

/// Everywhere one may stand among few ids, also where nothing is.
fn reaches() -> Vec<Reach> {
    let ids = || (1..=9).map(Uuid::from_u128);
    let distributors = || (1..=4).map(Uuid::from_u128).map(DistributorId);
    let regions = |id| REGIONS.map(|region| Reach::Region(id, region.to_owned()));
    [Reach::All, Reach::Nothing]
        .into_iter()
        .chain(distributors().map(Reach::Distributor))
        .chain(distributors().flat_map(regions))
        .chain(ids().map(CommunityId).map(Reach::Community))
        .chain(ids().map(CustomerId).map(Reach::Customer))
        .collect()
}

/// What the service's role finds in each of the scopes, in one go.
fn found(server: &Server, tables: &[Table], scopes: &[String]) -> Vec<Found> {
    let each = tables.iter().map(|Table { name, column, .. }| {
        format!("SELECT DISTINCT '{name}' AS t, {column} AS id FROM {name}")
    });
    let all = each.collect::<Vec<_>>().join(" UNION ALL ");
    let look = |scope: &String| {
        let scope = scope.replace('\'', "''");
        format!(
            "BEGIN; SET LOCAL ROLE evara_app; SET LOCAL evara.scope = '{scope}';
             SELECT COALESCE(string_agg(t || '=' || id, ' '), '-') FROM ({all}) AS seen; COMMIT;"
        )
    };
    // To compile a question costs more than to answer it on a few rows.
    let looks = scopes.iter().map(look).collect::<String>();
    let told = server.shell(&format!("SET jit = off; {looks}"));
    let line = |line: &str| {
        let mut found = Found::new();
        for (table, id) in line.split(' ').filter_map(|entry| entry.split_once('=')) {
            let id = id.parse().unwrap();
            found.entry(table.to_owned()).or_default().insert(id);
        }
        found
    };
    told.lines().map(line).collect()
}

/// What of `all` is seen, by the function that decides.
fn seen(
    all: &Found,
    tables: &[Table],
    forest: &Forest,
    nodes: &[NodeSpec],
    reach: &Reach,
) -> Found {
    let sees = |table: &Table, id: Uuid| {
        let place = match table.name.as_str() {
            "distributors" => forest.place_of_distributor(DistributorId(id)),
            "communities" => forest.place_of_community(CommunityId(id)),
            "customers" => forest.place_of_customer(CustomerId(id)),
            name if name == "nodes" || table.follows_nodes => {
                let node = nodes.iter().find(|node| node.id.0 == id);
                node.map(|node| forest.place_of_node(node))
            }
            _ => None,
        };
        place.map_or(*reach == Reach::All, |place| reach.sees(&place))
    };
    let mut seen = all.clone();
    for table in tables {
        if let Some(ids) = seen.get_mut(&table.name) {
            ids.retain(|id| sees(table, *id));
        }
    }
    seen.retain(|_, ids| !ids.is_empty());
    seen
}

#[tokio::test]
async fn a_row_is_seen_where_the_function_of_reach_says_so_and_nowhere_else() {
    let server = Server::new();
    let store = server.store().await;
    let tables = tables(&server);
    let mut runner = TestRunner::deterministic();
    let reaches = reaches();
    let scopes: Vec<_> = reaches.iter().map(scope).collect();
    let of_people = tables.iter().filter(|table| table.name != "plans");
    let emptied = of_people.map(|table| format!("DELETE FROM {};", table.name));
    // What hangs on what is of no interest here.
    let empty = emptied.collect::<String>();
    let empty = format!("SET session_replication_role = replica; {empty}");
    let mut met = BTreeSet::new();
    for _ in 0..CASES {
        let (forest, nodes) = cases().new_tree(&mut runner).unwrap().current();
        fill(&store, &server, &forest, &nodes).await;
        let found = found(&server, &tables, &scopes);
        assert_eq!(found.len(), reaches.len());
        for (reach, found_here) in reaches.iter().zip(&found) {
            let expected = seen(&found[0], &tables, &forest, &nodes, reach);
            assert_eq!(
                *found_here, expected,
                "{reach:?} in {forest:?} with {nodes:?}"
            );
        }
        met.extend(found[0].keys().cloned());
        server.shell(&empty);
    }
    for table in &tables {
        let is_filled = !table.follows_nodes
            || met.contains(&table.name)
            || table.name.starts_with("telemetry");
        assert!(is_filled, "nothing was ever in {}", table.name);
    }
}

#[tokio::test]
async fn whoever_says_no_scope_or_no_known_one_sees_no_row_of_any_table() {
    let server = Server::new();
    let store = server.store().await;
    let (forest, nodes) = cases()
        .prop_filter("of some nodes", |(_, nodes)| nodes.len() > 4)
        .new_tree(&mut TestRunner::deterministic())
        .unwrap()
        .current();
    fill(&store, &server, &forest, &nodes).await;
    let tables = server.shell(
        "SELECT relname FROM pg_class
         WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition
           AND relnamespace = 'public'::regnamespace AND relname <> 'refinery_schema_history'",
    );
    let counts = tables
        .lines()
        .map(|name| format!("(SELECT count(*) FROM {name})"));
    let counts = format!("SELECT {}", counts.collect::<Vec<_>>().join(" + "));
    assert!(server.as_service("SET LOCAL evara.scope = 'system'", &counts) != "0");
    let known = forest.communities.keys().next().unwrap();
    let unknown = [
        String::new(),
        "SYSTEM".to_owned(),
        "system ".to_owned(),
        known.to_string(),
        "community:".to_owned(),
        format!("community:{} ", known),
        format!("community:{{{known}}}"),
        format!("region:{}", Uuid::from_u128(1)),
        "distributor:%".to_owned(),
        "x'' OR ''x'' = ''x".to_owned(),
    ];
    let scopes = unknown.map(|scope| format!("SET LOCAL evara.scope = '{scope}'"));
    for scope in scopes.iter().map(String::as_str).chain(["SELECT"]) {
        assert_eq!(server.as_service(scope, &counts).trim(), "0", "{scope}");
    }
}
