//! How long it takes until a thousand sockets are told what happened, how many frames that takes, and how many events
//! they can be told a second, beside raw writes of one event each.

use std::time::Duration;

use super::nats;
use super::raw::Raw;
use super::site::{Site, wait};
use crate::Size;
use crate::measure::{Rounds, in_turns};
use crate::table::{Figure, Goal, Row};

/// Who listens to the fleet.
const SOCKETS: usize = 1_000;

/// Updates a second: each of the nodes, once.
const RATE: usize = 2_000;

/// What falls into so long is told together, as the service comes.
const TICK_MS: f64 = 50.0;

/// Events of a burst: fewer than make somebody slow, so that none is folded.
const BURST: usize = 2_000;

/// What is left out of a measure, while everyone wakes up.
const FIRST: Duration = Duration::from_secs(1);

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let sockets = size.pick(SOCKETS, 50);
    let (rounds, span) = (size.pick(3, 1), Duration::from_secs(size.pick(10, 1)));
    let mut site = Site::of(RATE);
    let mut listeners = site.listeners(0);
    listeners.open(sockets, "latest", "fleet");
    let (mut highest, mut halves, mut frames, mut shares) = (vec![], vec![], vec![], vec![]);
    let mut event_bytes = 0;
    for _ in 0..rounds {
        let heard = std::thread::scope(|scope| {
            scope.spawn(|| site.updater.steadily(RATE, span + 2 * FIRST));
            wait(FIRST);
            listeners.hear(span)
        });
        let wanted = RATE as f64 * span.as_secs_f64() * sockets as f64;
        event_bytes = heard.bytes / heard.events.max(1);
        highest.push(heard.p99_ms - TICK_MS);
        halves.push(heard.p50_ms - TICK_MS);
        frames.push(heard.frames as f64 / heard.events.max(1) as f64);
        shares.push(heard.events as f64 / wanted);
    }
    drop(listeners);
    let row = |what: String, values: Vec<f64>, goals| Row {
        what,
        figure: Figure::median(&Rounds::new(values)),
        ceiling: None,
        goals,
    };
    let mut table = vec![
        row(
            format!(
                "from a reading to its frame at {sockets} sockets on `fleet`, {RATE} updates/s, ms above the tick of {TICK_MS} ms, p99"
            ),
            highest,
            vec![Goal::AtMost(50.0)],
        ),
        row("the same, p50".to_owned(), halves, Vec::new()),
        row(
            "events told of those that were due, each node's last in a tick".to_owned(),
            shares,
            Vec::new(),
        ),
        row(
            "frames a change, beside one each".to_owned(),
            frames,
            vec![Goal::AtMost(0.1)],
        ),
    ];
    table.push(delivered(&mut site, (sockets, event_bytes), rounds));
    match nats::events_per_second(sockets, event_bytes, FIRST) {
        Some(rate) => table.push(row(
            "the same by a NATS server, events/s".to_owned(),
            vec![rate],
            Vec::new(),
        )),
        None => eprintln!("nats-server is not installed: what it would make of it is not measured"),
    }
    table
}

/// As many events a second as can be.
fn delivered(site: &mut Site, (sockets, bytes): (usize, usize), rounds: usize) -> Row {
    let mut listeners = site.listeners(0);
    listeners.open(sockets, "all", "fleet");
    let mut raw = Raw::over(sockets, bytes);
    let (figure, ceiling) = in_turns(
        rounds,
        || {
            let seconds = std::thread::scope(|scope| {
                let told = scope.spawn(|| listeners.until(BURST));
                site.updater.at_once(BURST);
                told.join().expect("everyone is told")
            });
            (BURST * sockets) as f64 / seconds
        },
        || raw.events_per_second(FIRST),
    );
    Row {
        what: format!(
            "events/s told to {sockets} sockets, beside raw writes of {bytes} bytes, one event each"
        ),
        figure: Figure::median(&figure),
        ceiling: Some(Figure::median(&ceiling)),
        goals: vec![Goal::RatioAtLeast(1.0)],
    }
}
