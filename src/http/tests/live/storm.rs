//! A storm over a fleet, and many who listen, come and go: whatever happens, nobody is told a revision that goes back,
//! no skip is silent, and afterwards everyone knows what the service knows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{NodeId, NodeSpec};
use evara_actors::ports::{BoxFuture, Saved};
use evara_actors::system::{Settings, System};
use evara_actors::testing::{level, tank};
use evara_actors::watchers::broadcast::Bounds;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::Value;

use super::super::scene::{Nowhere, Scene, ports};
use super::client::{Client, Known, known};
use crate::access::{Principal, Reach, Role, UserId};
use crate::app::identity::{Freshness, Identities, Unknown};
use crate::history::testing::Unrolled;

/// Everyone who bears a number is another person, and sees everything.
#[derive(Debug)]
struct Crowd;

impl Identities for Crowd {
    fn person<'a>(
        &'a self,
        token: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        let number = token
            .bytes()
            .fold(7, |hash, byte| hash * 31 + u128::from(byte));
        let person = Principal {
            user: UserId(uuid::Uuid::from_u128(number)),
            session: None,
            role: Role::SuperAdmin,
            reach: Reach::All,
            must_change_password: false,
        };
        Box::pin(async move { Ok(Arc::new(person)) })
    }
}

/// The token of one of the crowd.
fn who(number: usize) -> String {
    format!("number-{number}")
}

/// A fleet of tanks that report when they are told to.
pub(super) struct Fleet {
    pub(super) scene: Scene,
    size: usize,
}

impl Fleet {
    pub(super) async fn of(size: usize) -> Self {
        Self::remembering(size, Bounds::default()).await
    }

    async fn remembering(size: usize, replay: Bounds) -> Self {
        Self::with(size, replay, Settings::default().before_telling).await
    }

    /// One before each of whose tellings something is done.
    pub(super) async fn with(size: usize, replay: Bounds, before_telling: fn()) -> Self {
        let nodes: Vec<NodeSpec> = (0..size as u32).map(tank).collect();
        let settings = Settings {
            replay,
            before_telling,
            ..Settings::default()
        };
        let system = System::start(ports(), settings, nodes, Saved::default()).await;
        let (asked, past) = (Arc::new(Nowhere), Arc::new(Unrolled::default()));
        let scene = Scene::around(system.unwrap(), asked, past, Arc::new(Crowd));
        Self { scene, size }
    }

    fn id(number: usize) -> NodeId {
        tank(number as u32).id
    }

    pub(super) async fn report(&self, number: usize, entry: u64) {
        let twin = self.scene.state.system.twin(Self::id(number)).unwrap();
        twin.offer(level(entry, (entry % 200) as f64))
            .await
            .unwrap();
    }

    fn revision(&self, number: usize) -> u64 {
        let twin = self.scene.state.system.twin(Self::id(number)).unwrap();
        twin.view().revision().0
    }

    fn is_up_to_date(&self, client: &Client) -> bool {
        let knows = |number| {
            let known = client.nodes.get(&Self::id(number).to_string());
            known.is_some_and(|known| known.revision == self.revision(number))
        };
        client.is_current && (0..self.size).all(knows)
    }

    /// Has somebody read until he knows everything; how much was folded for him on the way.
    pub(super) async fn catch_up(&self, client: &mut Client) -> Vec<u64> {
        let mut folded = Vec::new();
        while !self.is_up_to_date(client) {
            let frame = client.frame().await.expect("more to come");
            folded.extend(frame["folded"].as_u64());
            client.hear(&frame);
        }
        folded
    }

    /// What the API says of each node.
    pub(super) async fn truth(&self) -> BTreeMap<String, Known> {
        let mut truth = BTreeMap::new();
        for number in 0..self.size {
            let id = Self::id(number).to_string();
            let path = format!("/api/v1/nodes/{id}/twin?view=values");
            truth.insert(id, known(&self.scene.get(&path).await.json()).1);
        }
        truth
    }

