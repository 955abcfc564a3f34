//! The report: being written.
