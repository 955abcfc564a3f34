//! `trichter ingest` and `trichter check`: raw logs into the store, or the same without keeping it.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use super::{CONFIG, Done, config, now, place, print, print_json, render, say, write_whole};
use crate::channels::{self, Channel, Reason};
use crate::config::{Limit, Zone};
use crate::error::{Error, Result};
use crate::ingest::{self, Balance, Plan, Reject, input};
use crate::store::{Key, Place, Store};

/// Read raw logs into a store.
///
/// Inputs are files, folders, globs or '-': JSON, NDJSON, XML, forms, CSV with a header, text, Parquet; plain, .gz or .zst. The platform is
/// recognised record by record, also inside the envelopes that web servers put around a webhook. Reading the same logs
/// again stores nothing new.
///
/// Example: trichter ingest sample-data --store /tmp/store --config sample-data/trichter.toml
#[derive(clap::Args)]
pub(super) struct Ingest {
    /// Folder of the store, or its address in object storage (s3://BUCKET/PREFIX); it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    #[command(flatten)]
    reading: Reading,
}

/// Read raw logs as 'ingest' would, and keep nothing: the balance sheet and the rejects.
///
/// Example: trichter check sample-data/whatsapp
#[derive(clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    reading: Reading,
}

#[derive(clap::Args)]
struct Reading {
    /// Files, folders, globs, the same in object storage (s3://BUCKET/PREFIX), or '-' for standard input.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// The platform of all records, instead of recognising it.
    #[arg(long, value_name = "auto|NAME", default_value = "auto")]
    channel: String,
    /// What the business knows about its messages. 'ingest' keeps it in the store's folder as trichter.toml, where later
    /// commands find it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Time zone of date-times in the logs that name none, such as Europe/Berlin; overrides the configuration. Without
    /// either, such records are rejected.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Write refused records to this file as NDJSON: source, line, reason, excerpt. '-' is standard output.
    #[arg(long, value_parser = super::on_disk, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Fail with exit code 1 if more records are rejected: a count (100) or a share (0.5%).
    #[arg(long, value_name = "LIMIT")]
    max_rejects: Option<Limit>,
    /// File with the key of the pseudonyms, 64 hexadecimal digits on each line. Default: the environment's TRICHTER_KEY, else the store's own. A store takes no other key than its first, but for what 'store rekey' adds.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Read only this part of the inputs: 2/4 is the second of four. The files are dealt out one by one in the order of their names, so that processes with the same inputs, on any hosts, together read each file once.
    #[arg(long, value_name = "I/N")]
    part: Option<Share>,
    /// Print the balance as JSON.
    #[arg(long)]
    json: bool,
}

/// One of several equal parts of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    /// Which, from 0.
    place: usize,
    of: usize,
}

impl std::str::FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(one, of)| Some((one.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((one @ 1.., of)) if one <= of => Ok(Self { place: one - 1, of }),
            _ => Err(format!("'{text}' is no part; write 1/4 for the first of four")),
        }
    }
}

impl Share {
    /// What of a list belongs to the part.
    fn of<T>(self, list: Vec<T>) -> Vec<T> {
        list.into_iter().skip(self.place).step_by(self.of).collect()
    }
}

impl Ingest {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        // Inputs and settings are looked at before a store is made.
        let place = place(&self.store)?;
        let prepared = self.reading.prepare(Some(&place))?;
        let key = key(self.reading.key_file.as_deref(), &place)?;
        let mut store = Store::open_or_create(&place)?;
        if let Some(path) = &self.reading.config {
            keep_config(path, &place)?;
        }
        self.reading.run(&prepared, &key, &mut store, quiet, true)
    }
}

impl Check {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        let prepared = self.reading.prepare(None)?;
        let folder = tempfile::tempdir().map_err(Error::write(Path::new("the temporary folder")))?;
        let key = Key::beside(folder.path())?;
        let mut store = Store::open_or_create(&folder.path().join("store"))?;
        self.reading.run(&prepared, &key, &mut store, quiet, false)
    }
}

struct Prepared {
    sources: Vec<input::Source>,
    channel: Option<&'static Channel>,
    config: crate::config::Config,
}

impl Reading {
    fn prepare(&self, store: Option<&Place>) -> Result<Prepared> {
        let channel = match self.channel.as_str() {
            "auto" => None,
            name => Some(channels::named(name).ok_or_else(|| Error::Unknown {
                what: "channel",
                name: name.to_owned(),
                known: channels::ALL.iter().map(|channel| channel.name.to_owned()).collect(),
            })?),
        };
        let mut config = config(self.config.as_deref(), store)?;
        if let Some(name) = &self.timezone {
            config.input.zone = Some(Zone::parse(name).map_err(Error::Usage)?);
        }
        let sources = input::sources_of(&self.inputs, &place)?;
        let sources = match self.part {
            Some(part) => part.of(sources),
            None => sources,
        };
        Ok(Prepared { sources, channel, config })
    }

