//! Dice: reproducible chance, one generator per contact and purpose. Knows nothing of what is drawn.
//!
//! Everything is whole numbers or comparisons of exact doubles, without logarithms or exponentials, so that a seed gives
//! the same logs on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::life::{Millis, SECOND};

/// What a generator is for. Noise has its own, so that another way of writing logs does not change what happened.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// What the contact and the business do.
    Life = 1,
    /// How the logs are written and disturbed.
    Noise = 2,
}

/// Deciles of a waiting time in thousandths of its median: skewed to the right as a log-normal is.
const SPREAD: [i64; 11] = [100, 250, 420, 600, 800, 1_000, 1_350, 2_000, 3_500, 8_000, 60_000];

/// A source of chance.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The generator of one contact. Contacts do not depend on each other or on their order.
    pub(super) fn new(seed: u64, contact: u64, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        let words = [seed, contact, purpose as u64];
        for (place, byte) in key.iter_mut().zip(words.iter().flat_map(|word| word.to_le_bytes())) {
            *place = byte;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in 0..1.
    fn share(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// Whether something of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// Which of several exclusive things happens; `None` if none of them does. Draws once, whatever the odds.
    pub(super) fn which(&mut self, odds: &[f64]) -> Option<usize> {
        let share = self.share();
        let mut bound = 0.0;
        odds.iter().position(|probability| {
            bound += probability;
            share < bound
        })
    }

    /// A whole number in `0..below`; 0 if `below` is 0.
    pub(super) fn below(&mut self, below: u32) -> u32 {
        let product = u64::from(self.0.next_u32()) * u64::from(below);
        u32::try_from(product >> 32).unwrap_or_default()
    }

    /// One of several texts.
    pub(super) fn pick(&mut self, texts: &[&'static str]) -> &'static str {
        let place = self.below(u32::try_from(texts.len()).unwrap_or_default());
        usize::try_from(place).ok().and_then(|place| texts.get(place)).copied().unwrap_or_default()
    }

    /// A time of `from..=to` whole seconds.
    pub(super) fn seconds(&mut self, from: u32, to: u32) -> Millis {
        Millis::from(from + self.below(to.saturating_sub(from) + 1)) * SECOND
    }

    /// A waiting time in whole seconds whose median is known.
    pub(super) fn wait(&mut self, median_s: u32) -> Millis {
        let decile = usize::try_from(self.below(10)).unwrap_or_default();
        let within = i64::from(self.below(1_000));
        let (low, high) = match SPREAD.get(decile..decile + 2) {
            Some(&[low, high]) => (low, high),
            _ => (1_000, 1_000),
        };
        let thousandths = low + (high - low) * within / 1_000;
        i64::from(median_s) * thousandths / 1_000 * SECOND
    }
}
