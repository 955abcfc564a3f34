//! `trichter forget`: takes people out of the store, out of what was exported from it and out of lists of rejects.
//!
//! What it prints and writes names nobody: neither ids nor pseudonyms.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ingest::elsewhere;
use super::{Done, Reading, config, export, now, place, print, say};
use crate::error::{Error, Result};
use crate::store::erase::{self, Erased, Request};
use crate::store::{AsOf, Key, NEEDS_DISK, Snapshot, Store};

mod list;
mod rejects;

use list::Person;
use rejects::Cleaned;

/// Folder of certificates in the store's folder.
const CERTIFICATES: &str = "certificates";

/// Forget people: everything that they did, under whatever ids they are known to be one person.
///
/// Data files that hold them are written anew, and the old ones deleted at once, so that versions before can no longer be opened:
/// as-of reports of that time are lost. Targets under [[export]] in trichter.toml are exported anew, and what they kept of
/// earlier exports is taken away. A certificate says what was done, and names nobody.
///
/// Numbers of the past become smaller. With --keep-counts, what they did stays as that of a stranger: ids are replaced by random
/// ones, written words and places in logs are taken out, and counts stay as they were.
///
/// The logs themselves are not touched. If they are read again, what they tell of the time before is left out: the store keeps a
/// salted hash of each forgotten id for that, unless --unremembered is given.
///
/// Example: trichter forget --store /tmp/store --list erase.csv --rejects rejects.ndjson
///
/// Example: trichter forget --store /tmp/store --pending --dry-run
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("who").required(true).args(["contact", "list", "pending"])))]
pub(super) struct Forget {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// The channel on which the contact is known.
    #[arg(long, value_name = "CHANNEL", requires = "contact", help_heading = "Whom")]
    channel: Option<String>,
    /// The contact's id as the platform gives it, or the pseudonym. Others can see it in the list of processes; --list hides it.
    #[arg(long, value_name = "ID", requires = "channel", help_heading = "Whom")]
    contact: Option<String>,
    /// A file with a channel and an id or pseudonym on each line, separated by a comma, or a CSV with the columns channel and contact_id, as 'funnel --people' prints it; - for standard input.
    #[arg(long, value_name = "FILE", help_heading = "Whom")]
    list: Option<PathBuf>,
    /// Everybody who asked to be erased, as the logs tell, and is still there.
    #[arg(long, help_heading = "Whom")]
    pending: bool,
    /// Keep what they did as that of a stranger, so that past numbers stay.
    #[arg(long)]
    keep_counts: bool,
    /// Keep nothing by which logs that are read again are told apart from news: what they tell of the forgotten is taken again.
    #[arg(long)]
    unremembered: bool,
    /// Only say how much would be erased.
    #[arg(long)]
    dry_run: bool,
    /// Lists of rejects, as 'ingest --rejects' writes them: lines that hold an id of theirs are removed.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    rejects: Vec<PathBuf>,
    /// Further targets to export anew, besides those under [[export]]. Written as for 'export'.
    #[arg(long, value_name = "TARGET", num_args = 1..)]
    export: Vec<String>,
    /// What exports and the rejects of runs go by: the configuration of 'run', if there is one. Default: trichter.toml in the store's folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The key of the pseudonyms: a file with 64 hexadecimal digits on each line. Default: $TRICHTER_KEY, else pseudonym.key in the store.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where the certificate goes. Default: a new file in the store's folder 'certificates'.
    #[arg(long, value_parser = super::on_disk, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

/// What was done, for whoever has to show it. It names nobody.
#[derive(Serialize)]
struct Certificate<'c> {
    /// When it was begun, by this machine's clock.
    at: String,
    program: &'static str,
    /// `erased`, or `kept as a stranger's`.
    events: &'static str,
    /// Whether all was done: the table, rejects and exports.
    complete: bool,
    /// People asked for.
    asked: usize,
    #[serde(flatten)]
    erased: &'c Erased,
    rejects: &'c [Cleaned],
    /// Targets that were exported anew.
    exports: &'c [String],
    /// Targets of the configuration at whose place there is nothing.
    exports_not_found: &'c [String],
}

