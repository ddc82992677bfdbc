//! The program is killed, again and again, and what it acknowledged is looked for afterwards.
//!
//! The real binary, real sockets, a store with syncing on. `CRASH_KILLS` says how often to kill (25),
//! `CRASH_SEED` repeats a run that failed. What is proved is that nothing is lost when a process dies,
//! the service's or the database's; a machine that loses its power is another matter.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod audit;
mod channels;
mod evidence;
mod findings;
mod ledger;
mod nodes;
mod plan;
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "what others do with a server")]
mod postgres;
mod proof;
mod replay;
#[path = "../it/harness/scratch.rs"]
mod scratch;
mod served;
mod service;
mod table;
mod writers;

use evidence::Store;
use proof::{Order, Outcome, prove};

/// Enough to meet every failpoint twice, and little enough for every run of the tests.
const USUAL_KILLS: u32 = 25;

/// Of the bug that is built in: the first one of them shows it.
const KILLS_OF_A_LIAR: u32 = 3;

const USUAL_SEED: u64 = 7;

#[expect(
    clippy::disallowed_methods,
    reason = "how often a test kills is no setting of the service"
)]
fn told<T: std::str::FromStr>(name: &str, usual: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().ok().expect("a whole number"),
        Err(_) => usual,
    }
}

fn order(lies: bool) -> Order {
    let kills = if lies {
        KILLS_OF_A_LIAR
    } else {
        told("CRASH_KILLS", USUAL_KILLS)
    };
    Order {
        seed: told("CRASH_SEED", USUAL_SEED),
        kills,
        lies,
    }
}

fn assert_clean(outcome: &Outcome) {
    println!("{}", outcome.table());
    assert!(outcome.findings.is_clean(), "{}", outcome.findings);
    assert!(outcome.acknowledged > 0 && outcome.entries > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_sqlite_acknowledged_is_lost_or_doubled_however_the_process_dies() {
    assert_clean(&prove(Store::sqlite(), order(false)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_postgresql_acknowledged_is_lost_or_doubled_whichever_process_dies() {
    assert_clean(&prove(Store::postgres(), order(false)).await);
}

fn assert_found_out(outcome: &Outcome) {
    assert!(!outcome.findings.lost.is_empty(), "{}", outcome.findings);
    assert!(outcome.findings.doubled.is_empty() && outcome.findings.gaps.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_the_commit_to_sqlite_is_found_out() {
    assert_found_out(&prove(Store::sqlite(), order(true)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_the_commit_to_postgresql_is_found_out() {
    assert_found_out(&prove(Store::postgres(), order(true)).await);
}
