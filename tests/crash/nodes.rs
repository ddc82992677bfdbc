//! The nodes of a run: some are pushed to, some read a channel.

use std::collections::BTreeMap;
use std::time::Duration;

use evara_actors::domain::{ChannelId, NodeId};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::channels::Channels;
use super::service::{Caller, PATIENCE};

/// Nodes with a client of their own, which pushes one reading at a time.
const SINGLE: usize = 4;

/// Clients that push in bulk, and the nodes of each.
const BULKS: usize = 2;
const NODES_OF_A_BULK: usize = 4;

/// Between two looks at a poller.
const LOOK: Duration = Duration::from_millis(20);

/// A node that is pushed to, and its metric.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pushed {
    pub(crate) node: NodeId,
    pub(crate) metric: &'static str,
}

/// Two kinds by turns: one whose metric has a column of its own, and one whose metric has none.
const KINDS: [(&str, &str); 2] = [("flow", "total_l"), ("generic", "serial")];

/// Makes the nodes that are pushed to.
pub(crate) async fn push(caller: &Caller) -> Vec<Pushed> {
    let mut pushed = Vec::new();
    for number in 0..SINGLE + BULKS * NODES_OF_A_BULK {
        let (kind, metric) = KINDS[number % KINDS.len()];
        // That a node falls silent between two lives is not what is looked at here.
        let config = json!({ "expected_interval_s": 3_600 });
        let node = create(caller, &format!("pushed-{number}"), kind, &config).await;
        pushed.push(Pushed { node, metric });
    }
    pushed
}

/// Makes the nodes that are polled, and says how far the channel of each was read at first: from there on
/// every entry is promised.
pub(crate) async fn poll(caller: &Caller, channels: &Channels) -> BTreeMap<NodeId, u64> {
    let mut begun = BTreeMap::new();
    for (number, channel) in channels.ids().into_iter().enumerate() {
        let (kind, metric) = KINDS[number % KINDS.len()];
        let node = create(caller, &format!("polled-{number}"), kind, &json!({})).await;
        let binding = json!({
            "channel_id": channel,
            "field_map": { "field1": { "metric": metric } },
        });
        let path = format!("/api/v1/devices/{node}/channel");
        let bound = caller.send(Method::PUT, &path, Some(&binding)).await;
        bound.expect("the service is up");
        begun.insert(node, first_read(caller, channel).await);
    }
    begun
}

async fn first_read(caller: &Caller, channel: ChannelId) -> u64 {
    let path = format!("/api/v1/admin/pollers/{channel}");
    let reading = async {
        loop {
            let poller = caller.get(&path).await;
            if let Some(entry) = poller["last_entry_id"].as_u64() {
                return entry;
            }
            sleep(LOOK).await;
        }
    };
    let read = timeout(PATIENCE, reading).await;
    read.expect("the channel is read in time")
}

async fn create(caller: &Caller, key: &str, kind: &str, config: &Value) -> NodeId {
    let body = json!({
        "node_key": key, "label": key, "kind": kind, "category": "Other", "config": config,
    });
    let path = "/api/v1/nodes";
    let made = caller.send(Method::POST, path, Some(&body)).await;
    let made = made.expect("the service is up");
    made["id"].as_str().unwrap().parse().unwrap()
}

/// The nodes of each client.
pub(crate) fn shares(pushed: &[Pushed]) -> impl Iterator<Item = Vec<Pushed>> {
    let (single, bulk) = pushed.split_at(SINGLE);
    let bulk = bulk.chunks(NODES_OF_A_BULK).map(<[Pushed]>::to_vec);
    single.iter().map(|pushed| vec![*pushed]).chain(bulk)
}
