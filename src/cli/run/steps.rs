//! The steps of a run, each with what the other commands are made of.

use std::io::Read;
use std::path::{Path, PathBuf};

use tracing::{error, info, warn};

use super::record::Record;
use super::{Job, Step};
use crate::alerts::Standing;
use crate::calendar;
use crate::cli::alerts::judge_and_tell;
use crate::cli::export::{deliver_ordered, placed};
use crate::cli::ingest::{RejectsFile, keep_config, key};
use crate::cli::report::Report;
use crate::cli::retain::rules;
use crate::cli::{Opened, Reading};
use crate::config::{Period, ReportOrder};
use crate::error::{Error, Result};
use crate::event::{SECOND, Time};
use crate::ingest::{self, Balance, Following, Plan, Reject, enrich, input};
use crate::job::Journal;
use crate::job::manifest::{Exported, Fresh, Hashed, Input};
use crate::report::text::printable;
use crate::store::words::NULL;
use crate::store::{self, AsOf, Snapshot, Store, optimize, retain};

const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// How long a log that no run has seen is remembered. Rotations keep logs for weeks, seldom for months.
const REMEMBERED: i64 = 400 * DAY;

/// How far back the latest events of sources are looked for. A source that was silent for longer is told as silent by alerts.
const RECENT: i64 = 62 * DAY;

