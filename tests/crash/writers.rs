//! Clients that push, as fast as they are acknowledged, and go on as clients do when they are not.
//!
//! Each has nodes of its own, so that source times rise. Without an answer it sends the same again, or
//! lets it be; now and then it repeats what was acknowledged, as one whose answer was lost would.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::ChannelId;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::RwLock;
use tokio::time::sleep;

use super::channels::now;
use super::ledger::{Draft, Ledger};
use super::nodes::Pushed;
use super::plan::Dice;
use super::service::{Caller, Unknown};

/// A client without an answer does not ask at once again.
const PAUSE: Duration = Duration::from_millis(20);

/// How often something acknowledged is sent again.
const REPEATS: u32 = 16;

/// Readings of each node in a bulk.
const BULK: usize = 25;

/// Of all channels together: each is asked several times a life.
const BETWEEN_POLLS: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) caller: Caller,
    pub(crate) ledger: Arc<Ledger>,
    /// Its nodes: with one it pushes singly, with several in bulk.
    pub(crate) nodes: Vec<Pushed>,
    pub(crate) dice: Dice,
    /// Read while something is sent.
    pub(crate) gate: Arc<RwLock<()>>,
}

impl Writer {
    /// Pushes for ever.
    pub(crate) async fn run(mut self) {
        let mut again: Option<Draft> = None;
        loop {
            let open = self.gate.read().await;
            let draft = again.take().unwrap_or_else(|| self.draft());
            let pushed = self.push(&draft).await;
            drop(open);
            match pushed {
                Ok(taken) if taken.batches.len() == draft.batches.len() => {
                    again = self.dice.one_in(REPEATS).then_some(draft);
                }
                Ok(_) | Err(Unknown) => {
                    again = self.dice.one_in(2).then_some(draft);
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn draft(&self) -> Draft {
        let each = if self.nodes.len() == 1 { 1 } else { BULK };
        let nodes: Vec<_> = self.nodes.iter().map(|pushed| pushed.node).collect();
        self.ledger.draft(&nodes, each, now())
    }

    /// Sends a draft, and notes in the ledger what was acknowledged of it, which is the answer.
    async fn push(&self, draft: &Draft) -> Result<Draft, Unknown> {
        let mut taken = draft.clone();
        match &self.nodes[..] {
            [Pushed { node, .. }] => {
                let path = format!("/api/v1/nodes/{node}/readings");
                let body = self.batches(draft).remove(0);
                let body = json!({ "readings": body["readings"] });
                self.caller.send(Method::POST, &path, Some(&body)).await?;
            }
            _ => {
                let body = json!({ "batches": self.batches(draft) });
                let path = "/api/v1/telemetry";
                let answer = self.caller.send(Method::POST, path, Some(&body)).await?;
                let mut results = answer["results"].as_array().unwrap().iter();
                taken
                    .batches
                    .retain(|_| results.next().unwrap()["status"] == 200);
            }
        }
        self.ledger.acknowledge(&taken);
        Ok(taken)
    }

    fn batches(&self, draft: &Draft) -> Vec<Value> {
        let batches = draft.batches.iter().zip(&self.nodes);
        let batch = batches.map(|((node, readings), Pushed { metric, .. })| {
            let readings: Vec<_> = readings
                .iter()
                .map(
                    |(at, value)| json!({ "metric": metric, "value": value, "at": at.to_string() }),
                )
                .collect();
            json!({ "node_id": node, "readings": readings })
        });
        batch.collect()
    }
}

/// Somebody who asks for polls, one channel after the other: without that, a channel is asked once a life.
#[derive(Debug)]
pub(crate) struct Poker {
    pub(crate) caller: Caller,
    pub(crate) channels: Vec<ChannelId>,
    pub(crate) gate: Arc<RwLock<()>>,
}

impl Poker {
    /// Asks for ever.
    pub(crate) async fn run(self) {
        for channel in self.channels.iter().cycle() {
            let open = self.gate.read().await;
            let path = format!("/api/v1/admin/pollers/{channel}/poll");
            let _died_meanwhile = self.caller.send(Method::POST, &path, None).await;
            drop(open);
            sleep(BETWEEN_POLLS).await;
        }
    }
}
