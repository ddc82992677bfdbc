//! The database away, and back, in each of the ways in which databases go: what goes on meanwhile, what
//! is refused, and what is there in the end.
//!
//! In real time, since a server and its sockets keep no other. An outage is as long as a sender waits and
//! a little longer, and one of them half a minute: nothing in the service counts on how long it lasts.

mod crowded;
mod door;
mod down;
mod full;
mod long;
mod lost;
mod poison;
mod proof;
#[path = "../../support/proxy.rs"]
pub(super) mod proxy;
mod read_only;
mod site;
mod slow;
mod stage;

use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::{Instant, sleep};

use self::door::Pushed;
use self::proxy::Way;
use self::site::{BACK_WITHIN, PUSH_PATIENCE, Site, eventually};

/// Records that may wait for one writer.
const MOST_WAITING: u64 = 300_000;

/// No request is answered later.
const REQUEST_WITHIN: Duration = Duration::from_secs(6);

/// Beyond what was promised, on a machine that is busy with other tests.
const SLACK: Duration = Duration::from_secs(1);

/// Readings that are pushed at once.
const AT_ONCE: usize = 6;

/// What must hold while the database is away, for as long as a sender waits: reads, live values and
/// polling go on, a push is not acknowledged, and `/health` says what is wrong in one of these words.
async fn assert_lives_without(site: &Site, reasons: &[&str]) -> Vec<Pushed> {
    let (polled, seen) = (
        site.revisions_of_polled(),
        site.some_twin().view().revision(),
    );
    let pushes = site.push_at_once(AT_ONCE);
    let (pushed, ()) = tokio::join!(pushes, assert_reads(site, PUSH_PATIENCE));
    for push in &pushed {
        push.assert_put_off();
        assert!(push.reply.took < PUSH_PATIENCE + SLACK, "{push:?}");
    }
    assert!(site.revisions_of_polled() > polled, "polling stands still");
    assert!(
        site.some_twin().view().revision() > seen,
        "a pushed value is not seen"
    );
    let waiting = site.waiting();
    assert!(
        (AT_ONCE as u64..=MOST_WAITING).contains(&waiting),
        "{waiting}"
    );
    let health = site.get("/health").await;
    assert_eq!(health["status"], "degraded", "{health}");
    let archive = &health["dependencies"]["archive_failing"];
    let reason = archive["reason"].as_str().unwrap();
    assert!(
        reasons.iter().any(|one| reason.starts_with(one)),
        "{health}"
    );
    assert!(!health.to_string().contains("127.0.0.1") && archive["since"].is_string());
    let ready = site.get("/health/ready").await;
    let degraded = ready["degraded"].as_array().unwrap();
    assert!(degraded.contains(&"archive".into()), "{ready}");
    pushed
}

/// The same, where nothing whatever can be written.
async fn assert_goes_on_without(site: &Site, reasons: &[&str]) -> Vec<Pushed> {
    let lives = assert_lives_without(site, reasons);
    tokio::join!(lives, assert_refuses_a_node(site)).0
}

/// What is not written is not claimed.
async fn assert_refuses_a_node(site: &Site) {
    let refused = site.try_to_make_node("never").await;
    assert_eq!(
        refused.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{refused:?}"
    );
    assert_eq!(refused.body["code"], "unavailable", "{refused:?}");
    assert!(
        refused.may_come_back && refused.took < REQUEST_WITHIN + SLACK,
        "{refused:?}"
    );
    assert!(site.app.system().twins_by_key("never").is_empty());
}

/// Reads again and again for a while; each answer comes at once.
async fn assert_reads(site: &Site, span: Duration) {
    let end = Instant::now() + span;
    let nodes = site.app.system().twins().len();
    while Instant::now() < end {
        assert_eq!(site.get("/dashboard/stats").await["total_nodes"], nodes);
        let fleet = site.get("/dashboard/fleet").await;
        assert!(!fleet["items"].as_array().unwrap().is_empty(), "{fleet}");
        let twin = site.get(&site.some_path()).await;
        assert!(twin["reported"]["level_cm"]["value"].is_number(), "{twin}");
        assert_eq!(site.get("/health/ready").await["status"], "ready");
        sleep(Duration::from_millis(250)).await;
    }
}
