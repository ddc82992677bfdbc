//! How a twin changes: synchronous, total, and without a clock.
//!
//! The laws that it keeps are in `apply_laws`.

use std::sync::Arc;

use super::{Change, Effect, Event, Transition, Twin, judge, status};
use crate::domain::{NodeSpec, Sample, Status, StatusReason, StatusState, Timestamp, Value};
use crate::ports::{EventRow, TelemetryRow};

/// The twin after `event`, and what must be done about it. Takes any event in any state.
pub fn apply(twin: &Twin, event: &Event) -> Transition {
    match event {
        Event::Observed(sample) => observed(twin, sample),
        Event::Configured { spec, at } => configured(twin, spec, *at),
        Event::Ticked { now } => judged(twin.clone(), twin.status_at(*now), *now, Vec::new()),
        Event::Quarantined { at } => {
            let (state, reason) = (StatusState::Quarantined, StatusReason::RestartsExhausted);
            let since = if twin.is_quarantined() {
                twin.status.since
            } else {
                *at
            };
            judged(
                twin.clone(),
                Status {
                    state,
                    since,
                    reason,
                },
                *at,
                Vec::new(),
            )
        }
        Event::Released { at } => {
            let status = if twin.is_quarantined() {
                status::released(twin, *at)
            } else {
                twin.status
            };
            judged(twin.clone(), status, *at, Vec::new())
        }
    }
}

impl Twin {
    /// A node's first revision.
    pub fn create(spec: Arc<NodeSpec>, at: Timestamp) -> Transition {
        logged(Self::blank(spec, at), Change::Created, at, Vec::new())
    }
}

fn observed(twin: &Twin, sample: &Arc<Sample>) -> Transition {
    match twin.absorb(sample) {
        Some(mut next) => {
            next.revision = twin.revision.next();
            let effects = vec![Effect::Store(row(&next, sample, false))];
            let status = brought_online(&next, sample.received_at);
            judged(next, status, sample.received_at, effects)
        }
        None if twin.knows(sample) => Transition {
            twin: twin.clone(),
            effects: Vec::new(),
        },
        None => Transition {
            effects: vec![Effect::Store(row(twin, sample, true))],
            twin: twin.clone(),
        },
    }
}

/// A reading may only bring a node online. That it is late is for time to say: otherwise a node whose
/// missed readings come in, oldest first, would be told late and offline on its way back.
fn brought_online(twin: &Twin, at: Timestamp) -> Status {
    let status = twin.status_at(at);
    if status.state == StatusState::Online {
        status
    } else {
        twin.status
    }
}

fn configured(twin: &Twin, spec: &Arc<NodeSpec>, at: Timestamp) -> Transition {
    if spec.version == twin.configured {
        return Transition {
            twin: twin.clone(),
            effects: Vec::new(),
        };
    }
    let mut next = twin.clone().described_by(Arc::clone(spec));
    next.configured = spec.version;
    let status = next.status_at(at);
    let Transition { twin, effects } = logged(
        next,
        Change::Configured {
            version: spec.version,
        },
        at,
        Vec::new(),
    );
    judged(twin, status, at, effects)
}

/// Makes `status` the twin's, as one more change where it is another one.
fn judged(mut twin: Twin, status: Status, at: Timestamp, effects: Vec<Effect>) -> Transition {
    if status == twin.status {
        return Transition { twin, effects };
    }
    twin.status = status;
    logged(twin, Change::Status(status), at, effects)
}

fn logged(mut twin: Twin, change: Change, at: Timestamp, mut effects: Vec<Effect>) -> Transition {
    twin.revision = twin.revision.next();
    let (node, revision) = (twin.spec.id, twin.revision);
    effects.push(Effect::Log(EventRow {
        node,
        revision,
        at,
        change,
    }));
    Transition { twin, effects }
}

fn row(twin: &Twin, sample: &Arc<Sample>, late: bool) -> TelemetryRow {
    let derived = if late {
        Vec::new()
    } else {
        twin.derived_from(sample)
    };
    TelemetryRow {
        node: twin.spec.id,
        kind: twin.spec.kind,
        revision: twin.revision,
        late,
        sample: if late {
            Arc::clone(sample)
        } else {
            with_verdicts(twin, sample)
        },
        derived,
    }
}

/// The sample with the twin's verdict on each value that became a current one.
fn with_verdicts(twin: &Twin, sample: &Arc<Sample>) -> Arc<Sample> {
    let verdict = |value: &Value| {
        let property = twin.property(&value.metric)?;
        let current = (property.source_at, property.source) == (sample.source_at, sample.source);
        let same = value.number.map(f64::to_bits) == Some(property.number.to_bits());
        (current && same).then_some(property.verdict)
    };
    let judged = |value: &Value| verdict(value).unwrap_or_else(|| judge::intrinsic(value.verdict));
    if sample
        .values
        .iter()
        .all(|value| judged(value) == value.verdict)
    {
        return Arc::clone(sample);
    }
    let mut sample = Sample::clone(sample);
    for value in &mut sample.values {
        value.verdict = judged(value);
    }
    Arc::new(sample)
}
