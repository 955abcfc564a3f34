//! Ingest: how the bytes of logs become records, records become events, and events are stored once.
//!
//! A reading thread cuts sources into chunks, all cores parse them, and the rows go to the store in runs of bounded size.
//! Nothing is visible before the one commit at the end.

use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;
use serde::Serialize;

use crate::channels::{self, Channel, Out, Outcome, Reading, Reason, Record, Value};
use crate::config::Config;
use crate::error::Result;
use crate::event::Time;
use crate::store::{DataFile, Key, Operation, Rows, Snapshot, Store, scan, write};

pub mod balance;
pub mod enrich;
pub mod frame;
pub mod input;
pub mod opt_out;
mod parquet_rows;
pub mod unwrap;

pub use balance::Balance;

use balance::ChunkBalance;
use enrich::Enrich;
use frame::{Chunk, Chunks, Framed};
use input::Source;
use opt_out::OptOut;
use unwrap::Unwrapping;

/// Rows in memory before a run is sorted and written: bounds memory, and makes files that are worth having.
const RUN_ROWS: usize = 2_000_000;
/// As [`RUN_ROWS`], in bytes.
const RUN_BYTES: usize = 512 << 20;
/// Chunks that are parsed together for each thread: enough that no thread waits for another.
const CHUNKS_PER_THREAD: usize = 4;

/// What is to be ingested, and how it is read.
pub struct Plan<'p> {
    /// Logs, as [`input::sources`] found them.
    pub sources: &'p [Source],
    /// The channel of all records; `None` recognises it record by record.
    pub channel: Option<&'static Channel>,
    /// What the business knows about its logs.
    pub config: &'p Config,
    /// The key of the pseudonyms.
    pub key: &'p Key,
    /// Opens the standard input, if a source is that.
    pub stdin: &'p (dyn Fn() -> Box<dyn Read + Send> + Sync),
    /// Is told how many bytes were read since the last call.
    pub progress: &'p (dyn Fn(u64) + Sync),
}

/// A record that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// Name of its source.
    pub source: String,
    /// Line on which it begins, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
    /// Its beginning. May hold personal data.
    pub excerpt: String,
}

/// Reads all sources and adds their events to the store. Rejects go to `reject` in the order of the sources.
///
/// # Errors
/// The store cannot be read or written. A source that cannot be read is no error: it is counted and named in the balance.
pub fn ingest(store: &mut Store, plan: &Plan<'_>, reject: &mut dyn FnMut(Reject) -> Result<()>) -> Result<Balance> {
    let mut balance = Balance::new(plan.sources.iter().map(|source| source.name().to_owned()));
    let mut runs = Runs {
        snapshot: Snapshot::of(store)?,
        table: store.table_path(),
        pending: Rows::default(),
        written: Vec::new(),
    };
    let done = read_all(plan, &mut balance, &mut runs, reject).and_then(|()| runs.flush(&mut balance));
    if let Err(error) = done {
        runs.discard();
        return Err(error);
    }
    // Logs that bring nothing new leave the store as it is, version and all.
    balance.version = Some(store.version());
    if !runs.written.is_empty() {
        match store.commit(Operation::Ingest, &runs.written, &[], Some(balance.ledger())) {
            Ok(version) => balance.version = Some(version),
            Err(error) => {
                runs.discard();
                return Err(error);
            }
        }
    }
    Ok(balance)
}

/// Events on their way into data files.
struct Runs {
    snapshot: Snapshot,
    table: std::path::PathBuf,
    pending: Rows,
    written: Vec<DataFile>,
}

impl Runs {
    fn add(&mut self, rows: &Rows, balance: &mut Balance) -> Result<()> {
        self.pending.append(rows);
        if self.pending.len() >= RUN_ROWS || self.pending.n_bytes() >= RUN_BYTES {
            self.flush(balance)?;
        }
        Ok(())
    }

