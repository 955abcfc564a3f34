//! Ingest: how the bytes of logs become records, records become events, and events are stored once.
//!
//! A reading thread cuts sources into chunks, all cores parse them, and the rows go to the store in runs of bounded size.
//! Nothing is visible before the one commit at the end.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};

use serde::Serialize;

use crate::channels::{self, Arena, Channel, Out, Outcome, Reading, Reason, Record, Value};
use crate::config::Config;
use crate::error::Result;
use crate::event::{SECOND, Time};
use crate::store::key::Purpose;
use crate::store::{Forgotten, Key, Rows, Store};

pub mod balance;
pub mod bookmark;
mod calling_code;
pub mod enrich;
pub mod frame;
pub mod input;
pub mod opt_out;
mod parquet_rows;
mod runs;
mod tokens;
pub mod unwrap;
mod whole_lines;

pub use balance::Balance;
pub use bookmark::{Bookmarks, Followed, Following};

use balance::ChunkBalance;
use bookmark::Log;
use enrich::Enrich;
use frame::{Buffers, Chunk, Chunks, Framed, IsWhole};
use input::Source;
use opt_out::OptOut;
use runs::Runs;
use unwrap::Unwrapping;

/// Rows in memory before a run is sorted and written: bounds memory, and makes files that are worth having.
const RUN_ROWS: usize = 600_000;
/// As [`RUN_ROWS`], in bytes.
const RUN_BYTES: usize = 256 << 20;
/// Chunks that are parsed together for each thread: enough that no thread waits for another.
const CHUNKS_PER_THREAD: usize = 4;

/// How far a platform's clock may be ahead, in microseconds. What lies further ahead is junk: one message of the year 2090
/// would close every window that is still open.
const AHEAD: i64 = 24 * 3600 * SECOND;

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
    /// The instant of the ingest. Events more than a day after it are refused.
    pub now: Time,
    /// How far the logs were read before, if they are followed from run to run.
    pub following: Option<Following<'p>>,
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
/// It waits for tasks of the global thread pool, so it must not be called from one.
///
/// # Errors
/// The store cannot be read or written. A source that cannot be read is no error: it is counted and named in the balance.
pub fn ingest(store: &mut Store, plan: &Plan<'_>, reject: &mut dyn FnMut(Reject) -> Result<()>) -> Result<Balance> {
    let mut balance = Balance::new(plan.sources.iter().map(|source| source.name().to_owned()));
    let mut runs = Runs::onto(store)?;
    let key = store.key(plan.key)?;
    if let Err(error) = read_all(plan, key.clone(), &mut balance, &mut runs, reject) {
        runs.discard();
        return Err(error);
    }
    balance.add_events(runs.found, runs.stored);
    balance.version = Some(runs.commit(store, &key, &balance)?);
    balance.shared_ids = runs.n_shared;
    Ok(balance)
}

/// What all threads share.
struct Shared<'p> {
    plan: &'p Plan<'p>,
    reading: Reading,
    unwrapping: Unwrapping,
    opt_out: OptOut,
    /// As the store has it by now.
    key: Key,
    forgotten: Arc<Forgotten>,
    /// Memory of chunks, used again and again.
    buffers: Buffers,
    /// Memory of their rows.
    blocks: Mutex<Vec<Rows>>,
}

/// What a chunk gave.
struct Parsed {
    rows: Rows,
    balance: ChunkBalance,
    rejects: Vec<Reject>,
}

/// A chunk of the source with this number, or how the source failed.
type Piece = (usize, io::Result<Chunk>);

