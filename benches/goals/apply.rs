//! How many events a second one core applies, beside how often it could copy the twin.
//!
//! A copy is the ceiling since `apply` leaves the twin before an event as it was.

use std::hint::black_box;
use std::sync::Arc;

use evara_actors::domain::Kind;
use evara_actors::twin::{Event, Transition, Twin, apply};
use tokio::time::Instant;

use crate::measure::{in_turns, per_second};
use crate::table::{Figure, Goal, Row};
use crate::{Size, world};

/// A day: after it, everything that a twin remembers of one is full.
const WARM_UP: usize = 5_760;

/// In one round: a few milliseconds, so that many rounds pass undisturbed.
const EVENTS: usize = 4_096;

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let rounds = size.pick(400, 20);
    let row = |kind: Kind, goals| {
        let (twin, events) = stream(kind);
        let (applied, copied) = in_turns(rounds, || applying(&twin, &events), || copying(&twin));
        Row {
            what: format!("`apply`, events/s on one core, {} stream", kind.name()),
            figure: Figure::highest(&applied),
            ceiling: Some(Figure::highest(&copied)),
            goals,
        }
    };
    vec![
        row(Kind::Tank, vec![Goal::AtLeast(1e6)]),
        row(Kind::Flow, Vec::new()),
        row(Kind::Deep, Vec::new()),
    ]
}

/// A twin that has seen a day, and what it sees next.
fn stream(kind: Kind) -> (Twin, Vec<Event>) {
    let observed = |index| -> Event { Event::Observed(world::sample(kind, index)) };
    let spec = Arc::new(world::node(kind, 0));
    let blank = Twin::create(spec, world::START).twin;
    let warm = (0..WARM_UP).fold(blank, |twin, index| apply(&twin, &observed(index)).twin);
    let events = (WARM_UP..WARM_UP + EVENTS).map(observed).collect();
    (warm, events)
}

fn applying(twin: &Twin, events: &[Event]) -> f64 {
    let mut twin = twin.clone();
    let start = Instant::now();
    for event in events {
        let Transition {
            twin: next,
            effects,
        } = apply(&twin, event);
        black_box(effects);
        twin = next;
    }
    black_box(&twin);
    per_second(events.len(), start)
}

fn copying(twin: &Twin) -> f64 {
    let mut twin = twin.clone();
    let start = Instant::now();
    for _ in 0..EVENTS {
        twin = black_box(&twin).clone();
    }
    black_box(&twin);
    per_second(EVENTS, start)
}