    /// Sorts what is pending, leaves out what is known, and writes the rest as one data file per month.
    fn flush(&mut self, balance: &mut Balance) -> Result<()> {
        let rows = std::mem::take(&mut self.pending);
        if rows.is_empty() {
            return Ok(());
        }
        let order = rows.order(&self.unknown(&rows)?);
        balance.add_events(rows.len() as u64, order.len() as u64, rows.n_records(&order));
        let months: Vec<(String, Vec<u32>)> = write::by_month(&rows, &order).into_iter().collect();
        let files: Vec<Result<DataFile>> = months
            .par_iter()
            .map(|(month, order)| write::data_file(&self.table, month, &write::file_name()?, &rows, order))
            .collect();
        for file in files {
            self.written.push(file?);
        }
        Ok(())
    }

    /// For each row, whether neither the store nor an earlier run has its event. An equal event has an equal time, so only
    /// data files whose range of time overlaps are asked.
    fn unknown(&self, rows: &Rows) -> Result<Vec<bool>> {
        let instants = rows.instants();
        let (Some(&first), Some(&last)) = (instants.iter().min(), instants.iter().max()) else {
            return Ok(Vec::new());
        };
        let ids: hashbrown::HashSet<u128> = rows.event_ids().iter().copied().collect();
        let known = Mutex::new(hashbrown::HashSet::new());
        let note = |stored: &[u128]| {
            let found: Vec<u128> = stored.iter().copied().filter(|id| ids.contains(id)).collect();
            if !found.is_empty()
                && let Ok(mut known) = known.lock()
            {
                known.extend(found);
            }
        };
        self.snapshot.event_ids((first, last), note)?;
        scan::event_ids_of(&self.table, &self.written, (first, last), note)?;
        let known = known.into_inner().unwrap_or_default();
        Ok(rows.event_ids().iter().map(|id| !known.contains(id)).collect())
    }

    /// Takes back data files that no commit will name.
    fn discard(&self) {
        for file in &self.written {
            // What cannot be removed is invisible all the same; vacuum finds it.
            std::fs::remove_file(self.table.join(&file.path)).ok();
        }
    }
}

/// What all threads share.
struct Shared<'p> {
    plan: &'p Plan<'p>,
    reading: Reading,
    unwrapping: Unwrapping,
    opt_out: OptOut,
}

/// What a chunk gave.
struct Parsed {
    rows: Rows,
    balance: ChunkBalance,
    rejects: Vec<Reject>,
}

/// A chunk of the source with this number, or how the source failed.
type Piece = (usize, io::Result<Chunk>);

fn read_all(
    plan: &Plan<'_>,
    balance: &mut Balance,
    runs: &mut Runs,
    reject: &mut dyn FnMut(Reject) -> Result<()>,
) -> Result<()> {
    let shared = Shared {
        plan,
        reading: Reading { zone: Some(plan.config.input.zone.0.clone()), transcript: plan.config.transcript.clone() },
        unwrapping: Unwrapping::new(&plan.config.input),
        opt_out: OptOut::built_in()?,
    };
    let (sender, receiver) = sync_channel(2);
    std::thread::scope(|scope| {
        scope.spawn(move || read_sources(plan, &sender));
        parse_all(&shared, &receiver, balance, runs, reject)
        // The receiver is dropped here, so that a reader that still has chunks stops at the next one.
    })
}

fn read_sources(plan: &Plan<'_>, sender: &SyncSender<Vec<Piece>>) {
    let most = CHUNKS_PER_THREAD * rayon::current_num_threads();
    let mut pieces: Vec<Piece> = Vec::with_capacity(most);
    for (number, source) in plan.sources.iter().enumerate() {
        let chunks =
            input::open(source, || (plan.stdin)()).map(|opened| Chunks::new(opened, source.name(), frame::LIMIT));
        match chunks {
            Ok(chunks) => {
                for chunk in chunks {
                    pieces.push((number, chunk));
                    if pieces.len() == most && sender.send(std::mem::take(&mut pieces)).is_err() {
                        return;
                    }
                }
            }
            Err(error) => {
                let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                pieces.push((number, Err(io::Error::new(io::ErrorKind::NotFound, format!("{error}: {text}")))));
            }
        }
    }
    // Nobody listens any more only if the other side has failed and says so itself.
    sender.send(pieces).ok();
}

