//! The store: one Delta table of events, partitioned by month, its files sorted so that all that one contact did lies
//! together.
//!
//! Knows events as columns, not what they mean.

mod clouds;
mod coarse;
pub mod contents;
mod counted;
mod cursor;
mod deltas;
pub mod erase;
pub mod extent;
mod forgotten;
pub mod history;
mod hybrid;
pub mod join;
pub mod key;
pub mod links;
mod merge;
mod objects;
pub mod optimize;
mod pages;
mod part;
pub mod place;
mod profiles;
pub mod rekey;
pub mod retain;
pub mod rows;
pub mod scan;
pub mod schema;
pub mod shard;
mod source;
mod stranger;
pub mod stream;
pub mod table;
pub mod words;
pub mod write;
mod writers;

pub use extent::Extent;
pub use forgotten::Forgotten;
pub use history::{Commit, Ledger};
pub use key::Key;
pub use links::{Contacts, Links};
pub use place::Place;
pub use rows::{Row, Rows};
pub use scan::{Reading, Snapshot};
pub use shard::{Run, Shard};
pub use stream::Stream;
pub use table::{AsOf, Change, Operation, Store};
pub use write::DataFile;
pub use writers::NEEDS_DISK;
