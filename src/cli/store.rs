//! `trichter store`: the versions of a store, and keeping it in order.

use std::path::PathBuf;

use super::ingest::elsewhere;
use super::{Done, Reading, export, place, print, print_json, say};
use crate::error::Result;
use crate::store::{AsOf, Key, Store, optimize, rekey};

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
    /// Change the key of the pseudonyms: every id in the store is hashed once more, under a secret that is added to the key.
    ///
    /// History stays joined, and logs that are read again are known. What was made with the key of before is deleted at once, so that
    /// versions before can no longer be opened, and whoever has the key of before can learn nothing from the store any more.
    /// Targets under [[export]] in trichter.toml are exported anew, and what they kept of earlier exports is taken away.
    ///
    /// The new secret is added to pseudonym.key in the store's folder. A key that is kept elsewhere gets it from you: one more
    /// line of 64 hexadecimal digits behind those that are there.
    ///
    /// Example: trichter store rekey --store /tmp/store
    Rekey {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        /// The file of the key, with the new secret in its last line. Default: $TRICHTER_KEY, else pseudonym.key in the store, to which one is added.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// What exports go by: the configuration of 'run', if there is one. Default: trichter.toml in the store's folder.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
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
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
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
            Command::Rekey { store, key_file, config } => {
                let mut opened = Store::open(place(store)?, AsOf::Latest)?;
                let key = match elsewhere(key_file.as_deref())? {
                    Some(key) => key,
                    // One that an earlier change has added and died before it was used will do.
                    None => Some(Key::of(store)?)
                        .filter(|key| key.n_secrets() > opened.n_secrets())
                        .map_or_else(|| Key::lengthen(store), Ok)?,
                };
                let done = rekey::rekey(&mut opened, &key)?;
                let reading = Reading {
                    store: Some(store.clone()),
                    since: None,
                    until: None,
                    timezone: None,
                    config: config.clone(),
                    as_of: None,
                };
                let (exports, missing) = export::again(&reading, &[], quiet)?;
                print(&format!(
                    "the key has {} secrets: {} rows and {} links have other ids, {} data files written, {} files deleted, {} targets exported anew; version {}\n",
                    key.n_secrets(),
                    done.rows,
                    done.links,
                    done.written.len(),
                    done.deleted.len(),
                    exports.len(),
                    done.version_after
                ))?;
                if !quiet {
                    for target in &missing {
                        say(&format!("warning: nothing is at '{target}', so nothing was exported anew there"));
                    }
                    say("what was exported to other places has ids of before");
                }
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
