//! Funnels: how far contacts get through steps that an analyst names, over the events of the store.
//!
//! A definition (TOML) says which events fill a step; the kernel walks the events of one contact after the other, and the
//! ways of all are counted. `queries/README.md` says what every word means. Knows no SQL, no report, no output format.
//! The walks themselves know no column, file or clock: [`way`] is all they see.

pub mod answer;
mod any;
pub mod catalog;
pub mod clickhouse;
pub mod condition;
mod conversations;
mod count;
pub mod definition;
mod instants;
mod matching;
pub mod mixpanel;
pub mod order;
pub mod ordered;
pub mod paths;
pub mod people;
pub mod posthog;
pub mod posthog_unordered;
mod shares;
mod state;
mod units;
pub mod way;

pub use answer::{Answer, Row, Step};
pub use count::{Counting, Counts, count};
pub use definition::{Attribution, Funnel, Unit, Words};
pub use order::Order;
pub use state::State;
pub use units::{Span, Unmeasurable, unmeasurable};
