//! Ingest: from bytes to stored events, with a balance that adds up.

pub mod enrich;
pub mod opt_out;
