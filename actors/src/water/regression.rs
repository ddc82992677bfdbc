//! How fast something rises or falls, told apart from the noise of its sensor.
//!
//! A trend that could as well be noise is no trend: it never becomes a forecast.

use std::time::Duration;

use crate::domain::Timestamp;

/// With fewer points a line has no error to judge it by.
const MIN_FIT_POINTS: usize = 3;

/// With fewer points two outliers make a rate.
const MIN_RATE_POINTS: usize = 5;

/// A centimetre on a six-square-metre tank is 60 L, so that rates over less are noise.
const MIN_RATE_SPAN: Duration = Duration::from_secs(600);

/// A slope below so many of its own standard errors is no trend. With one, every third tank that
/// stands still would seem to fill or to empty.
const NOISE_ERRORS: f64 = 2.0;

/// What is further off than this depends on habits, not on the rate of the last hour.
const MAX_FORECAST_S: f64 = 30.0 * 86_400.0;

/// A straight line through points, by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Slope, in units per second.
    pub per_second: f64,
    /// Standard error of the slope, in units per second.
    pub slope_error: f64,
    /// Standard error of the residuals, in units.
    pub residual_error: f64,
    /// The line's value at the newest point, in units.
    pub newest: f64,
    /// From the oldest point to the newest.
    pub span: Duration,
    /// How many points it goes through.
    pub points: usize,
}

impl Fit {
    /// Whether the slope stands out from the noise.
    pub fn is_trend(&self) -> bool {
        self.per_second.abs() > NOISE_ERRORS * self.slope_error
    }
}

/// Fits a line through `points`, oldest first. `None` for fewer than three, or all at one instant.
///
/// One pass; the sums are taken from the first point, so that large stamps and totals cost no digits.
pub fn slope(points: impl Iterator<Item = (Timestamp, f64)>) -> Option<Fit> {
    let mut points = points;
    let (start, base) = points.next()?;
    let (mut n, mut sx, mut sy, mut sxx, mut sxy, mut syy) = (1_usize, 0.0, 0.0, 0.0, 0.0, 0.0);
    let mut newest_at = start;
    for (at, value) in points {
        let x = at.millis_since(start) as f64 / 1_000.0;
        let y = value - base;
        n += 1;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
        syy += y * y;
        newest_at = at;
    }
    let count = n as f64;
    let spread = sxx - sx * sx / count;
    if n < MIN_FIT_POINTS || spread <= 0.0 {
        return None;
    }
    let joint = sxy - sx * sy / count;
    let per_second = joint / spread;
    let unexplained = (syy - sy * sy / count - per_second * joint).max(0.0);
    let variance = unexplained / (count - 2.0);
    let newest_x = newest_at.millis_since(start) as f64 / 1_000.0;
    Some(Fit {
        per_second,
        slope_error: (variance / spread).sqrt(),
        residual_error: variance.sqrt(),
        newest: base + sy / count + per_second * (newest_x - sx / count),
        span: newest_at.since(start),
        points: n,
    })
}

/// How fast `points`, oldest first, change, in units per minute; 0 where the change is within the
/// noise. `None` for fewer than five points, or for a span below `min_span` or below ten minutes.
pub fn net_rate(points: impl Iterator<Item = (Timestamp, f64)>, min_span: Duration) -> Option<f64> {
    let fit = slope(points)?;
    let enough = fit.points >= MIN_RATE_POINTS && fit.span >= min_span.max(MIN_RATE_SPAN);
    enough.then_some(if fit.is_trend() {
        fit.per_second * 60.0
    } else {
        0.0
    })
}

