//! `trichter store`: the versions of a store, and keeping it in order.

use std::path::PathBuf;

use super::{Done, place, print, print_json};
use crate::error::Result;
use crate::store::{AsOf, Store, optimize};

/// Look after a store: its versions, its files.
#[derive(clap::Args)]
pub(super) struct StoreCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the versions, newest first.
    Log {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Merge the files of each month into one.
    Optimize {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
    },
    /// Delete files that no version younger than --keep needs. Older versions can then no longer be opened.
    Vacuum {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        /// Keep what was needed within this many hours. A file younger than this may belong to a running ingest.
        #[arg(long, value_name = "HOURS", default_value = "168")]
        keep: u32,
        /// Only list what would be deleted.
        #[arg(long)]
        dry_run: bool,
    },
}

impl StoreCommand {
    pub(super) fn run(&self) -> Result<Done> {
        match &self.command {
            Command::Log { store, json } => {
                let log = Store::open(place(store)?, AsOf::Latest)?.log()?;
                if *json {
                    print_json(&log)?;
                } else {
                    for commit in log {
                        let at = commit.at.unwrap_or_default();
                        let stored =
                            commit.ledger.map(|ledger| format!("{} events stored", ledger.stored)).unwrap_or_default();
                        print(&format!("{:>6}  {at:<28}  {:<12}  {stored}\n", commit.version, commit.operation))?;
                    }
                }
            }
            Command::Optimize { store } => {
                let mut store = Store::open(place(store)?, AsOf::Latest)?;
                let (before, after) = optimize::optimize(&mut store, 1)?;
                print(&format!("{before} data files became {after}; version {}\n", store.version()))?;
            }
            Command::Vacuum { store, keep, dry_run } => {
                let deleted = Store::open(place(store)?, AsOf::Latest)?.vacuum(*keep, *dry_run)?;
                for path in &deleted {
                    print(&format!("{path}\n"))?;
                }
                let done = if *dry_run { "would be deleted" } else { "deleted" };
                print(&format!("{} files {done}\n", deleted.len()))?;
            }
        }
        Ok(Done::Well)
    }
}
