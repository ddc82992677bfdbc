//! Largest triangle, three buckets: which points of a curve to draw so that it looks the same. Pure.
//!
//! After Sveinn Steinarsson, "Downsampling Time Series for Visual Representation" (2013).

/// The fewest points that a curve can be reduced to: its ends, and one between them.
pub(crate) const FEWEST: usize = 3;

/// The places of at most `most` of `points`, in order: the first, the last, and of each bucket between
/// them the point that spans the largest triangle with its neighbours. All of them where they are few.
pub(crate) fn kept(points: &[(f64, f64)], most: usize) -> Vec<usize> {
    let most = most.max(FEWEST);
    if points.len() <= most {
        return (0..points.len()).collect();
    }
    let last = points.len() - 1;
    let buckets = most - 2;
    // Bucket `i` of the points between the ends; the one after the last is the last point alone.
    let begin = |i: usize| 1 + i * (last - 1) / buckets;
    let mut kept = Vec::with_capacity(most);
    kept.push(0);
    let mut before = points[0];
    for bucket in 0..buckets {
        let next = begin(bucket + 1)..begin(bucket + 2).clamp(begin(bucket + 1) + 1, last + 1);
        let after = centre(&points[next]);
        let candidates = begin(bucket)..begin(bucket + 1);
        let area = |i: &usize| doubled_area(before, points[*i], after);
        let largest = candidates.max_by(|a, b| area(a).total_cmp(&area(b)));
        if let Some(largest) = largest {
            before = points[largest];
            kept.push(largest);
        }
    }
    kept.push(last);
    kept
}

fn centre(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len().max(1) as f64;
    let sum = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    (sum(|point| point.0), sum(|point| point.1))
}

fn doubled_area(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> f64 {
    ((a.0 - c.0) * (b.1 - a.1) - (a.0 - b.0) * (c.1 - a.1)).abs()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_spike_stays_and_what_lies_on_a_line_goes() {
        let mut points: Vec<(f64, f64)> = (0..100).map(|i| (f64::from(i), 1.0)).collect();
        points[37].1 = 50.0;
        let kept = kept(&points, 5);
        assert!(kept.contains(&37), "{kept:?}");
        assert_eq!(kept.len(), 5);
    }

    proptest! {
        #[test]
        fn the_ends_stay_the_order_stays_and_no_more_is_kept_than_asked_for(
            numbers in prop::collection::vec(-1e6..1e6_f64, 0..300),
            most in 3..60_usize,
        ) {
            let points: Vec<_> = (0..).map(f64::from).zip(numbers).collect();
            let kept = kept(&points, most);
            prop_assert!(kept.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(kept.len(), points.len().min(most));
            prop_assert_eq!(kept.first().copied(), (!points.is_empty()).then_some(0));
            prop_assert_eq!(kept.last().copied(), points.len().checked_sub(1));
        }
    }
}
