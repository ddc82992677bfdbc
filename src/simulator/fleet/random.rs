//! The fleet's only source of chance: one PCG stream per purpose and index.
//!
//! Streams never share state, so a node's noise does not depend on how many others there are.
//! Numbers are built here from raw 32-bit words: a release of `rand` that samples ranges in
//! another way must never change a recorded fleet.

use rand::Rng;
use rand_pcg::Pcg32;

/// What a stream is for. The discriminants are part of every seed's meaning.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Plan = 1,
    Demand = 2,
    Instrument = 3,
    Place = 4,
}

/// One independent stream.
#[derive(Debug, Clone)]
pub(super) struct Dice(Pcg32);

impl Dice {
    pub(super) fn new(seed: u64, purpose: Purpose, index: usize) -> Self {
        let stream = ((purpose as u64) << 48) | index as u64;
        // PCG streams that start from the same state resemble each other: the state is mixed too.
        Self(Pcg32::new(scramble(seed ^ scramble(stream)), stream))
    }

    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }

    /// Uniform in [low, high).
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform over the whole numbers from `low` to `high`, both possible.
    pub(super) fn whole(&mut self, low: i64, high: i64) -> i64 {
        low + (self.unit() * (high - low + 1) as f64) as i64
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Bell-shaped: mean 0, standard deviation 1, never beyond 3.5 (the sum of four uniforms).
    pub(super) fn bell(&mut self) -> f64 {
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * 3f64.sqrt()
    }
}

/// The finaliser of SplitMix64: neighbouring inputs give unrelated outputs.
fn scramble(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Dice, Purpose};

    #[test]
    fn neighbouring_streams_are_uncorrelated() {
        let mut a = Dice::new(7, Purpose::Instrument, 0);
        let mut b = Dice::new(7, Purpose::Instrument, 1);
        let draws = 20_000;
        let product: f64 = (0..draws).map(|_| a.bell() * b.bell()).sum();
        assert!((product / f64::from(draws)).abs() < 0.03);
    }

    #[test]
    fn a_bell_has_unit_deviation_and_no_bias() {
        let mut dice = Dice::new(7, Purpose::Demand, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| dice.bell()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05);
    }

    #[test]
    fn whole_numbers_reach_both_ends_and_go_no_further() {
        let mut dice = Dice::new(1, Purpose::Plan, 3);
        let draws: Vec<i64> = (0..1_000).map(|_| dice.whole(-1, 2)).collect();
        assert_eq!(
            (draws.iter().min(), draws.iter().max()),
            (Some(&-1), Some(&2))
        );
    }
}
