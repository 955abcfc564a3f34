//! Statistics: what counts say about what they were drawn from. Pure functions from counts to estimates with intervals.
//!
//! Knows nothing of contacts, stores or reports.

pub mod assignment;
pub mod decomposition;
pub mod difference;
pub mod disclosure;
pub mod dispersion;
pub mod exact;
pub mod routing;
pub mod survival;
pub mod trend;

use crate::rate::as_f64;
