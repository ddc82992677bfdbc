//! A fleet behind the wire: its reports are entries, whenever anybody asks.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use super::{Hands, Lab, NEW_YEAR_S};
use crate::simulator::fleet::Fleet;
use crate::simulator::{Knobs, Simulator, router};

const NODES: usize = 12;

/// A fleet that began an hour before the new year.
fn living() -> Lab {
    let clock = Arc::new(Hands(AtomicI64::new(NEW_YEAR_S * 1_000)));
    let fleet = Fleet::new(7, NODES, NEW_YEAR_S - 3_600);
    let knobs = Knobs {
        public_channels: true,
        ..Knobs::default()
    };
    let simulator = Arc::new(Simulator::with_fleet(fleet, knobs, clock.clone()));
    let router = router(simulator.clone());
    Lab {
        clock,
        simulator,
        router,
    }
}

async fn feeds(lab: &Lab) -> Vec<String> {
    let mut bodies = Vec::new();
    for card in lab.simulator.channels() {
        let path = format!("/channels/{}/feeds.json?results=50", card.id);
        bodies.push(lab.get(&path).await.body);
    }
    bodies
}

#[tokio::test]
async fn every_device_has_a_channel_of_its_kind_with_rows() {
    let lab = living();
    let cards = lab.simulator.channels();
    assert_eq!(cards.len(), NODES);
    for kind in ["tank", "flow", "deep"] {
        assert!(cards.iter().any(|card| card.kind == kind), "{kind}");
    }
    assert!(cards.iter().all(|card| card.last_entry_id.is_some()));
}

#[tokio::test]
async fn a_channel_is_as_old_as_its_first_row() {
    let lab = living();
    let path = format!("/channels/{}/feeds.json?results=8000", lab.card().id);
    let json = lab.get(&path).await.json();
    assert_eq!(
        json["channel"]["created_at"],
        json["feeds"][0]["created_at"]
    );
}

#[tokio::test]
async fn answers_do_not_depend_on_how_often_anybody_asked() {
    let (patient, eager) = (living(), living());
    patient.pass(1_800);
    for _ in 0..180 {
        eager.pass(10);
        eager.simulator.channels();
    }
    assert_eq!(feeds(&patient).await, feeds(&eager).await);
}
