//! `trichter store`: the versions of a store, and keeping it in order.

use std::path::PathBuf;

use super::ingest::elsewhere;
use super::{Done, Reading, config, export, place, print, print_json, say};
use crate::error::Result;
use crate::job::{Journal, Lock};
use crate::store::{AsOf, Key, NEEDS_DISK, Store, optimize, rekey};

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
    /// line of 64 hexadecimal digits behind those that are there. All data files are written anew before the old ones are deleted, so
    /// there has to be room for the store twice.
    ///
    /// Example: trichter store rekey --store /tmp/store
    Rekey(Rekey),
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

#[derive(clap::Args)]
struct Rekey {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// The file of the key, with the new secret in its last line. Default: $TRICHTER_KEY, else that of 'run', else pseudonym.key in the store, to which one is added.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// What exports go by: the configuration of 'run', if there is one. Default: trichter.toml in the store's folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only finish what an earlier change left undone: delete files of before, and export anew.
    #[arg(long)]
    finish: bool,
}

impl Rekey {
    fn run(&self, quiet: bool) -> Result<()> {
        let place = place(&self.store)?;
        let disk = place.disk(NEEDS_DISK)?;
        let config = config(self.config.as_deref(), Some(&place))?;
        // A run would export ids of before.
        let _lock = Lock::hold(disk)?;
        let mut store = Store::open(disk, AsOf::Latest)?;
        if self.finish {
            let deleted = rekey::finish(&mut store)?;
            print(&format!("{} files of before deleted\n", deleted.len()))?;
        } else {
            let named = elsewhere(self.key_file.as_deref().or(config.run.key_file.as_deref()))?;
            let (key, done) = rekey::rekey(&mut store, |n_secrets| self.key(named, n_secrets))?;
            print(&format!(
                "the key has {} secrets: {} rows and {} links have other ids, {} data files written, {} files deleted; version {}\n",
                key.n_secrets(),
                done.rows,
                done.links,
                done.written.len(),
                done.deleted.len(),
                done.version_after
            ))?;
        }
        let mut journal = Journal::of(&store)?;
        journal.bookmarks.drop_nameless();
        journal.keep(&store)?;
        let reading = Reading::whole(&self.store, self.config.as_deref());
        let exported = export::again(&reading, &[], quiet);
        if exported.is_err() {
            say(
                "the key is changed, but exports have ids of before: put right what is wrong, and run 'trichter store rekey --finish'",
            );
        }
        let (exports, missing) = exported?;
        print(&format!("{} targets exported anew\n", exports.len()))?;
        if !quiet {
            for target in &missing {
                say(&format!("warning: nothing is at '{target}', so nothing was exported anew there"));
            }
            say(
                "what was exported to other places has ids of before, and so have records of runs: names of exported chats",
            );
        }
        Ok(())
    }

    /// The key with a secret that the table does not have.
    fn key(&self, named: Option<Key>, n_secrets: usize) -> Result<Key> {
        if let Some(key) = named {
            return Ok(key);
        }
        let key = Key::of(&self.store)?;
        // One that an earlier change has added and died before it was used will do.
        if key.n_secrets() > n_secrets { Ok(key) } else { Key::lengthen(&self.store) }
    }
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
            Command::Rekey(rekey) => rekey.run(quiet)?,
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
