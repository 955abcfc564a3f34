//! The simulator: being written.
