//! Framing: being written.

pub mod opt_out;
