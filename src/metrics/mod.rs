//! Metrics: runs queries/*.sql over the fact tables and adds the counts of all shards.
//!
//! Knows nothing of how numbers are shown.

pub mod answer;
pub mod rate;

pub use answer::{Answer, Ask, Counts, Row};
pub use rate::{Distribution, Rate};
