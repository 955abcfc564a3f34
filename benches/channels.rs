//! Every channel's hand-written sample, copied with other ids until it is a log: files to a store, per byte.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use criterion::{BatchSize, Criterion, Throughput};
use tempfile::TempDir;
use trichter::channels;
use trichter::config::Config;
use trichter::event::Time;
use trichter::ingest::{self, Balance, Plan, input};
use trichter::store::{Key, Store};

use super::data::KEY;

/// Bytes of a channel's log; a trial run only sees that it works.
const BYTES: usize = if cfg!(debug_assertions) { 20_000 } else { 32 << 20 };

pub(crate) fn channels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("channels");
    group.sample_size(10);
    let config = Config::load(&samples().join("trichter.toml")).unwrap();
    for channel in channels::ALL {
        let log = Log::of(channel.name);
        group.throughput(Throughput::Bytes(log.n_bytes));
        group.bench_function(channel.name, |bencher| {
            bencher.iter_batched(
                || tempfile::tempdir().unwrap(),
                |store| {
                    assert!(log.ingest(&config, store.path()).events.found > 0);
                    store
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data")
}

/// The log of one channel.
struct Log {
    folder: TempDir,
    n_bytes: u64,
}

impl Log {
    /// Lines and rows are copied into one file; what is one document stays a file of its own.
    fn of(channel: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(samples().join(channel)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("sample")
                || name.starts_with("WhatsApp")
                || ["events.ndjson", "odd-cases.ndjson", "access.log", "connectly.csv"].contains(&&*name)
        });
        files.sort();
        assert!(!files.is_empty(), "{channel} has no sample");
        let mut n_bytes = 0;
        let mut copy = 0;
        while n_bytes < BYTES {
            for path in &files {
                let name = path.file_name().unwrap().to_string_lossy();
                let text = renumbered(&std::fs::read_to_string(path).unwrap(), copy);
                n_bytes += text.len();
                let is_lines = [".ndjson", ".log", ".xml", ".csv"].iter().any(|end| name.ends_with(end));
                let rows = text.split_once('\n').filter(|_| name.ends_with(".csv") && copy > 0);
                let text = rows.map_or(text.as_str(), |(_, rows)| rows);
                let name = if is_lines { name.into_owned() } else { format!("{copy:05}/{name}") };
                append(&folder.path().join(name), text);
            }
            copy += 1;
        }
        Self { folder, n_bytes: n_bytes as u64 }
    }

    fn ingest(&self, config: &Config, store: &Path) -> Balance {
        let plan = Plan {
            sources: &input::sources(&[self.folder.path().to_string_lossy().into_owned()]).unwrap(),
            channel: None,
            config,
            key: &Key::from_hex(KEY).unwrap(),
            now: Time(i64::MAX),
            stdin: &|| Box::new(std::io::empty()) as Box<dyn Read + Send>,
            following: None,
            progress: &|_| {},
        };
        let mut store = Store::open_or_create(store).unwrap();
        ingest::ingest(&mut store, &plan, &mut |_| Ok(())).unwrap()
    }
}

fn append(path: &Path, text: &str) {
    use std::io::Write;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    if !text.ends_with('\n') {
        file.write_all(b"\n").unwrap();
    }
}

/// The text with other ids: long numbers that are no times of these years get other last digits.
fn renumbered(text: &str, copy: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    for char in text.chars().chain([' ']) {
        if char.is_ascii_digit() {
            digits.push(char);
            continue;
        }
        let is_time = matches!(digits.len(), 10 | 13) && (digits.starts_with("17") || digits.starts_with("16"));
        if digits.len() > 5 && !is_time {
            let (start, end) = digits.split_at(digits.len() - 5);
            let number = (end.parse::<usize>().unwrap() + copy) % 100_000;
            out.push_str(start);
            write!(out, "{number:05}").unwrap();
        } else {
            out.push_str(&digits);
        }
        digits.clear();
        out.push(char);
    }
    out.pop();
    out
}