impl Forget {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        let begun = now();
        let mut store = Store::open(place(&self.store)?.disk(NEEDS_DISK)?, AsOf::Latest)?;
        let key = elsewhere(self.key_file.as_deref())?.map_or_else(|| Key::of(&self.store), Ok)?;
        let key = store.key(&key)?;
        let people = self.people()?;
        let mut request = Request {
            keys: BTreeSet::new(),
            keeps_counts: self.keep_counts,
            refused_until: (!self.unremembered).then_some(begun),
        };
        for person in &people {
            request.keys.extend(key.contact_keys(&person.channel, &person.id));
        }
        let mut asked = people.len();
        if self.pending {
            request.keys = erase::pending(&Snapshot::of(&store)?)?;
            asked = request.keys.len();
        }
        if self.dry_run {
            let (erased, n_files) = erase::preview(&store, &request)?;
            let n_all = store.files()?.len();
            print(&format!(
                "{} of {asked} contacts have events: {} rows in {n_files} of {n_all} data files would be erased\n",
                erased.contacts, erased.rows
            ))?;
            return Ok(Done::Well);
        }
        // Before their links are gone, which say under which other ids rejects may name them.
        let known: BTreeSet<i64> = store.links()?.families(&request.keys).into_keys().collect();
        let wanted = rejects::Wanted { key: &key, people: &people, keys: &known, channels: store_channels(&store)? };
        let rejects = self.lists()?.iter().map(|path| rejects::clean(path, &wanted)).collect::<Result<Vec<_>>>()?;
        let erased = erase::erase(&mut store, &request)?;
        let mut certificate = Certificate {
            at: begun.to_string(),
            program: concat!("trichter ", env!("CARGO_PKG_VERSION")),
            events: if self.keep_counts { "kept as a stranger's" } else { "erased" },
            complete: false,
            asked,
            erased: &erased,
            rejects: &rejects,
            exports: &[],
            exports_not_found: &[],
        };
        let path = self.place(&certificate.at);
        // An export can fail long after the data is gone, and that it is gone has to be shown all the same.
        write(&path, &certificate)?;
        let (exports, missing) =
            export::again(&Reading::whole(&self.store, self.config.as_deref()), &self.export, quiet)?;
        (certificate.exports, certificate.exports_not_found, certificate.complete) = (&exports, &missing, true);
        write(&path, &certificate)?;
        print(&format!(
            "{} of {asked} contacts had events: {} rows {}, {} data files written, {} files deleted; version {}\ncertificate: {}\n",
            erased.contacts,
            erased.rows,
            if self.keep_counts { "made a stranger's" } else { "erased" },
            erased.written.len(),
            erased.deleted.len(),
            erased.version_after,
            path.display()
        ))?;
        if !quiet {
            for target in &missing {
                say(&format!("warning: nothing is at '{target}', so nothing was exported anew there"));
            }
            for cleaned in &rejects {
                say(&format!("{}: {} of {} lines removed", cleaned.path, cleaned.removed, cleaned.lines));
            }
            say(if self.unremembered {
                "logs are not touched: delete them there as well, or reading them again brings back whom they name"
            } else {
                "logs are not touched: delete them there as well"
            });
        }
        Ok(Done::Well)
    }

    /// The lists of rejects that were named, and those of runs.
    fn lists(&self) -> Result<Vec<PathBuf>> {
        let mut lists = self.rejects.clone();
        let of_runs =
            config(self.config.as_deref(), Some(&place(&self.store)?))?.run.rejects.filter(|folder| folder.is_dir());
        if let Some(folder) = of_runs {
            for entry in std::fs::read_dir(&folder).map_err(Error::read(&folder))? {
                let path = entry.map_err(Error::read(&folder))?.path();
                if path.extension().is_some_and(|end| end == "ndjson") {
                    lists.push(path);
                }
            }
        }
        lists.sort();
        lists.dedup();
        Ok(lists)
    }

    fn people(&self) -> Result<Vec<Person>> {
        match (&self.list, &self.channel, &self.contact) {
            (Some(path), ..) => {
                let mut text = String::new();
                if path == Path::new("-") {
                    std::io::stdin().read_to_string(&mut text).map_err(Error::read(path))?;
                } else {
                    text = std::fs::read_to_string(path).map_err(Error::read(path))?;
                }
                list::people(&text, path)
            }
            (None, Some(channel), Some(id)) => Ok(vec![Person { channel: channel.clone(), id: id.clone() }]),
            _ => Ok(Vec::new()),
        }
    }

    fn place(&self, at: &str) -> PathBuf {
        let name = format!("forget-{}.json", at.replace(':', "-"));
        self.certificate.clone().unwrap_or_else(|| self.store.join(CERTIFICATES).join(name))
    }
}

/// The channels that the store knows, under which rejects may name somebody.
fn store_channels(store: &Store) -> Result<BTreeSet<String>> {
    Ok(Snapshot::of(store)?.channel_kinds().iter().map(|(channel, _)| channel.clone()).collect())
}

fn write(path: &Path, certificate: &Certificate<'_>) -> Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
    }
    let mut bytes = serde_json::to_vec_pretty(certificate).map_err(|error| Error::Usage(error.to_string()))?;
    writeln!(bytes).map_err(Error::write(path))?;
    super::write_whole(path, &bytes)
}