/// One thread reads, all cores parse, this thread collects, and one more waits for runs to be written.
fn read_all(
    plan: &Plan<'_>,
    key: Key,
    balance: &mut Balance,
    runs: &mut Runs,
    reject: &mut dyn FnMut(Reject) -> Result<()>,
) -> Result<()> {
    let shared = Shared {
        plan,
        reading: reading(plan.config)?,
        unwrapping: Unwrapping::new(&plan.config.input),
        opt_out: OptOut::built_in()?,
        key,
        forgotten: Arc::clone(&runs.forgotten),
        buffers: Buffers::default(),
        blocks: Mutex::default(),
    };
    let (read, pieces) = sync_channel(in_flight());
    // Handing over waits until the run before is written: two runs are in memory, no more.
    let (full, to_write) = sync_channel::<Rows>(0);
    let (emptied, empty) = channel();
    std::thread::scope(|threads| {
        let buffers = &shared.buffers;
        let shared = &shared;
        let reading = threads.spawn(move || read_sources(plan, buffers, &|value| shared.is_whole(value), &read));
        let writing = threads.spawn(move || {
            to_write.into_iter().try_for_each(|mut rows| {
                runs.write(&mut rows)?;
                rows.clear();
                // Nobody takes the memory of the last runs.
                emptied.send(rows).ok();
                Ok(())
            })
        });
        let mut run = Rows::default();
        let collected = parse_all(shared, &pieces, |number, parsed| {
            let mut parsed = match parsed {
                Ok(parsed) => parsed,
                Err(error) => return unreadable(shared.source(number), number, &error, balance, reject).map(|()| true),
            };
            balance.add(number, parsed.balance);
            parsed.rejects.into_iter().try_for_each(&mut *reject)?;
            run.append(&parsed.rows);
            parsed.rows.clear();
            if let Ok(mut blocks) = shared.blocks.lock() {
                blocks.push(parsed.rows);
            }
            if run.len() < RUN_ROWS && run.n_bytes() < RUN_BYTES {
                return Ok(true);
            }
            // Nobody takes it only if writing has failed, which is told below.
            Ok(full.send(std::mem::replace(&mut run, empty.try_recv().unwrap_or_default())).is_ok())
        });
        // A reader that still has chunks stops at the next one.
        drop(pieces);
        if collected.is_ok() && !run.is_empty() {
            full.send(run).ok();
        }
        drop(full);
        let written = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let followed = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        balance.add_followed(followed);
        collected.and(written)
    })
}

/// What channels need to know of the configuration.
fn reading(config: &Config) -> Result<Reading> {
    let tokens = config.clicks.tokens.as_deref().map(tokens::read).transpose()?;
    Ok(Reading {
        zone: config.input.zone.as_ref().map(|zone| zone.0.clone()),
        transcript: config.transcript.clone(),
        chat_export: config.chat_export.clone(),
        clicks: config.clicks.clone(),
        tokens: tokens.flatten(),
        tables: config.table.clone(),
    })
}

