//! What somebody who listens and is told nothing takes in memory.

use super::site::Site;
use crate::Size;
use crate::store::fleet;
use crate::table::{Figure, Goal, Row};

/// Enough that what all share is not counted as theirs, and fewer than a process holds files.
const SOCKETS: usize = 5_000;

/// So many nodes make a snapshot of some tens of kilobytes.
const NODES: usize = 100;

const KIB: f64 = 1024.0;

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let sockets = size.pick(SOCKETS, 100);
    let node = format!("nodes/{}", fleet::node_id(0));
    let of_node = kib_each(sockets, &node);
    let of_fleet = kib_each(sockets, "fleet");
    let row = |what: String, value, goals| Row {
        what,
        figure: Figure::once(value),
        ceiling: None,
        goals,
    };
    vec![
        row(
            format!("KiB of the service for an idle socket on one node, of {sockets}"),
            of_node,
            vec![Goal::AtMost(24.0)],
        ),
        row(
            format!("the same on `fleet`, after a snapshot of {NODES} nodes"),
            of_fleet,
            vec![Goal::AtMost(24.0)],
        ),
    ]
}

fn kib_each(sockets: usize, topic: &str) -> f64 {
    let site = Site::of(NODES);
    let mut listeners = site.listeners(0);
    // Whatever is made for the first of them is not of each.
    listeners.open(sockets / 50, "latest", topic);
    let before = site.resident_bytes();
    listeners.open(sockets, "latest", topic);
    (site.resident_bytes() - before) / sockets as f64 / KIB
}
