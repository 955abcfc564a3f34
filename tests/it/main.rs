//! Integration tests: one binary, a module per subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

// Logs through the library, for the modules below.
mod pipeline;
// Laws that hold whatever the logs say.
mod properties;
// Every metric against a naive second opinion.
mod reference;
// Every metric against the truth of simulated logs.
mod simulated;
