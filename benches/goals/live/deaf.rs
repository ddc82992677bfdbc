//! What those who never read cost the service and the others.

use std::time::Duration;

use super::site::{Site, wait};
use crate::Size;
use crate::table::{Figure, Goal, Row};

/// Who never reads.
const DEAF: usize = 1_000;

/// The others.
const SOCKETS: usize = 100;

/// Updates a second: each of the nodes, once.
const RATE: usize = 2_000;

/// Until what is kept for those who come back is as full as it gets: 64 MiB by the most that they could weigh.
const FILLED_AFTER: Duration = Duration::from_secs(40);

/// What is left out of a measure.
const FIRST: Duration = Duration::from_secs(1);

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let deaf = size.pick(DEAF, 50);
    let (before, span) = (
        size.pick(FILLED_AFTER, FIRST),
        Duration::from_secs(size.pick(300, 2)),
    );
    let mut site = Site::of(RATE);
    let mut listeners = site.listeners(0);
    listeners.open(SOCKETS, "latest", "fleet");
    let mut hear = |site: &mut Site, span: Duration| {
        std::thread::scope(|scope| {
            scope.spawn(|| site.updater.steadily(RATE, span + 2 * FIRST));
            wait(FIRST);
            listeners.hear(span)
        })
    };
    let alone = hear(&mut site, before);
    let held = site.resident_bytes();
    let mut others = site.listeners(1);
    others.open_deaf(deaf);
    let beside = hear(&mut site, span);
    let growth = (site.resident_bytes() - held) / MIB;
    let minutes = span.as_secs_f64() / 60.0;
    vec![
        Row {
            what: format!(
                "MiB that the service grows by in {minutes:.1} min of {RATE} updates/s with {deaf} sockets that never read"
            ),
            figure: Figure::once(growth),
            ceiling: None,
            goals: vec![Goal::AtMost(128.0)],
        },
        Row {
            what: format!(
                "ms to the frame at {SOCKETS} others meanwhile, p99, beside what it was without"
            ),
            figure: Figure::once(beside.p99_ms),
            ceiling: Some(Figure::once(alone.p99_ms)),
            goals: vec![Goal::RatioAtMost(1.1)],
        },
    ]
}
