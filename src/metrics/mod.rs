//! Metrics: runs queries/*.sql over the fact tables and adds the counts of all shards.
//!
//! Knows nothing of how numbers are shown.

pub mod answer;
pub mod catalog;
pub mod engine;
pub mod own;
pub mod segment;
mod state;

pub use crate::rate::{self, Bound, Distribution, Rate};
pub use answer::{Answer, Answers, Ask, Counts, Row};
pub use catalog::{Chart, Metric};
pub use engine::{Counting, Scope, Tally, answer};
pub use own::Own;
pub use state::State;
