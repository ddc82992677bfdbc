//! One device: it looks at the water now and then, and writes what its sensors made of it.
//!
//! Owns a device's schedule, noise and faults, from a random stream of its own. The water is the
//! scheme's; nothing an instrument does may change it.

use std::f64::consts::TAU;

use super::Fields;
use super::catalogue::{Habit, Slot};
use super::column::{Column, Metric};
use super::demand::local_second;
use super::plan::is_troubled;
use super::random::{Dice, Purpose};
use super::scheme::{Asset, Sight};

/// A firmware sleeps for its interval and then takes this long, at most, to get through.
const LATENESS_MAX_S: i64 = 2;

/// One report in a hundred is lost on the way.
const LOSS_CHANCE: f64 = 0.01;

/// Once or twice a day a device falls silent for some minutes.
const SILENCE_CHANCE: f64 = 0.000_4;
const SILENCE_S: (i64, i64) = (240, 900);

/// One echo in a thousand comes from a wall, a pipe, or the second bounce.
const FALSE_ECHO_CHANCE: f64 = 0.001;

const GARBLE_CHANCE: f64 = 0.01;
const UNIT_TEXT_CHANCE: f64 = 0.01;

/// A sticking sensor sticks from a local hour in this range, for so many hours.
const STICK_FROM_H: (f64, f64) = (9.0, 12.0);
const STICK_FOR_H: (f64, f64) = (3.0, 5.0);

const KPA_PER_METRE: f64 = 9.806_65;

/// A fitted device.
#[derive(Debug)]
pub(super) struct Instrument {
    asset: Asset,
    interval_s: i64,
    columns: &'static [Column],
    habit: Habit,
    dice: Dice,
    due_s: i64,
    /// Reports so far, lost ones included.
    turn: u64,
    signal_dbm: f64,
    /// Seconds after local midnight between which a sticking sensor sticks.
    stick_s: (f64, f64),
    held: Option<f64>,
}

impl Instrument {
    pub(super) fn new(seed: u64, index: usize, scheme: usize, slot: &Slot, epoch_s: i64) -> Self {
        let mut dice = Dice::new(seed, Purpose::Instrument, index);
        let interval_s = i64::from(slot.interval_s);
        let stick_from_h = dice.between(STICK_FROM_H.0, STICK_FROM_H.1);
        let stick_until_h = stick_from_h + dice.between(STICK_FOR_H.0, STICK_FOR_H.1);
        Self {
            asset: slot.asset,
            interval_s,
            columns: slot.columns,
            habit: if is_troubled(scheme) {
                slot.habit
            } else {
                Habit::Steady
            },
            due_s: epoch_s + dice.whole(0, interval_s - 1),
            turn: 0,
            signal_dbm: dice.between(-84.0, -58.0),
            stick_s: (stick_from_h * 3600.0, stick_until_h * 3600.0),
            held: None,
            dice,
        }
    }

    pub(super) fn asset(&self) -> Asset {
        self.asset
    }

    /// When it will look next.
    pub(super) fn due_s(&self) -> i64 {
        self.due_s
    }

    /// Looks, once, at the time it was due; `None` when the report is lost.
    pub(super) fn report(&mut self, sight: Sight) -> Option<Fields> {
        let (at_s, turn) = (self.due_s, self.turn);
        self.schedule();
        if self.dice.chance(LOSS_CHANCE) {
            return None;
        }
        let mut fields = Fields::default();
        for (index, column) in self.columns.iter().enumerate() {
            if self.writes(index, column, turn) {
                fields[usize::from(column.field) - 1] = self.text(column, sight, at_s);
            }
        }
        Some(fields)
    }

    fn schedule(&mut self) {
        self.turn += 1;
        self.due_s += self.interval_s + self.dice.whole(0, LATENESS_MAX_S);
        if self.dice.chance(SILENCE_CHANCE) {
            self.due_s += self.dice.whole(SILENCE_S.0, SILENCE_S.1);
        }
    }

    fn writes(&self, index: usize, column: &Column, turn: u64) -> bool {
        let halved = self.habit == Habit::Halving && (index as u64 + turn) % 2 == 1;
        turn.is_multiple_of(column.every) && !halved
    }

