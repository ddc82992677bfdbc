//! What it costs to tell many: what they all see is made once, and nobody is looked at who is not concerned.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evara_actors::watchers::broadcast::Bounds;

use super::client::Client;
use super::storm::Fleet;

const MANY: usize = 40;

/// All the fields, by name.
const EVERYTHING: &str = "status,status_since,last_seen_at,reported,derived";

/// The same.
const EVERYTHING_OTHERWISE: &str =
    "derived,reported,reported.level_cm,last_seen_at,status_since,status";

async fn listening(fleet: &Fleet, query: &str, many: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for number in 0..many {
        let who = format!("listener-{number}");
        clients.push(fleet.scene.listen(&who, query, None).await);
    }
    for client in &mut clients {
        client.until_current().await;
    }
    clients
}

fn counts(fleet: &Fleet) -> (u64, u64) {
    fleet.scene.state.live().steps.counts()
}

/// How many steps were made, and how many given, while everyone heard of some reports.
async fn heard(fleet: &Fleet, clients: &mut [Client], entry: u64) -> (u64, u64) {
    let before = counts(fleet);
    for number in 0..3 {
        fleet.report(number, entry).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for client in clients {
        fleet.catch_up(client).await;
    }
    let after = counts(fleet);
    (after.0 - before.0, after.1 - before.1)
}

#[tokio::test(start_paused = true)]
async fn what_many_see_is_made_once_for_all_of_them_from_the_snapshot_on() {
    let fleet = Fleet::of(3).await;
    let mut clients = listening(&fleet, "topic=fleet", MANY).await;
    let (made, given) = counts(&fleet);
    assert_eq!((made, given), (1, MANY as u64), "the snapshot");
    for entry in 1..=5 {
        let (made, given) = heard(&fleet, &mut clients, entry).await;
        assert_eq!((made, given), (1, MANY as u64), "an event");
    }
    for client in &clients {
        assert_eq!(client.complaints, Vec::<String>::new());
        assert_eq!(client.nodes, clients[0].nodes);
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_want_it_otherwise_share_among_themselves() {
    let fleet = Fleet::of(3).await;
    let mut clients = listening(&fleet, "topic=fleet", 5).await;
    clients.extend(listening(&fleet, "topic=fleet&mode=all", 5).await);
    for fields in [EVERYTHING, EVERYTHING_OTHERWISE] {
        let query = format!("topic=fleet&fields={fields}");
        clients.extend(listening(&fleet, &query, 5).await);
    }
    assert_eq!(heard(&fleet, &mut clients, 1).await, (3, 20));
}

#[tokio::test(start_paused = true)]
async fn who_listens_to_a_quiet_node_costs_nothing_while_others_are_busy() {
    let fleet = Fleet::of(4).await;
    let quiet = evara_actors::testing::tank(3).id;
    let _waiting = listening(&fleet, &format!("topic=nodes/{quiet}"), 10).await;
    let _silent = listening(&fleet, "topic=alerts", 10).await;
    let mut clients = listening(&fleet, "topic=fleet", 2).await;
    for entry in 1..=5 {
        assert_eq!(heard(&fleet, &mut clients, entry).await, (1, 2));
    }
}

/// Whether the next telling breaks.
static BREAKS: AtomicBool = AtomicBool::new(false);

fn breaks_when_told() {
    assert!(!BREAKS.swap(false, Ordering::Relaxed), "it was told to");
}

#[tokio::test(start_paused = true)]
async fn what_was_worked_out_before_the_broadcast_broke_keeps_nobody_from_what_came_after() {
    let fleet = Fleet::with(3, Bounds::default(), breaks_when_told).await;
    let mut clients = listening(&fleet, "topic=fleet", 1).await;
    heard(&fleet, &mut clients, 1).await;
    // Who comes back to where the other is has it worked out that nothing happened since.
    let cursor = clients[0].cursor.clone();
    let again = fleet
        .scene
        .listen("again", "topic=fleet", cursor.as_deref());
    let mut again = again.await;
    again.until("subscribed").await;
    let silence = tokio::time::timeout(Duration::from_secs(1), again.frame()).await;
    assert!(silence.is_err(), "{silence:?}");
    BREAKS.store(true, Ordering::Relaxed);
    fleet.report(0, 2).await;
    clients[0].until("resync").await;
    fleet.catch_up(&mut clients[0]).await;
    again.until("resync").await;
    fleet.catch_up(&mut again).await;
}
