//! The kernel as a part of somebody else's engine: that one holds the events, distributes, sorts and retries; what a partition of
//! whole contacts gives is computed here, and what all partitions gave becomes the same answers as one pass over the store.
//!
//! Knows no engine. A [`Context`] carries what no partition can tell, a [`Part`] what was counted of one.

mod context;
mod counting;
mod input;
mod part;

pub use context::{Context, FactTable, FunnelText, Source};
pub use counting::Kernel;
pub use part::Part;
