//! Runs that nobody watches: what keeps two apart, where the next one goes on, and what is written down of each.
//!
//! What a run does is decided by the command line, which has the clock and the environment.

pub mod journal;
pub mod lock;
pub mod manifest;
pub mod prometheus;
mod whole;

pub use journal::Journal;
pub use lock::Lock;
pub use manifest::Manifest;
pub use whole::write_whole;
