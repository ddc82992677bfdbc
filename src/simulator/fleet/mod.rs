//! The living fleet behind the simulated ThingSpeak: a campus water system grown from one seed.
//!
//! Holds the truth about the water (wells, sumps, tanks, pipes) and the lies that sensors tell about
//! it. Pure: time is an argument and reports are handed to a closure. The same seed, number of nodes
//! and epoch give the same bytes, however the time in between is cut into steps; this must never
//! depend on a clock, on a map's order, or on who is looking.
//!
//! A fleet is made of schemes of twelve devices that share no water and no chance with one another
//! (`scheme` moves the water, `catalogue` lists the devices, `instrument` is one device).
//! Schemes are simulated whole, even when the last has only some of its devices fitted.

mod band;
mod catalogue;
mod column;
mod demand;
mod device;
mod instrument;
mod meter;
mod plan;
mod random;
mod scheme;
mod shape;
mod tank;
mod well;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub use device::{Device, DeviceKind, DeviceModel, FieldMapEntry};
pub use shape::TankShape;

use catalogue::{DEVICES_PER_SCHEME, SLOTS};
use demand::DemandCurve;
use instrument::Instrument;
use plan::SchemePlan;
use scheme::Scheme;

const SECONDS_PER_DAY: i64 = 86_400;

type Fields = [Option<String>; 8];

/// What one device wrote at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Index into [`Fleet::devices`].
    pub device: usize,
    /// Unix time of the report, in seconds.
    pub created_at_s: i64,
    /// Raw text by field, field 1 first; `None` is a null field.
    pub fields: [Option<String>; 8],
}

/// Every device of a campus and the water they watch.
#[derive(Debug)]
pub struct Fleet {
    devices: Vec<Device>,
    instruments: Vec<Instrument>,
    schemes: Vec<Scheme>,
    curve: DemandCurve,
    /// Who looks next: by time, then by device.
    agenda: BinaryHeap<Reverse<(i64, usize)>>,
}

impl Fleet {
    /// Grows a fleet of `nodes` devices whose history begins at `epoch_s` (Unix seconds).
    pub fn new(seed: u64, nodes: usize, epoch_s: i64) -> Self {
        let plans: Vec<SchemePlan> = (0..nodes.div_ceil(DEVICES_PER_SCHEME))
            .map(|scheme| SchemePlan::draw(seed, scheme))
            .collect();
        let devices = (0..nodes)
            .map(|index| catalogue::describe(seed, index, &plans[index / DEVICES_PER_SCHEME]))
            .collect();
        let instruments: Vec<Instrument> = (0..nodes)
            .map(|index| {
                let (scheme, slot) = (index / DEVICES_PER_SCHEME, index % DEVICES_PER_SCHEME);
                Instrument::new(seed, index, scheme, &SLOTS[slot], epoch_s)
            })
            .collect();
        let agenda = instruments
            .iter()
            .enumerate()
            .map(|(i, it)| Reverse((it.due_s(), i)));
        Self {
            devices,
            agenda: agenda.collect(),
            instruments,
            schemes: plans
                .into_iter()
                .enumerate()
                .map(|(index, plan)| Scheme::new(seed, index, plan, epoch_s))
                .collect(),
            curve: DemandCurve::campus(),
        }
    }

    /// Every device, in the order [`Report::device`] counts them.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Emits every report made until `now_s`, inclusive, that was not emitted before, in the order
    /// of time and then of device. A `now_s` in the past emits nothing. The work is proportional to
    /// the time that passed.
    pub fn advance_to(&mut self, now_s: i64, emit: &mut dyn FnMut(Report)) {
        while let Some(&Reverse((created_at_s, device))) = self.agenda.peek()
            && created_at_s <= now_s
        {
            self.agenda.pop();
            let instrument = &mut self.instruments[device];
            let scheme = &mut self.schemes[device / DEVICES_PER_SCHEME];
            scheme.advance_to(created_at_s, &self.curve);
            if let Some(fields) = instrument.report(scheme.sight(instrument.asset())) {
                emit(Report {
                    device,
                    created_at_s,
                    fields,
                });
            }
            self.agenda.push(Reverse((instrument.due_s(), device)));
        }
    }
}

#[cfg(test)]
mod tests;
