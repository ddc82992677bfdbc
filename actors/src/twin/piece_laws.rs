//! The laws of a pusher who speaks of one instant more than once: nothing new is lost, and nothing that
//! was said before is changed.

use proptest::prelude::*;
use uuid::Uuid;

use super::apply_laws::{
    START, after, judged_at_the_end, kind_and_samples, knowledge, observed, spec,
};
use super::{Twin, apply};
use crate::domain::{Sample, Source, Value};

/// The samples as one pusher's, who speaks of an instant once.
fn of_one_pusher(samples: &[Sample]) -> Vec<Sample> {
    let mut pushed: Vec<Sample> = Vec::new();
    for sample in samples {
        if pushed
            .last()
            .is_none_or(|last| last.source_at < sample.source_at)
        {
            let source = Source::Pushed(Uuid::from_u128(1));
            pushed.push(Sample {
                source,
                ..sample.clone()
            });
        }
    }
    pushed
}

/// One sample for each value.
fn pieces(sample: &Sample) -> Vec<Sample> {
    let piece = |value: &Value| Sample {
        values: vec![value.clone()],
        ..sample.clone()
    };
    sample.values.iter().map(piece).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_a_pusher_says_in_pieces_counts_as_if_it_was_said_at_once(
        ((kind, samples), pieces) in kind_and_samples().prop_flat_map(|(kind, samples)| {
            let samples = of_one_pusher(&samples);
            let pieces: Vec<_> = samples.iter().flat_map(pieces).collect();
            let repeated: Vec<_> = pieces.iter().chain(&samples).cloned().collect();
            (Just((kind, samples)), Just(repeated).prop_shuffle())
        })
    ) {
        let whole = after(Twin::blank(spec(kind), START), &samples);
        let joined = after(Twin::blank(spec(kind), START), &pieces);
        prop_assert_eq!(
            knowledge(&judged_at_the_end(&whole, &samples)),
            knowledge(&judged_at_the_end(&joined, &samples))
        );
    }

    #[test]
    fn the_first_number_that_a_pusher_gives_of_an_instant_stays(
        (kind, samples) in kind_and_samples()
    ) {
        let samples = of_one_pusher(&samples);
        let mut twin = Twin::blank(spec(kind), START);
        for sample in &samples {
            twin = apply(&twin, &observed(sample)).twin;
            let mut other = sample.clone();
            for value in &mut other.values {
                value.number = value.number.map(|number| number + 1.0);
            }
            let told = |value: &Value| value.number.is_none()
                || twin.told_before(&other, &value.metric).is_some();
            if sample.values.iter().all(told) {
                prop_assert_eq!(&apply(&twin, &observed(&other)).twin, &twin);
            }
        }
    }
}