fn parse_all(
    shared: &Shared<'_>,
    receiver: &Receiver<Vec<Piece>>,
    balance: &mut Balance,
    runs: &mut Runs,
    reject: &mut dyn FnMut(Reject) -> Result<()>,
) -> Result<()> {
    while let Ok(pieces) = receiver.recv() {
        let parsed: Vec<(usize, io::Result<Parsed>)> = pieces
            .into_par_iter()
            .map(|(number, chunk)| (number, chunk.map(|chunk| shared.parse(number, &chunk))))
            .collect();
        for (number, parsed) in parsed {
            match parsed {
                Ok(parsed) => {
                    balance.add(number, parsed.balance);
                    parsed.rejects.into_iter().try_for_each(&mut *reject)?;
                    runs.add(&parsed.rows, balance)?;
                }
                Err(error) => {
                    let source = shared.source(number);
                    balance.problems.push(format!("'{source}': {error}"));
                    let is_whole = error.kind() == io::ErrorKind::NotFound;
                    if is_whole {
                        let outcome = Outcome::Rejected(Reason::Unreadable);
                        let mut chunk = ChunkBalance::default();
                        chunk.records.count(outcome);
                        chunk.reasons.extend(balance::reason(outcome).map(|reason| (reason, 1)));
                        balance.add(number, chunk);
                        reject(Reject {
                            source: source.to_owned(),
                            line: 0,
                            reason: Reason::Unreadable.code(),
                            excerpt: String::new(),
                        })?;
                    }
                }
            }
        }
    }
    Ok(())
}

impl Shared<'_> {
    fn source(&self, number: usize) -> &str {
        self.plan.sources.get(number).map_or("", Source::name)
    }

    fn parse(&self, number: usize, chunk: &Chunk) -> Parsed {
        let source = self.source(number);
        let mut enrich = Enrich::new(self.plan.config, self.plan.key, &self.opt_out, source);
        let mut balance = ChunkBalance::default();
        let mut rejects = Vec::new();
        (self.plan.progress)(chunk.n_bytes());
        chunk.records(|framed| {
            let (outcome, channel) = match framed.found {
                Ok(value) => self.record(value, &framed, &mut enrich),
                Err(reason) => (Outcome::Rejected(reason), None),
            };
            balance.records.count(outcome);
            if let Some(channel) = channel {
                *balance.channels.entry(channel).or_default() += 1;
            }
            if let Some(reason) = balance::reason(outcome) {
                balance.fingerprints.push((framed.fingerprint(), outcome));
                if matches!(outcome, Outcome::Rejected(_)) {
                    let excerpt = framed.excerpt();
                    rejects.push(Reject {
                        source: source.to_owned(),
                        line: framed.line,
                        reason: reason.clone(),
                        excerpt,
                    });
                }
                *balance.reasons.entry(reason).or_default() += 1;
            }
        });
        Parsed { rows: enrich.into_rows(), balance, rejects }
    }

    /// Hands every body of a record to its channel.
    fn record(
        &self,
        value: &Value<'_>,
        framed: &Framed<'_>,
        enrich: &mut Enrich<'_>,
    ) -> (Outcome, Option<&'static str>) {
        enrich.begin_record(framed.line);
        let mut found = None;
        let mut take = |event: crate::event::Event<'_>| enrich.take(event);
        let mut out = Out::new(&mut take);
        let is_known = |body: &Value<'_>| {
            let record = Record { body, received_at: None, reading: &self.reading };
            channels::ALL.iter().any(|channel| channel.name != "generic" && (channel.recognises)(&record))
        };
        self.unwrapping.bodies(value, framed.arena, &is_known, |body, received_at: Option<Time>| match body {
            Ok(body) => {
                let record = Record { body, received_at, reading: &self.reading };
                let channel = self
                    .plan
                    .channel
                    .or_else(|| channels::ALL.iter().copied().find(|channel| (channel.recognises)(&record)));
                match channel {
                    Some(channel) => {
                        found = Some(channel.name);
                        (channel.parse)(&record, &mut out);
                    }
                    None => out.reject(Reason::UnknownShape),
                }
            }
            Err(reason) => out.reject(reason),
        });
        (out.outcome(), found)
    }
}