/// Seconds until `remaining` is used up or filled at `rate_per_min` towards it; 0 where nothing remains.
///
/// `None` where the rate leads away or is 0, as [`net_rate`] says of noise, and past thirty days.
/// Emptying is `time_to(volume - dead, -net_rate)`, filling `time_to(capacity - volume, net_rate)`.
pub fn time_to(remaining: f64, rate_per_min: f64) -> Option<f64> {
    let seconds = remaining.max(0.0) / rate_per_min * 60.0;
    (rate_per_min > 0.0 && seconds <= MAX_FORECAST_S).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minutes(values: &[f64]) -> Vec<(Timestamp, f64)> {
        let start = 1_767_225_600_i64;
        let at = |index: usize| Timestamp::from_secs(start + 60 * index as i64);
        let points = values.iter().enumerate();
        points.map(|(index, &value)| (at(index), value)).collect()
    }

    fn rate(values: &[f64]) -> Option<f64> {
        net_rate(minutes(values).into_iter(), MIN_RATE_SPAN)
    }

    #[test]
    fn a_straight_line_is_found_as_it_is() {
        let values: Vec<f64> = (0..12).map(|i| 5000.0 - 3.0 * f64::from(i)).collect();
        let fit = slope(minutes(&values).into_iter()).unwrap();
        assert!((fit.per_second + 0.05).abs() < 1e-12);
        assert!((fit.newest - 4967.0).abs() < 1e-9);
        assert!(fit.residual_error < 1e-6 && fit.is_trend());
        assert_eq!((fit.points, fit.span), (12, Duration::from_secs(660)));
    }

    #[test]
    fn the_errors_are_those_of_the_textbook() {
        let fit = slope(minutes(&[1.0, 3.0, 2.0, 5.0]).into_iter()).unwrap();
        assert!((fit.per_second * 60.0 - 1.1).abs() < 1e-12);
        assert!((fit.residual_error - 1.35_f64.sqrt()).abs() < 1e-12);
        assert!((fit.slope_error * 60.0 - (1.35_f64 / 5.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn too_few_points_or_one_instant_have_no_slope() {
        assert_eq!(slope(minutes(&[1.0, 2.0]).into_iter()), None);
        let at = Timestamp::from_secs(0);
        assert_eq!(slope([(at, 1.0), (at, 2.0), (at, 3.0)].into_iter()), None);
    }

    #[test]
    fn a_rate_needs_ten_minutes_and_five_points() {
        let falling: Vec<f64> = (0..11).map(|i| 100.0 - f64::from(i)).collect();
        assert!((rate(&falling).unwrap() + 1.0).abs() < 1e-9);
        assert_eq!(rate(&falling[..10]), None);
        let sparse: Vec<_> = minutes(&falling).into_iter().step_by(3).collect();
        assert_eq!(net_rate(sparse.into_iter(), Duration::ZERO), None);
        let asked = net_rate(minutes(&falling).into_iter(), Duration::from_secs(900));
        assert_eq!(asked, None);
    }

    #[test]
    fn noise_is_no_trend() {
        let restless: Vec<f64> = (0..20)
            .map(|i| if i % 2 == 0 { 50.0 } else { 51.0 })
            .collect();
        assert_eq!(rate(&restless), Some(0.0));
        assert_eq!(rate(&[70.0; 20]), Some(0.0));
        assert_eq!(time_to(100.0, 0.0), None);
    }

    #[test]
    fn a_forecast_needs_a_rate_towards_its_end() {
        assert_eq!(time_to(600.0, 10.0), Some(3600.0));
        assert_eq!(time_to(600.0, -10.0), None);
        assert_eq!(time_to(-5.0, 10.0), Some(0.0));
        assert_eq!(time_to(600.0, f64::NAN), None);
        assert_eq!(time_to(1e9, 1.0), None);
    }

    proptest! {
        #[test]
        fn the_slope_does_not_depend_on_where_nought_is(
            values in prop::collection::vec(-100.0..100.0_f64, 5..48),
            lift in -1e9..1e9_f64,
        ) {
            let lifted: Vec<f64> = values.iter().map(|value| value + lift).collect();
            let plain = slope(minutes(&values).into_iter()).unwrap();
            let moved = slope(minutes(&lifted).into_iter()).unwrap();
            prop_assert!((plain.per_second - moved.per_second).abs() < 1e-6);
            prop_assert!((plain.residual_error - moved.residual_error).abs() < 1e-3);
        }
    }
}