    fn text(&mut self, column: &Column, sight: Sight, at_s: i64) -> Option<String> {
        let value = self.measure(column.metric, sight, at_s)?;
        if column.metric != Metric::DistanceCm {
            return Some(column.text(value));
        }
        Some(match self.habit {
            Habit::Steady | Habit::Halving => column.text(value),
            Habit::Sticking => column.text(self.stick(value, at_s)),
            Habit::Garbling if self.dice.chance(GARBLE_CHANCE) => "nan".to_owned(),
            Habit::Garbling if self.dice.chance(GARBLE_CHANCE) => "0\r\n\r\n".to_owned(),
            Habit::Garbling => column.text(value),
            Habit::Labelling(unit) if self.dice.chance(UNIT_TEXT_CHANCE) => {
                column.text(value) + unit
            }
            Habit::Labelling(_) => column.text(value),
        })
    }

    fn stick(&mut self, value: f64, at_s: i64) -> f64 {
        let second = local_second(at_s) as f64;
        if (self.stick_s.0..self.stick_s.1).contains(&second) {
            *self.held.get_or_insert(value)
        } else {
            self.held = None;
            value
        }
    }

    /// A sensor's opinion in units of `metric`; `None` where the asset has nothing of the kind.
    fn measure(&mut self, metric: Metric, sight: Sight, at_s: i64) -> Option<f64> {
        let noise = self.dice.bell();
        Some(match (metric, sight) {
            (
                Metric::DistanceCm,
                Sight::Tank {
                    distance_m,
                    filling,
                },
            ) => {
                // Falling water makes waves.
                let ripple_cm = if filling { 0.8 } else { 0.4 };
                self.echo(distance_m * 100.0 + ripple_cm * noise)
            }
            (Metric::Pump, Sight::Tank { filling: on, .. } | Sight::Deep { pumping: on, .. }) => {
                f64::from(u8::from(on))
            }
            (Metric::FlowLpm, Sight::Flow { flow_lpm, .. }) => flow_lpm * (1.0 + 0.01 * noise),
            (Metric::TotalL, Sight::Flow { register_l, .. }) => register_l,
            (Metric::DepthM, Sight::Deep { depth_m, .. }) => depth_m + 0.02 * noise,
            (Metric::PressureKpa, Sight::Deep { column_m, .. }) => {
                column_m * KPA_PER_METRE + 0.2 * noise
            }
            // Groundwater does not know the time of day.
            (Metric::TemperatureC, Sight::Deep { .. }) => 27.4 + 0.05 * noise,
            (Metric::TemperatureC, Sight::Tank { .. } | Sight::Flow { .. }) => {
                27.0 + 5.5 * swing(at_s, 15.0) + 0.15 * noise
            }
            (Metric::BatteryV, _) => 3.92 + 0.18 * swing(at_s, 16.0) + 0.01 * noise,
            (Metric::RssiDbm, _) => self.signal_dbm + 2.5 * noise,
            (Metric::DistanceCm, Sight::Flow { .. } | Sight::Deep { .. })
            | (Metric::Pump, Sight::Flow { .. })
            | (Metric::FlowLpm | Metric::TotalL, Sight::Tank { .. } | Sight::Deep { .. })
            | (Metric::DepthM | Metric::PressureKpa, Sight::Tank { .. } | Sight::Flow { .. }) => {
                return None;
            }
        })
    }

    fn echo(&mut self, distance_cm: f64) -> f64 {
        if !self.dice.chance(FALSE_ECHO_CHANCE) {
            distance_cm
        } else if self.dice.chance(0.5) {
            distance_cm + self.dice.between(60.0, 150.0)
        } else {
            self.dice.between(3.0, 15.0)
        }
    }
}

/// A daily swing between -1 and 1 that is highest at `hottest_h`, local time.
fn swing(at_s: i64, hottest_h: f64) -> f64 {
    let hour = local_second(at_s) as f64 / 3600.0;
    (TAU * (hour - hottest_h) / 24.0).cos()
}
