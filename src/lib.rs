//! trichter: conversation funnel analytics. Raw messenger logs in; rates, question drop-off and a report out.

pub mod channels;
pub mod charts;
pub mod cli;
pub mod config;
pub mod error;
pub mod event;
pub mod facts;
pub mod ingest;
pub mod metrics;
pub mod report;
pub mod simulate;
pub mod store;
