//! Statistics: what counts say about what they were drawn from. Pure functions from counts to estimates with intervals.
//!
//! Knows nothing of contacts, stores or reports.

pub mod assignment;
pub mod decomposition;
pub mod difference;
pub mod routing;
pub mod survival;

/// Counts stay far below 2^53, where doubles stop being exact.
#[expect(clippy::cast_precision_loss)]
fn as_f64(count: u64) -> f64 {
    count as f64
}
