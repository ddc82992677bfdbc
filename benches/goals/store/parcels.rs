//! What is pushed, as JSON: of many nodes some instants each, or of one node one instant.

use std::io::Write as _;
use std::ops::Range;
use std::time::Duration;

use evara_actors::domain::Timestamp;

use super::fleet;

/// Between two instants of a node: the fastest that ThingSpeak takes.
const PACE: Duration = Duration::from_secs(15);

/// Texts of consecutive instants, from a first one on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar {
    pub(crate) start: Timestamp,
}

impl Calendar {
    fn text(self, instant: usize) -> String {
        self.start.plus(PACE * instant as u32).to_string()
    }
}

/// Writes a bulk of what `nodes` said at `instants`. Returns how many data points it has.
pub(crate) fn write_bulk(
    out: &mut Vec<u8>,
    calendar: Calendar,
    nodes: Range<usize>,
    instants: Range<usize>,
) -> usize {
    let first = instants.start;
    let times: Vec<String> = instants.map(|instant| calendar.text(instant)).collect();
    let mut points = 0;
    put(out, br#"{"batches":["#);
    for (place, number) in nodes.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let id = fleet::node_id(number);
        write!(out, r#"{{"node_id":"{id}","readings":["#).expect("memory takes everything");
        for (offset, time) in times.iter().enumerate() {
            if offset > 0 {
                out.push(b',');
            }
            points += write_instant(out, number, first + offset, time);
        }
        put(out, b"]}");
    }
    put(out, b"]}");
    points
}

/// Writes what one node said at one instant. Returns how many data points that is.
pub(crate) fn write_single(
    out: &mut Vec<u8>,
    calendar: Calendar,
    number: usize,
    instant: usize,
) -> usize {
    put(out, br#"{"readings":["#);
    let points = write_instant(out, number, instant, &calendar.text(instant));
    put(out, b"]}");
    points
}

/// Writes what one node said at an instant, by itself. Returns how many data points that is.
pub(crate) fn write_instant(out: &mut Vec<u8>, number: usize, instant: usize, time: &str) -> usize {
    let said = fleet::said(number, instant);
    for (place, (metric, value)) in said.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let metric = metric.name();
        write!(
            out,
            r#"{{"metric":"{metric}","value":{value:.2},"at":"{time}"}}"#
        )
        .expect("memory takes everything");
    }
    said.len()
}

fn put(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
}
