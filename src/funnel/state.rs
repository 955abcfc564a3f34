//! What has been counted of funnels, as JSON: how counts that were made elsewhere come back to be added.

use serde::{Deserialize, Serialize};

/// The counts of each funnel, in the order of the funnels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State(pub(super) Vec<Vec<Segment>>);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Segment {
    pub(super) of: Vec<Option<String>>,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) passed: u64,
    pub(super) ended: u64,
    pub(super) open: u64,
    pub(super) excluded: u64,
    /// Seconds since the step before and how often, by size.
    pub(super) seconds: Vec<(i64, u64)>,
    /// The same since the first step.
    pub(super) seconds_from_start: Vec<(i64, u64)>,
}
