//! The nodes that speak: tanks, meters and wells by turns, each with what it reports of an instant.

use std::ops::Range;
use std::path::Path;

use evara::store::{SecretBox, SqliteStore};
use evara_actors::domain::{Kind, Metric, NodeSpec};
use evara_actors::ports::Registry as _;
use uuid::Uuid;

use super::{database, service};
use crate::world;

/// As many as the goals are stated for.
pub(crate) const NODES: usize = 10_000;

/// How high above the floor the sensor of [`world`]'s tanks is.
const SENSOR_CM: f64 = 320.0;

/// Nodes that a statement writes.
const AT_ONCE: usize = 1_000;

/// The node with this number. Its number is the end of its id.
pub(crate) fn node(number: usize) -> NodeSpec {
    silent(kind(number), number)
}

/// The node with this number, a tank like all others.
pub(crate) fn tank(number: usize) -> NodeSpec {
    silent(Kind::Tank, number)
}

/// Without a channel: it says what is pushed.
fn silent(kind: Kind, number: usize) -> NodeSpec {
    NodeSpec {
        channel: None,
        ..world::node(kind, number)
    }
}

/// The id of the node with this number.
pub(crate) fn node_id(number: usize) -> Uuid {
    world::node_id(number)
}

fn kind(number: usize) -> Kind {
    [Kind::Tank, Kind::Flow, Kind::Deep][number % 3]
}

/// The kind of the node that has this id.
pub(crate) fn kind_of(id: Uuid) -> Kind {
    let (_, low) = id.as_u64_pair();
    kind((low & 0xffff_ffff) as usize)
}

/// What it reports of its `instant`th instant, two to four metrics: what water there is moves slowly.
pub(crate) fn said(number: usize, instant: usize) -> Vec<(Metric, f64)> {
    let wave = ((instant + number) as f64 / 240.0).sin();
    let noise = ((instant + number) * 7 % 5) as f64 * 0.1;
    let distance = 170.0 + 90.0 * wave + noise;
    let runs = f64::from(u8::from(wave > 0.0));
    match kind(number) {
        Kind::Tank => vec![
            (Metric::DistanceCm, distance),
            (Metric::LevelCm, SENSOR_CM - distance),
            (Metric::TemperatureC, 24.0 + noise),
            (Metric::Pump, runs),
        ],
        Kind::Flow => vec![
            (Metric::FlowLpm, 40.0 + noise),
            (Metric::TotalL, 1_000.0 + 10.0 * instant as f64),
        ],
        Kind::Deep => vec![
            (Metric::DepthM, 42.0 + 4.0 * wave + noise),
            (Metric::PressureKpa, 210.0 - 39.0 * wave),
            (Metric::Pump, runs),
        ],
        Kind::Generic => Vec::new(),
    }
}

/// Writes the nodes of these numbers into a PostgreSQL with the service's tables.
pub(crate) async fn provision_postgres(
    url: &str,
    numbers: Range<usize>,
    node: impl Fn(usize) -> NodeSpec,
) {
    const INSERT: &str = "INSERT INTO nodes (id, node_key, community_id, version, created_at, spec) \
        SELECT id, spec ->> 'key', (spec ->> 'community_id')::uuid, (spec ->> 'version')::bigint, now(), spec \
        FROM unnest($1::uuid[], $2::text[]) AS given (id, text), \
        LATERAL (SELECT text::jsonb AS spec) AS read";
    let client = database::connect(url).await;
    let specs: Vec<NodeSpec> = numbers.map(node).collect();
    for specs in specs.chunks(AT_ONCE) {
        let described = specs.iter().map(|spec| (spec.id.0, json(spec)));
        let (ids, texts): (Vec<Uuid>, Vec<String>) = described.collect();
        let written = client.execute(INSERT, &[&ids, &texts]).await;
        written.expect("the nodes are new");
    }
    // Half a minute later the system would bring it to the disk by itself, and all who commit would wait for that.
    let kept = client.batch_execute("CHECKPOINT").await;
    kept.expect("the disk takes it");
}

/// The device key of the node with this number.
pub(crate) fn key(number: usize) -> String {
    format!("evk_{number:0>43}")
}

/// Gives each of these nodes, which are in the database, its device key.
pub(crate) async fn provision_keys(url: &str, numbers: Range<usize>) {
    const INSERT: &str = "INSERT INTO device_keys (id, node, digest, created_at) \
        SELECT gen_random_uuid(), node, sha256(text::bytea), now() FROM unnest($1::uuid[], $2::text[]) AS given (node, text)";
    let client = database::connect(url).await;
    let (nodes, keys): (Vec<Uuid>, Vec<String>) = numbers.map(|n| (node_id(n), key(n))).collect();
    let written = client.execute(INSERT, &[&nodes, &keys]).await;
    written.expect("the keys are new");
}

/// Writes so many nodes into an embedded store.
pub(crate) async fn provision_sqlite(directory: &Path, nodes: usize) {
    let keys = SecretBox::new(&service::SECRET_KEY.into()).expect("the key is long enough");
    let store = SqliteStore::open(directory, keys).expect("the store opens");
    for number in 0..nodes {
        store.insert(node(number)).await.expect("the node is new");
    }
}

fn json(spec: &NodeSpec) -> String {
    serde_json::to_string(spec).expect("nodes are JSON")
}