    /// Somebody who comes back with what he knows.
    async fn rejoin(&self, number: usize, client: Client) -> Client {
        let cursor = client.cursor.clone();
        let again = self
            .scene
            .listen(&who(number), query(number), cursor.as_deref())
            .await;
        client.back(again)
    }
}

const CLIENTS: usize = 24;
const NODES: usize = 24;
const ROUNDS: u64 = 50;

/// Frames that it may take at most until somebody knows everything.
const READS_AFTERWARDS: usize = 2_000;

fn query(client: usize) -> &'static str {
    match client % 2 {
        0 => "topic=fleet",
        _ => "topic=fleet&mode=all",
    }
}

/// What the storm does to a frame on its way to a client.
type Meddle = fn(&mut Value);

async fn storm(seed: u64, replay: Bounds, meddle: Meddle) -> (Fleet, Vec<Client>) {
    let mut chance = Pcg64::seed_from_u64(seed);
    let fleet = Fleet::remembering(NODES, replay).await;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        clients.push(fleet.scene.listen(&who(number), query(number), None).await);
    }
    for round in 0..ROUNDS {
        for _ in 0..chance.random_range(0..40) {
            let number = chance.random_range(0..NODES);
            fleet
                .report(number, round * 100 + chance.random_range(1..100))
                .await;
        }
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..200))).await;
        for (number, client) in clients.iter_mut().enumerate() {
            match chance.random_range(0..20) {
                // He does not read, this time or for long.
                0..8 => {}
                8 => {
                    let gone = std::mem::replace(client, Client::new(axum::body::Body::empty()));
                    *client = fleet.rejoin(number, gone).await;
                }
                _ => read_some(client, chance.random_range(1..4), meddle).await,
            }
        }
    }
    for client in &mut clients {
        for _ in 0..READS_AFTERWARDS {
            if !fleet.is_up_to_date(client) {
                read_some(client, 1, meddle).await;
            }
        }
        if !fleet.is_up_to_date(client) {
            client.complaints.push("not everything was told".to_owned());
        }
    }
    (fleet, clients)
}

/// Reads what is there, and no more than so many frames.
async fn read_some(client: &mut Client, most: usize, meddle: Meddle) {
    for _ in 0..most {
        let frame = tokio::time::timeout(Duration::from_millis(60), client.frame()).await;
        let Ok(Some(mut frame)) = frame else {
            return;
        };
        meddle(&mut frame);
        client.hear(&frame);
    }
}

fn complaints(clients: &[Client]) -> Vec<&String> {
    clients
        .iter()
        .flat_map(|client| &client.complaints)
        .collect()
}

async fn nobody_has_anything_to_complain_of(seed: u64, replay: Bounds) {
    let (fleet, clients) = storm(seed, replay, |_| {}).await;
    assert_eq!(complaints(&clients), Vec::<&String>::new(), "seed {seed}");
    let truth = fleet.truth().await;
    assert!(
        clients.iter().all(|client| client.nodes == truth),
        "seed {seed}"
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_nothing_goes_back_no_skip_is_silent_and_everyone_knows_all_in_the_end() {
    for seed in 0..2 {
        nobody_has_anything_to_complain_of(seed, Bounds::default()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_holds_where_hardly_anything_is_kept_for_those_who_come_back() {
    let replay = Bounds {
        span: Duration::from_secs(1),
        bytes: 40_000,
    };
    for seed in 0..2 {
        nobody_has_anything_to_complain_of(seed, replay).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_left_out_is_noticed() {
    let leave_out = |frame: &mut Value| {
        if let Some(updates) = frame["updates"].as_array_mut() {
            updates.retain(|event| event["revision"].as_u64().unwrap() % 23 != 0);
        }
    };
    let (_, clients) = storm(1, Bounds::default(), leave_out).await;
    assert!(clients.iter().all(|client| !client.complaints.is_empty()));
}