/// A number by which a record that is set aside is known again. Nobody without the key can try records until one fits.
fn hash(framed: &Framed<'_>, key: &Key) -> u64 {
    let hash = key.hash(Purpose::Record, &[&framed.fingerprint().to_be_bytes()]);
    hash.to_be_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// How many chunks are parsed, or wait for it, at one time.
fn in_flight() -> usize {
    CHUNKS_PER_THREAD * rayon::current_num_threads()
}

fn read_sources(
    plan: &Plan<'_>,
    buffers: &Buffers,
    is_whole: &IsWhole<'_>,
    sender: &SyncSender<Piece>,
) -> Vec<Option<Followed>> {
    let mut followed = Vec::new();
    for (number, source) in plan.sources.iter().enumerate() {
        let stdin = || (plan.stdin)();
        let log = match &plan.following {
            Some(following) => following.open(source, stdin, buffers, is_whole),
            None => input::open(source, stdin)
                .map(|opened| Log::read(source, Chunks::new(opened, source.name(), frame::LIMIT, buffers, is_whole))),
        };
        let is_heard = match log {
            Ok(mut log) => {
                let is_heard = log.chunks().all(|chunk| sender.send((number, chunk)).is_ok());
                followed.push(Some(log.followed()));
                is_heard
            }
            Err(error) => {
                followed.push(None);
                let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                sender.send((number, Err(io::Error::new(io::ErrorKind::NotFound, format!("{error}: {text}"))))).is_ok()
            }
        };
        // Nobody listens any more only if the other side has failed and says so itself.
        if !is_heard {
            break;
        }
    }
    followed
}

/// Parses chunks on all cores and hands what they gave to `each` in the order in which they were read, until that says
/// `false`.
fn parse_all(
    shared: &Shared<'_>,
    pieces: &Receiver<Piece>,
    mut each: impl FnMut(usize, io::Result<Parsed>) -> Result<bool>,
) -> Result<()> {
    rayon::in_place_scope(|tasks| {
        let mut waiting = VecDeque::new();
        loop {
            while waiting.len() < in_flight()
                && let Ok((number, chunk)) = pieces.recv()
            {
                let (done, parsed) = sync_channel(1);
                waiting.push_back((number, parsed));
                // The other side is gone only when nobody wants to know any more.
                tasks.spawn(move |_| drop(done.send(chunk.map(|chunk| shared.parse(number, chunk)))));
            }
            let Some((number, parsed)) = waiting.pop_front() else { return Ok(()) };
            // A task that panicked sends nothing; the scope passes its panic on.
            let Ok(parsed) = parsed.recv() else { return Ok(()) };
            if !each(number, parsed)? {
                return Ok(());
            }
        }
    })
}

/// Notes that a source cannot be read, or not to its end.
fn unreadable(
    source: &str,
    number: usize,
    error: &io::Error,
    balance: &mut Balance,
    reject: &mut dyn FnMut(Reject) -> Result<()>,
) -> Result<()> {
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
    Ok(())
}

impl Shared<'_> {
    fn source(&self, number: usize) -> &str {
        self.plan.sources.get(number).map_or("", Source::name)
    }

    fn parse(&self, number: usize, chunk: Chunk) -> Parsed {
        let source = self.source(number);
        let block = self.blocks.lock().ok().and_then(|mut blocks| blocks.pop()).unwrap_or_default();
        let is_chat = chunk.form == frame::Form::Text;
        let kept = if is_chat { enrich::nameless(source, self.plan.config, &self.key) } else { source.into() };
        let mut enrich = Enrich::new(self.plan.config, (&self.key, &self.forgotten), &self.opt_out, &kept, block);
        let mut balance = ChunkBalance::default();
        let mut rejects = Vec::new();
        (self.plan.progress)(chunk.n_bytes());
        chunk.records(&|value| self.is_whole(value), |framed| {
            let (outcome, channel) = match framed.found {
                Ok(value) => self.record(value, &framed, source, &mut enrich),
                Err(reason) => (Outcome::Rejected(reason), None),
            };
            balance.records.count(outcome);
            if let Some(channel) = channel {
                *balance.channels.entry(channel).or_default() += 1;
            }
            if let Some(reason) = balance::reason(outcome) {
                balance.set_aside.push((hash(&framed, &self.key), outcome));
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
        chunk.discard(&self.buffers);
        Parsed { rows: enrich.into_rows(), balance, rejects }
    }

    /// Whether an array, or a text, is one record as a whole.
    fn is_whole(&self, body: &Value<'_>) -> bool {
        let arena = Arena::default();
        self.recognise(&self.of(body, &arena)).is_some()
    }

    /// A body of which only the shape is looked at.
    fn of<'a>(&'a self, body: &'a Value<'a>, arena: &'a Arena) -> Record<'a> {
        Record { body, received_at: None, source: "", reading: &self.reading, arena }
    }

    /// The channel of a record.
    fn recognise(&self, record: &Record<'_>) -> Option<&'static Channel> {
        match self.plan.channel {
            Some(channel) => (channel.recognises)(record).then_some(channel),
            None => channels::recognise(record),
        }
    }

    /// Hands every body of a record to its channel.
    fn record(
        &self,
        value: &Value<'_>,
        framed: &Framed<'_>,
        source: &str,
        enrich: &mut Enrich<'_>,
    ) -> (Outcome, Option<&'static str>) {
        enrich.begin_record(framed.line);
        let mut found = None;
        let mut take = |event: crate::event::Event<'_>| enrich.take(event);
        let mut out = Out::new(&mut take).until(Time(self.plan.now.0.saturating_add(AHEAD)));
        let is_known = |body: &Value<'_>| {
            let record = self.of(body, framed.arena);
            channels::recognise(&record).is_some_and(|channel| !channel.is_last_resort())
        };
        self.unwrapping.bodies(value, framed.arena, &is_known, |body, received_at: Option<Time>| match body {
            Ok(body) => {
                let record = Record { body, received_at, source, reading: &self.reading, arena: framed.arena };
                match self.plan.channel.or_else(|| self.recognise(&record)) {
                    Some(channel) => {
                        found = Some(channel.name);
                        (channel.parse)(&record, &mut out);
                    }
                    None if matches!(body, Value::Str(_)) => out.reject(Reason::NotJson),
                    None => out.reject(Reason::UnknownShape),
                }
            }
            Err(reason) => out.reject(reason),
        });
        (out.outcome(), found)
    }
}
