//! The arithmetic of tanks, meters and wells: what follows from readings, in SI units.
//!
//! Pure and free of allocation: it is asked at every reading. It owns no state, and it never guesses;
//! where the readings do not establish a value there is none.

mod checks;
mod day;
mod regression;
mod totalizer;
mod volume;
mod well;

pub use checks::{judge_newest, last_believed};
pub use day::{Day, local_day};
pub use regression::{Fit, net_rate, slope, time_to};
pub use totalizer::{DayVolume, Delta, Passage, classify, volume_between};
pub use volume::{TankState, level_m, tank_state, volume_m3};
pub use well::{WellPoint, WellState, depth_from_pressure, well_state};
