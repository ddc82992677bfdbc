//! Many who listen to the real program while it, its database or their rights go wrong. Nobody is told a revision that
//! goes back, no skip is silent, and when it is quiet everyone knows what the API says.
//!
//! In real time, like the program. Each storm takes seconds, and is made of chance that repeats.

mod fleet;
mod rights;
mod storm;

use std::time::Duration;

use tokio::time::sleep;

use self::storm::{Storm, WAIT};
use super::database::proxy::{Proxy, Way};
use super::postgres::{Durability, Postgres};
use super::swarm::Findings;

/// Who listens in each of the storms.
const CLIENTS: usize = 500;

/// Between two breaks of the broadcast, and long enough for everyone to have come.
const ROUNDS: u32 = 16;

/// For everyone who was cut off to be told everything again.
const BACK_WITHIN: Duration = Duration::from_secs(30);

/// For those to whom something is lost to miss it.
const NOTICED_WITHIN: Duration = Duration::from_secs(4);

/// Of those who listen while more happens than many could be told on a busy machine, the seventh forgets to read.
const FEW: usize = 100;

/// Those who forget to read of a fleet are more.
const SENT_AWAY: u64 = 5;

/// All that happens in a storm: who comes back goes on.
const ALL_IS_KEPT: [(&str, &str); 1] = [("EVARA_LIVE_RING_SECONDS", "600")];

fn nothing_is_wrong(findings: &Findings) {
    println!("{findings}");
    assert!(findings.complaints.is_empty(), "{findings}");
    assert_eq!(findings.clients, CLIENTS);
    assert!(findings.visits > CLIENTS as u64, "nobody came back");
    assert!(findings.resumed > 0, "nobody went on from where he was");
    assert!(findings.known > 0, "nobody said who he is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_and_goes_and_forgets_to_read_knows_everything_in_the_end() {
    let mut storm = Storm::begin(CLIENTS, &[], &[]).await;
    storm.blow(3 * ROUNDS).await;
    let findings = storm.settle().await;
    nothing_is_wrong(&findings);
    assert!(findings.resyncs > 0, "nobody was away for too long");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_cut_off_together_with_all_others_is_back_within_half_a_minute() {
    let mut storm = Storm::begin(CLIENTS, &[], &[]).await;
    storm.blow(ROUNDS).await;
    assert!(storm.breaks_all(BACK_WITHIN).await, "not everyone is back");
    nothing_is_wrong(&storm.settle().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_that_breaks_is_told_of_and_nothing_is_lost_in_silence() {
    let breaks = ["stop_telling:20", "stop_telling:40"];
    let mut storm = Storm::begin(CLIENTS, &[], &breaks).await;
    storm.blow(3 * ROUNDS).await;
    let restarts = storm.restarts_of_the_broadcast().await;
    let findings = storm.settle().await;
    nothing_is_wrong(&findings);
    assert_eq!(restarts, breaks.len() as u64);
    assert!(findings.resyncs as usize > CLIENTS, "{findings}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_started_again_leaves_nobody_behind() {
    let mut storm = Storm::begin(CLIENTS, &[], &[]).await;
    storm.blow(ROUNDS).await;
    storm = storm.started_again().await;
    storm.blow(ROUNDS).await;
    let findings = storm.settle().await;
    nothing_is_wrong(&findings);
    assert!(findings.ends[&1012] > 0, "{findings}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_was_killed_and_started_again_leaves_nobody_behind() {
    let mut storm = Storm::begin(CLIENTS, &[], &[]).await;
    storm.blow(ROUNDS).await;
    storm = storm.killed().await;
    storm.blow(ROUNDS).await;
    nothing_is_wrong(&storm.settle().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_while_the_database_is_away_is_told_to_all_who_listen() {
    let server = Postgres::start(Durability::None, &[]);
    let url = server.create_database("evara");
    let proxy = Proxy::to(server.port()).await;
    let (from, to) = (server.port().to_string(), proxy.port().to_string());
    let way = url.replace(&from, &to);
    let settings = [
        ("DATABASE_URL", way.as_str()),
        ("EVARA_MIGRATE", "on-start"),
    ];
    let mut storm = Storm::begin(CLIENTS, &settings, &[]).await;
    storm.blow(ROUNDS).await;
    proxy.set(Way::Closed);
    sleep(WAIT).await;
    storm.blow(ROUNDS).await;
    assert!(storm.is_without_its_database().await);
    proxy.set(Way::Open);
    storm.blow(ROUNDS).await;
    nothing_is_wrong(&storm.settle().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_too_slowly_is_told_that_he_was_told_less() {
    let mut storm = Storm::begin(FEW, &ALL_IS_KEPT, &[]).await;
    assert!(storm.breaks_all(BACK_WITHIN).await, "not everyone is there");
    storm.floods().await;
    storm.listens_again();
    storm.blow(1).await;
    let findings = storm.settle().await;
    println!("{findings}");
    assert!(findings.complaints.is_empty(), "{findings}");
    assert!(findings.folded > 0, "nobody was told so: {findings}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_nothing_is_sent_away_and_goes_on_from_where_he_was() {
    let mut storm = Storm::begin(FEW, &ALL_IS_KEPT, &[]).await;
    assert!(storm.breaks_all(BACK_WITHIN).await, "not everyone is there");
    storm.floods().await;
    storm.sends_away(SENT_AWAY).await;
    storm.listens_again();
    storm.blow(1).await;
    let findings = storm.settle().await;
    println!("{findings}");
    assert!(findings.complaints.is_empty(), "{findings}");
    assert!(
        findings.ends.contains_key(&4408),
        "nobody was told why: {findings}"
    );
    assert!(findings.resumed > 0, "nobody went on: {findings}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_lost_is_noticed() {
    let mut storm = Storm::begin(CLIENTS / 10, &[], &["lose_event:5"]).await;
    storm.blow(ROUNDS).await;
    // Nobody will ever tell those who lack something.
    storm.settled_within = NOTICED_WITHIN;
    let findings = storm.settle().await;
    println!("{findings}");
    assert!(findings.complaints.len() > CLIENTS / 20, "{findings}");
}
