//! Simulated logs and the store made of them, once for all benchmarks.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;
use trichter::config::Config;
use trichter::facts::Settings;
use trichter::ingest::{self, Balance, Plan, input};
use trichter::simulate;
use trichter::store::{AsOf, Key, Snapshot, Store};

/// Contacts of the simulation: enough that fixed costs do not hide the work, few enough that a trial run is quick.
const CONTACTS: u64 = 1_000;
pub(crate) const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// The logs, and a store that holds them.
pub(crate) static DATA: LazyLock<Data> = LazyLock::new(Data::new);

pub(crate) struct Data {
    folder: TempDir,
    pub(crate) config: Config,
    /// Bytes of all logs.
    pub(crate) n_bytes: u64,
}

impl Data {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = simulate::Settings {
            contacts: CONTACTS,
            days: 30,
            seed: 1,
            channels: Vec::new(),
            out: folder.path().join("sim"),
        };
        let made = simulate::simulate(&settings).unwrap();
        let config = Config::load(&folder.path().join("sim/trichter.toml")).unwrap();
        let data = Self { folder, config, n_bytes: made.bytes };
        data.ingest(&data.store_path());
        data
    }

    fn store_path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The files of one channel as text.
    pub(crate) fn logs(&self, channel: &str) -> String {
        let logs = self.folder.path().join("sim/logs");
        let mut paths: Vec<PathBuf> = std::fs::read_dir(logs).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let is_wanted = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(channel);
        paths.iter().filter(is_wanted).map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// Reads all logs into a store.
    pub(crate) fn ingest(&self, store: &Path) -> Balance {
        let logs = self.folder.path().join("sim/logs").to_string_lossy().into_owned();
        let plan = Plan {
            sources: &input::sources(&[logs]).unwrap(),
            channel: None,
            config: &self.config,
            key: &Key::from_hex(KEY).unwrap(),
            now: trichter::event::Time(i64::MAX),
            stdin: &|| Box::new(std::io::empty()) as Box<dyn Read + Send>,
            following: None,
            progress: &|_| {},
        };
        let mut store = Store::open_or_create(store).unwrap();
        ingest::ingest(&mut store, &plan, &mut |_| Ok(())).unwrap()
    }

    /// The store's newest version.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::of(&Store::open(&self.store_path(), AsOf::Latest).unwrap()).unwrap()
    }

    /// What facts depend on, for the whole range of time.
    pub(crate) fn settings(&self, snapshot: &Snapshot) -> Settings {
        Settings::new(&self.config, snapshot, None, None)
    }
}
