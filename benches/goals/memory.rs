//! What a live idle twin costs in resident memory, beside a bare actor.
//!
//! Each is measured in a process of its own, begun afresh: what one of them freed must not be what the
//! other one lives in.

use std::process::Command;

use evara_actors::domain::Kind;

use crate::measure::resident_bytes_of;
use crate::table::{Figure, Goal, Row};
use crate::{Size, bare, runtime, world};

/// Makes this program a child that measures one thing: `--resident WHAT COUNT READINGS`.
const CHILD: &str = "--resident";

/// After so many, a twin knows two metrics and their trend has begun.
const FEW_READINGS: usize = 4;

/// As many as a twin remembers.
const FULL_WINDOW: usize = 48;

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let count = size.pick(100_000, 2_000);
    let bare = in_child("bare", count, FEW_READINGS);
    let live = in_child("twins", count, FEW_READINGS);
    let full = in_child("twins", count / 5, FULL_WINDOW);
    vec![
        Row {
            what: format!("resident bytes of a live idle twin, of {count}"),
            figure: Figure::once(live),
            ceiling: Some(Figure::once(bare)),
            goals: vec![Goal::RatioAtMost(1.4), Goal::AtMost(9_500.0)],
        },
        Row {
            what: format!("the same with a full window, of {}", count / 5),
            figure: Figure::once(full),
            ceiling: Some(Figure::once(bare)),
            goals: Vec::new(),
        },
    ]
}

/// Bytes for each of `count`.
fn in_child(what: &str, count: usize, readings: usize) -> f64 {
    let program = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(program);
    child.args([CHILD, what, &count.to_string(), &readings.to_string()]);
    let answer = child.output().expect("this program can be started again");
    let text = String::from_utf8_lossy(&answer.stdout);
    text.trim().parse().expect("a child prints a number")
}

/// What this process was started to measure, if it is such a child.
pub(crate) fn as_child(args: &[String]) -> Option<f64> {
    let [flag, what, count, readings] = args else {
        return None;
    };
    if flag != CHILD {
        return None;
    }
    let (count, readings) = (count.parse().ok()?, readings.parse().ok()?);
    let bytes = runtime().block_on(async {
        match what.as_str() {
            "bare" => bare_actors(count, readings).await,
            _ => twins(count, readings).await,
        }
    });
    Some(bytes / count as f64)
}

async fn bare_actors(count: usize, readings: usize) -> f64 {
    let before = resident_bytes();
    let actors = bare::actors(count).await;
    for index in 0..readings {
        for actor in &actors {
            bare::cast(actor, world::sample(Kind::Tank, index)).await;
        }
    }
    resident_bytes() - before
}

async fn twins(count: usize, readings: usize) -> f64 {
    let before = resident_bytes();
    let system = world::tanks(count).await;
    for index in 0..readings {
        for twin in system.twins() {
            let offered = twin.offer(world::sample(Kind::Tank, index)).await;
            offered.expect("a twin that idles takes a reading");
        }
        world::drained(&system).await;
    }
    resident_bytes() - before
}

fn resident_bytes() -> f64 {
    resident_bytes_of(std::process::id())
}
