//! The people: how much water a campus draws at each hour of its local day.
//!
//! Holds the shape of a day, not its size. What a tank's users do differently on one day, or from
//! one minute to the next, is the scheme's to draw; nothing here is random.

use super::SECONDS_PER_DAY;

/// Local time is UTC+5:30 all year.
const LOCAL_OFFSET_S: i64 = 5 * 3600 + 1800;

const POINTS: usize = 96;
const POINT_S: f64 = SECONDS_PER_DAY as f64 / POINTS as f64;

/// What runs at all hours, as a share of the taller peak: cisterns, a forgotten tap.
const NIGHT_SHARE: f64 = 0.04;

/// Hour of day, width in hours and height of each peak: bathing, cooking, the evening.
const PEAKS: [(f64, f64, f64); 3] = [(7.0, 1.1, 1.0), (13.0, 1.6, 0.35), (19.0, 1.5, 0.8)];

/// Seconds since local midnight.
pub(super) fn local_second(at_s: i64) -> i64 {
    (at_s + LOCAL_OFFSET_S).rem_euclid(SECONDS_PER_DAY)
}

/// Local days since 1970-01-01.
pub(super) fn local_day(at_s: i64) -> i64 {
    (at_s + LOCAL_OFFSET_S).div_euclid(SECONDS_PER_DAY)
}

/// Draw at each quarter of an hour, relative to the day's mean.
#[derive(Debug)]
pub(super) struct DemandCurve([f64; POINTS]);

impl DemandCurve {
    pub(super) fn campus() -> Self {
        let raw: [f64; POINTS] = std::array::from_fn(|point| {
            let hour = point as f64 * 24.0 / POINTS as f64;
            NIGHT_SHARE + PEAKS.iter().map(|peak| swell(hour, *peak)).sum::<f64>()
        });
        let mean = raw.iter().sum::<f64>() / POINTS as f64;
        Self(raw.map(|value| value / mean))
    }

    /// Draw at an instant relative to the day's mean; 1 on average over a day.
    pub(super) fn at(&self, at_s: i64) -> f64 {
        let position = local_second(at_s) as f64 / POINT_S;
        let left = position as usize % POINTS;
        let part = position.fract();
        self.0[left] * (1.0 - part) + self.0[(left + 1) % POINTS] * part
    }
}

fn swell(hour: f64, (centre, width, height): (f64, f64, f64)) -> f64 {
    height * (-((hour - centre) / width).powi(2) / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::{DemandCurve, LOCAL_OFFSET_S, local_day, local_second};

    fn at_local_hour(hour: f64) -> f64 {
        DemandCurve::campus().at((hour * 3600.0) as i64 - LOCAL_OFFSET_S)
    }

    #[test]
    fn demand_peaks_in_the_morning_and_the_evening_and_sleeps_at_night() {
        let hours: Vec<f64> = (0..24).map(|hour| at_local_hour(f64::from(hour))).collect();
        let tallest = (0..24)
            .max_by(|a, b| hours[*a].total_cmp(&hours[*b]))
            .unwrap();
        assert_eq!(tallest, 7);
        assert!(hours[19] > hours[16] && hours[19] > hours[22]);
        assert!((0..4).all(|hour| hours[hour] < hours[7] / 10.0));
    }

    #[test]
    fn a_day_of_demand_averages_to_one() {
        let curve = DemandCurve::campus();
        let mean = (0..1440).map(|minute| curve.at(minute * 60)).sum::<f64>() / 1440.0;
        assert!((mean - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_local_day_turns_at_half_past_six_in_the_evening_utc() {
        let turn_s = 86_400 - LOCAL_OFFSET_S;
        assert_eq!(turn_s, 18 * 3600 + 1800);
        assert_eq!(
            (local_day(turn_s - 1), local_second(turn_s - 1)),
            (0, 86_399)
        );
        assert_eq!((local_day(turn_s), local_second(turn_s)), (1, 0));
    }
}
