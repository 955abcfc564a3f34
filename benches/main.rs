//! Benchmarks of every stage, in one binary: `cargo bench -- parse` runs one group. Their logs are simulated.
//!
//! They compare this program with itself; `cargo test --benches` only sees that they still run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot go on has failed")]
#![allow(missing_docs, reason = "the macros of criterion make functions without")]

use criterion::{criterion_group, criterion_main};

mod channels;
mod data;
mod engine;
mod ingest;
mod parse;

criterion_group!(
    benches,
    parse::parse,
    ingest::ingest,
    channels::channels,
    engine::scan,
    engine::facts,
    engine::metrics,
    engine::report
);
criterion_main!(benches);