    fn run(&self, prepared: &Prepared, key: &Key, store: &mut Store, quiet: bool, keeps: bool) -> Result<Done> {
        let mut rejects = self.rejects.as_deref().map(RejectsFile::create).transpose()?;
        let bar = progress(prepared, quiet);
        let plan = Plan {
            sources: &prepared.sources,
            channel: prepared.channel,
            config: &prepared.config,
            key,
            now: now(),
            stdin: &|| Box::new(io::stdin()) as Box<dyn Read + Send>,
            following: None,
            progress: &|bytes| bar.inc(bytes),
        };
        let mut first = Vec::new();
        let mut reject = |reject: Reject| {
            if first.len() < 5 {
                first.push(reject.clone());
            }
            rejects.as_mut().map_or(Ok(()), |file| file.write(&reject))
        };
        let mut balance = ingest::ingest(store, &plan, &mut reject)?;
        bar.finish_and_clear();
        if let Some(file) = rejects {
            file.finish()?;
        }
        if !keeps {
            balance.version = None;
        }
        if self.json {
            print_json(&balance)?;
        } else if !quiet {
            print(&render::balance(&balance, keeps))?;
        }
        if !quiet {
            self.warn(&balance, &first, keeps);
        }
        Ok(match self.max_rejects {
            Some(limit) if limit.is_missed(balance.records.rejected, balance.records.received) => {
                say(&format!(
                    "limit missed: {} of {} records were rejected",
                    balance.records.rejected, balance.records.received
                ));
                Done::LimitMissed
            }
            _ => Done::Well,
        })
    }

    fn warn(&self, balance: &Balance, first: &[Reject], keeps: bool) {
        for problem in &balance.problems {
            say(&format!("warning: cannot read {problem}"));
        }
        if balance.shared_ids > 0 {
            say(&format!(
                "warning: {} ids are linked with so many others that they are no person's (a placeholder, or the business's own number); their links are not followed",
                balance.shared_ids
            ));
        }
        if balance.records.received == 0 {
            say("warning: the inputs hold no record");
        }
        if balance.records.rejected > 0 && self.rejects.is_none() {
            say(&format!(
                "warning: {} of {} records were rejected; --rejects FILE writes them all down",
                balance.records.rejected, balance.records.received
            ));
            let mut remedies: Vec<&str> = balance.reasons.keys().filter_map(|reason| Reason::remedy(reason)).collect();
            remedies.dedup();
            for remedy in remedies {
                say(&format!("  {remedy}"));
            }
            if !keeps {
                for reject in first {
                    say(&format!("  {}:{}: {}: {}", reject.source, reject.line, reject.reason, reject.excerpt));
                }
            }
        }
    }
}

/// The key of the pseudonyms: that of a file, else the environment's, else the store's own.
pub(super) fn key(file: Option<&Path>, store: &Place) -> Result<Key> {
    elsewhere(file)?.map_or_else(|| Key::beside(store.disk(NEEDS_KEY)?), Ok)
}

/// The key of a file, else the environment's; `None` if there is neither.
pub(super) fn elsewhere(file: Option<&Path>) -> Result<Option<Key>> {
    if let Some(path) = file {
        return Key::from_file(path).map(Some);
    }
    let Ok(text) = std::env::var("TRICHTER_KEY") else { return Ok(None) };
    let refused = || Error::Usage("TRICHTER_KEY does not hold 64 hexadecimal digits for each secret".into());
    Key::from_hex(&text).map(Some).ok_or_else(refused)
}

/// Keeps the configuration with the store: what the numbers mean belongs to the numbers, and every later command reads it
/// there.
pub(super) fn keep_config(path: &Path, store: &Place) -> Result<()> {
    let kept = store.join(CONFIG);
    if path == kept.path() {
        return Ok(());
    }
    let text = std::fs::read(path).map_err(Error::read(path))?;
    if kept.read()?.is_some_and(|before| before == text) {
        return Ok(());
    }
    match kept.on_disk() {
        Some(path) => write_whole(path, &text),
        None => kept.create(&text),
    }
}

/// Why a store in object storage has no key of its own.
const NEEDS_KEY: &str = "the key of its pseudonyms must not lie beside it; name one with --key-file or the environment's \
    TRICHTER_KEY, and keep it (openssl rand -hex 32 makes one)";

/// The file of rejects. It is opened before the work begins, so that a bad path fails early.
pub(super) struct RejectsFile {
    path: PathBuf,
    out: BufWriter<Box<dyn Write>>,
}

impl RejectsFile {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let out: Box<dyn Write> = if path == Path::new("-") {
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).map_err(Error::write(path))?)
        };
        Ok(Self { path: path.to_path_buf(), out: BufWriter::new(out) })
    }

    pub(super) fn write(&mut self, reject: &Reject) -> Result<()> {
        let text = serde_json::to_string(reject).map_err(|error| Error::Usage(error.to_string()))?;
        writeln!(self.out, "{text}").map_err(Error::write(&self.path))
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.out.flush().map_err(Error::write(&self.path))
    }
}

/// A bar on a terminal, nothing otherwise.
fn progress(prepared: &Prepared, quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let total: Option<u64> = prepared.sources.iter().map(input::Source::n_bytes).sum();
    let compressed = prepared
        .sources
        .iter()
        .any(|source| source.path().extension().is_some_and(|extension| extension == "gz" || extension == "zst"));
    let template = "{spinner} {bytes} read, {binary_bytes_per_sec}";
    match total.filter(|_| !compressed) {
        Some(total) => {
            let style =
                ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left");
            ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        }
        None => ProgressBar::new_spinner()
            .with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_together_the_whole_and_have_nothing_in_common() {
        for of in 1..6 {
            let parts = (1..=of).flat_map(|one| format!("{one}/{of}").parse::<Share>().unwrap().of((0..17).collect()));
            let mut all: Vec<i32> = parts.collect();
            all.sort_unstable();
            assert_eq!(all, (0..17).collect::<Vec<_>>());
        }
        for wrong in ["0/4", "5/4", "1/0", "1", "a/b", "1/4/2", "-1/4"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }
}
