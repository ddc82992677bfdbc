//! The nodes that are listened to: made, reporting by chance, and some of them removed.

use std::sync::Arc;
use std::time::Duration;

use evara::app::clock::SystemClock;
use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::program::Caller;
use super::super::swarm::{Node, Nodes};

/// Nodes that are there from the beginning to the end.
const NODES: usize = 20;

/// Instants of each node in a flood, a millisecond apart: few enough that all of it is committed in time.
const INSTANTS: usize = 10;

/// See the module.
pub(super) struct Fleet {
    pub(super) staying: Vec<Uuid>,
    /// There for a while.
    passing: Option<Uuid>,
    made: usize,
    /// Before it, everything of the flood was measured.
    flooded_until: Timestamp,
    chance: Pcg64,
}

impl Fleet {
    /// Made in these communities by turns, or in none.
    pub(super) async fn made(caller: &Caller, communities: &[Value]) -> Self {
        let mut fleet = Self {
            staying: Vec::new(),
            passing: None,
            made: 0,
            flooded_until: Timestamp::from_millis(0),
            chance: Pcg64::seed_from_u64(7),
        };
        for number in 0..NODES {
            let community = communities.get(number % communities.len().max(1));
            let made = fleet.make(caller, community.unwrap_or(&Value::Null)).await;
            fleet.staying.push(made.expect("a node can be made"));
        }
        fleet
    }

    async fn make(&mut self, caller: &Caller, community: &Value) -> Option<Uuid> {
        let key = format!("tank-{}", self.made);
        self.made += 1;
        let node = json!({ "node_key": key, "label": key, "kind": "tank", "category": "OHT",
                           "community_id": community });
        let made = caller.ask("POST", "/api/v1/nodes", &node.to_string()).await;
        let made: Value = serde_json::from_slice(&made.bytes().await.ok()?).ok()?;
        made["id"].as_str()?.parse().ok()
    }

    /// Another node comes, or the last that came goes: where that is answered, and later or never where it is not.
    pub(super) async fn come_and_go(&mut self, caller: &Caller) {
        match self.passing {
            Some(node) => {
                let path = format!("/api/v1/nodes/{node}");
                if caller.ask("DELETE", &path, "").await.status().is_success() {
                    self.passing = None;
                }
            }
            None => self.passing = self.make(caller, &Value::Null).await,
        }
    }

    /// What about half of them report at once.
    pub(super) fn report(&mut self) -> String {
        let all: Vec<Uuid> = self.staying.iter().copied().chain(self.passing).collect();
        let chance = &mut self.chance;
        let some = all.iter().filter(|_| chance.random_range(0..2) == 0);
        let some: Vec<_> = some.collect();
        let batch = |node: &Uuid| {
            let level = f64::from(chance.random_range(0..3_000)) / 10.0;
            let reading = json!({ "metric": "level_cm", "value": level });
            json!({ "node_id": node, "readings": [reading] })
        };
        let batches: Vec<Value> = some.into_iter().map(batch).collect();
        json!({ "batches": batches }).to_string()
    }

    /// What all of them report who measure each millisecond, each instant by itself and later than whatever was reported before.
    pub(super) fn flood(&mut self) -> String {
        let begin = SystemClock::new().now().max(self.flooded_until);
        let instants = (0..INSTANTS as u64).map(|ms| begin.plus(Duration::from_millis(ms)));
        let instants: Vec<_> = instants.collect();
        self.flooded_until = begin.plus(Duration::from_millis(INSTANTS as u64));
        let mut batches = Vec::new();
        for at in instants {
            for node in &self.staying {
                let level = f64::from(self.chance.random_range(0..3_000)) / 10.0;
                let at = at.to_string();
                let reading = json!({ "metric": "level_cm", "value": level, "at": at });
                batches.push(json!({ "node_id": node, "readings": [reading] }));
            }
        }
        json!({ "batches": batches }).to_string()
    }
}

/// What the API says of all nodes that there are.
pub(super) async fn truth(caller: &Caller) -> Nodes {
    let all = caller.json("/api/v1/nodes?limit=200").await;
    let mut truth = Nodes::new();
    for node in all["items"].as_array().unwrap() {
        let id = node["id"].as_str().unwrap();
        let path = format!("/api/v1/nodes/{id}/twin?view=values");
        let node: Node = serde_json::from_value(caller.json(&path).await).unwrap();
        truth.insert(node.node_id, Arc::new(node));
    }
    truth
}
