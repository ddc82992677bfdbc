//! One published change of a twin, small enough to be kept for a while and complete enough to need no other.
//!
//! It holds the numbers that stand after it, and not what became different: whoever has missed some of
//! a node's updates has missed nothing once he has the last. Pure.

use std::fmt::{Debug, Formatter, Result as Written};
use std::sync::{Arc, OnceLock};

use crate::domain::{Metric, NodeId, NodeSpec, Revision, Status, Timestamp};
use crate::twin::{Derived, Twin};

/// What the text of an update takes beside its values, and the update itself with what the log keeps of it.
const BYTES_BESIDE_VALUES: usize = 1024;

/// What a value takes: the name and the number, as they are held and as they are spelt.
const BYTES_PER_VALUE: usize = 160;

/// What a description takes that is kept only for the sake of an update.
const BYTES_OF_DESCRIPTION: usize = 4096;

/// What is most notable of an update. In the order of weight: of several, the heaviest names them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpdateKind {
    /// Readings came.
    Telemetry,
    /// The node is in another state, or for another reason.
    Status,
    /// People changed the description.
    Described,
    /// The node is there, and was not before.
    Provisioned,
    /// The node is there no longer.
    Removed,
}

/// One published change of a twin.
pub struct Update {
    /// Whose it is.
    pub node: NodeId,
    /// What is most notable of it.
    pub kind: UpdateKind,
    /// The revision that it led to.
    pub revision: Revision,
    /// The one that was published before; zero for a node that was not there.
    pub previous: Revision,
    /// When it was told.
    pub at: Timestamp,
    /// The description that the twin goes by.
    pub spec: Arc<NodeSpec>,
    /// The one that it went by before, where that was another.
    pub before: Option<Arc<NodeSpec>>,
    /// Whether the node is alive.
    pub status: Status,
    /// The newest source time that any sample had.
    pub last_seen_at: Option<Timestamp>,
    /// The current values, by metric.
    pub reported: Box<[(Metric, f64)]>,
    /// What follows from them.
    pub derived: Box<[(&'static str, Option<f64>)]>,
    text: OnceLock<Box<str>>,
}

impl Update {
    /// What has become of a twin since `known`; `None` where that is as new.
    pub fn of(twin: &Twin, known: Option<&Self>, at: Timestamp) -> Option<Self> {
        if known.is_some_and(|known| known.revision >= twin.revision()) {
            return None;
        }
        let spec = Arc::clone(twin.spec());
        let told = known.map(|known| &known.spec);
        let before = told.filter(|before| before.version != spec.version);
        let numbers = twin.reported().iter();
        let derived = twin.derived();
        Some(Self {
            node: spec.id,
            kind: kind(known, twin),
            revision: twin.revision(),
            previous: known.map_or(Revision::ZERO, |known| known.revision),
            at,
            before: before.cloned(),
            spec,
            status: twin.status(),
            last_seen_at: twin.last_seen_at(),
            reported: numbers
                .map(|property| (property.metric.clone(), property.number))
                .collect(),
            derived: derived
                .iter()
                .map(|it: &Derived| (it.name, it.number))
                .collect(),
            text: OnceLock::new(),
        })
    }

    /// That the node of `known` is there no longer: it had no later revision.
    pub(super) fn removal(known: &Self, at: Timestamp) -> Self {
        Self {
            node: known.node,
            kind: UpdateKind::Removed,
            revision: known.revision,
            previous: known.revision,
            at,
            before: None,
            spec: Arc::clone(&known.spec),
            status: known.status,
            last_seen_at: known.last_seen_at,
            reported: Box::default(),
            derived: Box::default(),
            text: OnceLock::new(),
        }
    }

    /// What it says, spelt by whoever asks first, and the same for everyone.
    pub fn text(&self, spell: impl FnOnce(&Self) -> String) -> &str {
        self.text.get_or_init(|| spell(self).into_boxed_str())
    }

    /// What it takes in memory at most, spelt and held, as long as names are as long as they may be.
    pub fn bytes(&self) -> usize {
        let values = self.reported.len() + self.derived.len();
        let description = self.before.as_ref().map_or(0, |_| BYTES_OF_DESCRIPTION);
        BYTES_BESIDE_VALUES + values * BYTES_PER_VALUE + description
    }
}

fn kind(known: Option<&Update>, twin: &Twin) -> UpdateKind {
    let Some(known) = known else {
        return UpdateKind::Provisioned;
    };
    let (then, now) = (known.status, twin.status());
    if known.spec.version != twin.spec().version {
        UpdateKind::Described
    } else if (then.state, then.reason) != (now.state, now.reason) {
        UpdateKind::Status
    } else {
        UpdateKind::Telemetry
    }
}

impl Debug for Update {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.debug_struct("Update")
            .field("node", &self.node)
            .field("kind", &self.kind)
            .field("revision", &self.revision)
            .field("previous", &self.previous)
            .finish_non_exhaustive()
    }
}
