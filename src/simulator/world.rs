//! The seam behind which the fleet lives: whatever writes to channels as time goes by.
//!
//! The simulator owns channels and never devices; a world owns devices and never channels.
//! A world must be a function of its seed and the time: it is asked lazily, at any pace.

use super::channel::FIELDS;
use super::fleet::{Device, DeviceKind, Fleet, Report};

/// Something that reports as time passes.
pub trait World: Send {
    /// The devices, in the order that [`Report::device`] counts in. Asked once.
    fn nodes(&self) -> Vec<Node>;

    /// Moves on to `now_s` (UTC seconds) and emits what was reported since the last call,
    /// in order of time. A time that is not later emits nothing.
    fn advance_to(&mut self, now_s: i64, emit: &mut dyn FnMut(Report));
}

/// What a channel is made from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// `tank`, `flow`, `deep` or `generic`.
    pub kind: String,
    /// The channel's name.
    pub name: String,
    /// Empty when the channel has none.
    pub description: String,
    /// Labels of `field1` to `field8`; only labelled fields appear in answers.
    pub labels: [Option<String>; FIELDS],
    /// Decimal degrees as text, as ThingSpeak shows them.
    pub latitude: Option<String>,
    /// Decimal degrees as text, as ThingSpeak shows them.
    pub longitude: Option<String>,
    /// Free text such as `236` or `300m MSL`.
    pub elevation: Option<String>,
    /// Free text, shown on request; a fleet puts the device's key here.
    pub metadata: Option<String>,
}

impl World for Fleet {
    fn nodes(&self) -> Vec<Node> {
        self.devices().iter().map(Node::of).collect()
    }

    fn advance_to(&mut self, now_s: i64, emit: &mut dyn FnMut(Report)) {
        Fleet::advance_to(self, now_s, emit);
    }
}

impl Node {
    fn of(device: &Device) -> Self {
        let kind = match device.kind {
            DeviceKind::Tank => "tank",
            DeviceKind::Flow => "flow",
            DeviceKind::Deep => "deep",
        };
        Self {
            kind: kind.to_owned(),
            name: device.name.clone(),
            description: device.description.clone(),
            labels: device.fields.map(|label| label.map(str::to_owned)),
            latitude: Some(device.latitude.to_string()),
            longitude: Some(device.longitude.to_string()),
            elevation: None,
            metadata: Some(device.key.clone()),
        }
    }
}
