//! Ingest: from bytes to stored events, with a balance that adds up.

pub mod enrich;
pub mod frame;
pub mod input;
pub mod opt_out;
pub mod parquet_rows;
pub mod unwrap;