impl Job<'_> {
    /// Does a step. Returns whether there was anything to do.
    pub(super) fn step(&self, step: Step, record: &Record) -> Result<bool> {
        match step {
            Step::Ingest => self.ingest(record),
            Step::Tidy => self.tidy(record),
            Step::Report => self.report(record),
            Step::Export => self.export(record),
            Step::Alert => self.alert(record),
        }
    }

    fn ingest(&self, record: &Record) -> Result<bool> {
        let run = &self.config.run;
        let sources = self.sources(record)?;
        let place = store::Place::from(&run.store);
        let key = key(run.key_file.as_deref(), &place)?;
        let mut store = Store::open_or_create(&place)?;
        let key = store.key(&key)?;
        keep_config(self.path, &place)?;
        let mut journal = Journal::of(&store)?;
        if self.command.again {
            journal.bookmarks = ingest::Bookmarks::default();
        }
        let mut rejects = Rejects { folder: run.rejects.as_deref(), now: self.now, file: None };
        let following = Following {
            bookmarks: &journal.bookmarks,
            settle: run.settle.0,
            now: self.now,
            nameless: &|name| enrich::nameless(name, &self.config, &key).into_owned(),
        };
        let plan = Plan {
            sources: &sources,
            channel: None,
            config: &self.config,
            key: &key,
            now: self.now,
            following: Some(following),
            stdin: &|| Box::new(std::io::empty()) as Box<dyn Read + Send>,
            progress: &|_| {},
        };
        let balance = ingest::ingest(&mut store, &plan, &mut |reject| rejects.write(&reject))?;
        let output = rejects.finish()?;
        let followed = balance.sources.iter().filter_map(|source| source.followed.clone());
        journal.bookmarks.update(followed, Time(self.now.0.saturating_sub(REMEMBERED)));
        journal.keep(&store)?;
        let output = output.map(|path| Hashed::file(&path)).transpose()?;
        record.note().outputs.extend(output);
        note(record, &balance)?;
        if let Some(limit) = run.max_rejects
            && limit.is_missed(balance.records.rejected, balance.records.received)
        {
            let (rejected, received) = (balance.records.rejected, balance.records.received);
            record.miss(&format!("{rejected} of {received} records were refused, which is more than max_rejects"));
        }
        // Nothing else sets it.
        self.balance.set(balance).ok();
        Ok(true)
    }

    /// The logs. Inputs that are not there keep the others from nothing.
    fn sources(&self, record: &Record) -> Result<Vec<input::Source>> {
        let mut there = Vec::new();
        for input in &self.config.run.inputs {
            match input::sources(std::slice::from_ref(input)) {
                Ok(_) if input == "-" => {
                    return Err(Error::Usage("a run reads files, not the standard input".into()));
                }
                Ok(_) => there.push(input.clone()),
                Err(Error::NoInput { pattern }) => record.miss(&format!("no input matches '{pattern}'")),
                Err(problem) => return Err(problem),
            }
        }
        input::sources(&there)
    }

    fn tidy(&self, record: &Record) -> Result<bool> {
        let run = &self.config.run;
        let mut store = Store::open(&run.store, AsOf::Latest)?;
        if self.config.retention.is_some() {
            match retain::retain(&mut store, &rules(&self.config, self.now)) {
                Ok(retained) if retained.erased.version_after > retained.erased.version_before => {
                    info!(rows = retained.rows, months = retained.months.len(), "what is old removed");
                }
                Ok(_) => {}
                // Rules go by months: a night later is early enough.
                Err(problem @ Error::Busy { .. }) => record.put_off("retain", &problem.to_string()),
                Err(problem) => return Err(problem),
            }
        }
        if run.optimize > 0 {
            let (before, after) = optimize::optimize(&mut store, run.optimize)?;
            if before != after {
                info!(before, after, "data files merged");
            }
        }
        let hours = u32::try_from(run.keep.0.div_euclid(HOUR)).unwrap_or(u32::MAX);
        // Looking first, because a vacuum makes versions even if it finds nothing.
        if !store.vacuum(hours, true)?.is_empty() {
            let deleted = store.vacuum(hours, false)?;
            info!(files = deleted.len(), "data files deleted that no version needs");
        }
        Ok(true)
    }

    fn report(&self, record: &Record) -> Result<bool> {
        let Some(horizon) = self.horizon()? else { return Ok(false) };
        for order in &self.config.run.report {
            for (out, since, until) in self.ranges(order, horizon) {
                let reading = self.reading(since, until);
                let files = Report::ordered(order, reading, out).deliver()?;
                for file in files {
                    info!(path = %file.display(), "report written");
                    let written = Hashed::all(&file)?;
                    record.note().outputs.extend(written);
                }
            }
        }
        Ok(!self.config.run.report.is_empty())
    }

    /// The folders of a report, and from when to when each is.
    fn ranges(&self, order: &ReportOrder, horizon: i64) -> Vec<(PathBuf, Option<Time>, Option<Time>)> {
        let part = match order.period {
            Period::All => return vec![(order.out.clone(), None, self.until)],
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        };
        let zone = &self.config.report.zone.0;
        let since = self.since.map_or(horizon.saturating_sub(RECENT), |since| since.0);
        let mut periods = calendar::periods(zone, part, since, horizon);
        if self.since.is_none() {
            periods.drain(..periods.len().saturating_sub(1));
        }
        let range =
            |(name, since, until): (String, i64, i64)| (order.out.join(name), Some(Time(since)), Some(Time(until)));
        periods.into_iter().map(range).collect()
    }

    fn export(&self, record: &Record) -> Result<bool> {
        if self.config.export.is_empty() || self.horizon()?.is_none() {
            return Ok(false);
        }
        let mut opened = self.open()?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        opened.config.export.clone_from(&self.config.export);
        for export in &mut opened.config.export {
            export.target = placed(folder, &export.target);
        }
        let mut failed = None;
        for (target, delivery) in deliver_ordered(&opened)? {
            match delivery {
                Ok((delivered, remarks)) => {
                    for remark in remarks {
                        warn!(target, "{remark}");
                    }
                    let exported = Exported {
                        rows: delivered.iter().map(|table| (table.table.clone(), table.n_rows)).collect(),
                        bytes: delivered.iter().map(|table| table.bytes).sum(),
                        written: delivered.iter().map(|table| table.n_written).sum(),
                        unchanged: delivered.iter().map(|table| table.n_unchanged).sum(),
                        target,
                    };
                    info!(to = exported.target, bytes = exported.bytes, "export delivered");
                    record.note().exports.push(exported);
                }
                Err(problem) => {
                    error!(to = target, error = %problem, "export failed");
                    failed.get_or_insert(problem);
                }
            }
        }
        failed.map_or(Ok(true), Err)
    }

    fn alert(&self, record: &Record) -> Result<bool> {
        if self.config.alert.is_empty() || self.horizon()?.is_none() {
            return Ok(false);
        }
        let told = judge_and_tell(&self.open()?, self.balance.get(), false)?;
        for alert in &told.news {
            let text = printable(&alert.text);
            match alert.state {
                Standing::Raised => record.miss(&format!("alert: {text}")),
                Standing::Cleared => info!("alert is over: {text}"),
            }
            let alert = serde_json::to_value(alert).map_err(|problem| Error::Usage(problem.to_string()))?;
            record.note().alerts.push(alert);
        }
        told.check()?;
        Ok(true)
    }

    /// Notes what the store holds now. Nothing hangs on it.
    pub(super) fn look(&self, record: &Record) {
        let look = || -> Result<()> {
            let store = Store::open(&self.config.run.store, AsOf::Latest)?;
            let snapshot = Snapshot::of(&store)?;
            let fresh = freshness(&snapshot)?;
            let mut manifest = record.note();
            manifest.store.after = Some(store.version());
            manifest.store.n_files = snapshot.files().count() as u64;
            manifest.store.n_bytes = snapshot.files().map(|file| file.size).sum();
            manifest.store.n_events = snapshot.n_rows();
            manifest.freshness = fresh;
            Ok(())
        };
        match look() {
            // Nothing was ingested yet.
            Ok(()) | Err(Error::NoStore { .. }) => {}
            Err(problem) => error!(error = %problem, "the store cannot be looked at"),
        }
    }

    /// The last instant that is reported of.
    fn horizon(&self) -> Result<Option<i64>> {
        let store = Store::open(&self.config.run.store, AsOf::Latest)?;
        let end = self.until.map_or(i64::MAX, |until| until.0);
        Ok(Snapshot::of(&store)?.horizon().map(|horizon| horizon.min(end)))
    }

    fn open(&self) -> Result<Opened> {
        self.reading(None, self.until).open()
    }

    fn reading(&self, since: Option<Time>, until: Option<Time>) -> Reading {
        let text = |time: Option<Time>| time.map(|time| time.to_string());
        Reading {
            store: Some(self.config.run.store.clone()),
            since: text(since),
            until: text(until),
            timezone: None,
            config: Some(self.path.to_path_buf()),
            as_of: None,
        }
    }
}

