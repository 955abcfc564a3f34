//! What a tally has counted, as JSON: how counts that were made elsewhere come back to be added.
//!
//! Whole numbers and words only, so that adding states is adding shards.

use serde::{Deserialize, Serialize};

use super::engine::{Found, Sum, Told};
use super::{Counts, Distribution, Rate};
use crate::rate::Moments;

/// The counts of each ask, in the order of the asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State(Vec<Asked>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Asked {
    n_shared: u64,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Segment {
    of: Vec<Option<String>>,
    measurable: bool,
    bounded: bool,
    #[serde(flatten)]
    counted: Counted,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Counted {
    /// Numerator and denominator; contacts, sums of squares and products.
    Rate(u64, u64, [u64; 4]),
    /// Values and how often each was seen.
    Values(Vec<(i64, u64)>),
}

impl State {
    pub(super) fn of(sums: Vec<Found>) -> Self {
        let segment = |(of, sum): (Vec<Option<String>>, Sum)| {
            let Moments { contacts, xx, xy, yy } = sum.moments;
            let counted = match sum.counts {
                Counts::Rate(rate) => Counted::Rate(rate.numerator, rate.denominator, [contacts, xx, xy, yy]),
                Counts::Distribution(distribution) => Counted::Values(distribution.0.into_iter().collect()),
            };
            Segment { of, measurable: sum.told.measurable, bounded: sum.told.bounded, counted }
        };
        let asked = |found: Found| Asked {
            n_shared: found.n_shared,
            segments: found.segments.into_iter().map(segment).collect(),
        };
        Self(sums.into_iter().map(asked).collect())
    }

    pub(super) fn into_sums(self) -> Vec<Found> {
        let sum = |segment: Segment| {
            let (counts, moments) = match segment.counted {
                Counted::Rate(numerator, denominator, [contacts, xx, xy, yy]) => {
                    (Counts::Rate(Rate { numerator, denominator }), Moments { contacts, xx, xy, yy })
                }
                Counted::Values(values) => {
                    (Counts::Distribution(Distribution(values.into_iter().collect())), Moments::default())
                }
            };
            let told = Told { measurable: segment.measurable, bounded: segment.bounded };
            (segment.of, Sum { counts, moments, told })
        };
        let found =
            |asked: Asked| Found { n_shared: asked.n_shared, segments: asked.segments.into_iter().map(sum).collect() };
        self.0.into_iter().map(found).collect()
    }
}
