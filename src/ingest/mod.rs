//! Ingest: how the bytes of logs become records, and records become events.

pub mod frame;
pub mod input;
mod parquet_rows;
pub mod unwrap;
