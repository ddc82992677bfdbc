//! A running system and the world around it.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::NodeSpec;
use crate::ports::{Clock, Saved};
use crate::system::{Ports, Settings, System};
use crate::testing::{FakeArchive, FakeFeed, VirtualClock, tank};
use crate::twin::{Apply, Event, Presence, Transition, Twin, TwinHandle, apply};

/// A level that breaks a twin that decides by [`brittle`].
pub(super) const POISON: f64 = 66.6;

/// More than one, so that what is promised does not rest on a single order of writing.
pub(super) const WRITERS: usize = 2;

/// A running system and the world around it.
pub(super) struct Scene {
    pub(super) archive: Arc<FakeArchive>,
    pub(super) feed: Arc<FakeFeed>,
    pub(super) ports: Ports,
    pub(super) system: Arc<System>,
}

impl Scene {
    /// A system of these nodes, with nothing saved.
    pub(super) async fn of(nodes: Vec<NodeSpec>) -> Self {
        Self::deciding_by(apply, nodes).await
    }

    /// The same, whose twins decide by another function.
    pub(super) async fn deciding_by(apply: Apply, nodes: Vec<NodeSpec>) -> Self {
        let archive = Arc::new(FakeArchive::default());
        let clock = Arc::new(VirtualClock::default());
        Self::with(archive, clock, apply, nodes, Saved::default()).await
    }

    pub(super) async fn with(
        archive: Arc<FakeArchive>,
        clock: Arc<dyn Clock>,
        apply: Apply,
        nodes: Vec<NodeSpec>,
        saved: Saved,
    ) -> Self {
        let feed = Arc::new(FakeFeed::default());
        let ports = Ports {
            feed: Arc::<FakeFeed>::clone(&feed),
            archive: Arc::<FakeArchive>::clone(&archive),
            clock,
        };
        let settings = Settings {
            writers: WRITERS,
            ..Settings::default()
        };
        let system = System::start_with(ports.clone(), settings, nodes, saved, apply).await;
        let system = system.unwrap();
        Self {
            archive,
            feed,
            ports,
            system,
        }
    }

    /// The twin of [`tank`] number `number`.
    pub(super) fn tank(&self, number: u32) -> TwinHandle {
        self.system.twin(tank(number).id).unwrap()
    }

    /// Waits until all that was put so far is written.
    pub(super) async fn written(&self) {
        while self.system.persistence().waiting > 0 {
            pass(Duration::from_millis(50)).await;
        }
    }
}

/// Lets virtual time pass, and everyone act in it.
pub(super) async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Waits until a twin is running, restarted, or given up on.
pub(super) async fn settled(twin: &TwinHandle) -> Presence {
    pass(Duration::from_millis(1)).await;
    while twin.presence() == Presence::Restarting {
        pass(Duration::from_millis(10)).await;
    }
    twin.presence()
}

/// Decides as twins do, but breaks on [`POISON`].
pub(super) fn brittle(twin: &Twin, event: &Event) -> Transition {
    if let Event::Observed(sample) = event {
        let poisonous = sample
            .values
            .iter()
            .any(|value| value.number == Some(POISON));
        assert!(!poisonous, "poisoned by {}", sample.source);
    }
    apply(twin, event)
}
