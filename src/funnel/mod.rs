//! How far did each contact get? Walks a unit's entries by the rules of a funnel, in the dialect that is asked for.
//!
//! The walks know no column, file or clock: [`way`] is all they see.

pub mod clickhouse;
mod instants;
pub mod mixpanel;
pub mod posthog;
pub mod posthog_unordered;
pub mod way;