/// The file of this run's rejects, made when there is one.
struct Rejects<'r> {
    folder: Option<&'r Path>,
    now: Time,
    file: Option<(PathBuf, RejectsFile)>,
}

impl Rejects<'_> {
    fn write(&mut self, reject: &Reject) -> Result<()> {
        let Some(folder) = self.folder else { return Ok(()) };
        if self.file.is_none() {
            std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
            let path = folder.join(format!("{}.ndjson", self.now.to_string().replace(':', "-")));
            self.file = Some((path.clone(), RejectsFile::create(&path)?));
        }
        self.file.as_mut().map_or(Ok(()), |(_, file)| file.write(reject))
    }

    fn finish(self) -> Result<Option<PathBuf>> {
        self.file.map(|(path, file)| file.finish().map(|()| path)).transpose()
    }
}

/// Writes down what was read.
fn note(record: &Record, balance: &Balance) -> Result<()> {
    let mut n_unchanged = 0;
    let mut inputs = Vec::new();
    for source in &balance.sources {
        let Some(followed) = &source.followed else {
            inputs.push(Input { name: source.source.clone(), step: "unreadable".into(), ..Input::default() });
            continue;
        };
        if followed.step == ingest::bookmark::Step::Unchanged {
            n_unchanged += 1;
            continue;
        }
        inputs.push(Input {
            name: followed.name.clone(),
            step: followed.step.name().to_owned(),
            hash: followed.hash.clone(),
            held_back: followed.held_back,
            received: source.records.received,
            rejected: source.records.rejected,
        });
    }
    for problem in &balance.problems {
        record.miss(&format!("cannot read {problem}"));
    }
    let records = balance.records;
    info!(
        logs = inputs.len(),
        unchanged = n_unchanged,
        records = records.received,
        refused = records.rejected,
        events = balance.events.stored,
        "logs read"
    );
    let mut told = serde_json::to_value(balance).map_err(|problem| Error::Usage(problem.to_string()))?;
    // What they say of single sources stands with the inputs.
    if let Some(told) = told.as_object_mut() {
        told.remove("sources");
    }
    let mut manifest = record.note();
    manifest.balance = Some(told);
    manifest.inputs = inputs;
    manifest.n_unchanged = n_unchanged;
    Ok(())
}

/// When each source last told anything.
pub(in crate::cli) fn freshness(snapshot: &Snapshot) -> Result<Vec<Fresh>> {
    type Latest = std::collections::BTreeMap<(String, Option<String>), i64>;
    let since = snapshot.horizon().map(|horizon| horizon.saturating_sub(RECENT));
    let reading = store::Reading { columns: &["channel", "account"], since, until: None };
    let states = snapshot.fold(&reading, Latest::new, |latest, shard| {
        let (channels, channel_words) = shard.words("channel");
        let (accounts, account_words) = shard.words("account");
        let mut known: hashbrown::HashMap<(u32, u32), i64> = hashbrown::HashMap::new();
        for ((&channel, &account), &at) in channels.iter().zip(accounts).zip(shard.at()) {
            let last = known.entry((channel, account)).or_insert(at);
            *last = at.max(*last);
        }
        for ((channel, account), at) in known {
            let account = if account == NULL { None } else { account_words.get(account).map(str::to_owned) };
            let source = (channel_words.get(channel).unwrap_or_default().to_owned(), account);
            let last = latest.entry(source).or_insert(at);
            *last = at.max(*last);
        }
        Ok(())
    })?;
    let mut all = Latest::new();
    for (source, at) in states.into_iter().flatten() {
        let last = all.entry(source).or_insert(at);
        *last = at.max(*last);
    }
    let fresh = |((channel, account), at)| Fresh { channel, account, last_event_at: Time(at).to_string() };
    Ok(all.into_iter().map(fresh).collect())
}
