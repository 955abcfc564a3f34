//! A case: a folder of its own, in which the built program is run, and eyes for what it left there.
//!
//! The environment of the person who runs the tests does not reach the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;
use trichter::store::{AsOf, Store};

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder and the program in it.
pub(crate) struct Case {
    folder: TempDir,
}

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Case {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The hand-written files of sample-data and its rules, under their own names.
    pub(crate) fn samples(&self) {
        for path in hand_written() {
            self.write(&relative(&path), fs::read(&path).unwrap());
        }
        self.write("sample-data/trichter.toml", fs::read(root().join("sample-data/trichter.toml")).unwrap());
    }

    /// The program, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trichter"));
        command.args(arguments).current_dir(self.folder()).stdin(Stdio::null());
        for name in [
            "TRICHTER_KEY",
            "COLUMNS",
            "CLICOLOR_FORCE",
            "RUST_BACKTRACE",
            "RUST_LOG",
            "PGPASSWORD",
            "PGPASSFILE",
            "PGUSER",
        ] {
            command.env_remove(name);
        }
        command.env("NO_COLOR", "1");
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Runs the program with something on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Runs the program and takes its standard output; it has to end well.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        self.run(arguments).expect(0).stdout
    }

    /// What a few metrics of every fact table answer, broken down.
    pub(crate) fn answers(&self, store: &str) -> Vec<String> {
        let asks = [
            ("delivery_rate", "channel"),
            ("open_rate", "channel,campaign"),
            ("unsubscribe_rate", "campaign"),
            ("engagement_rate", "channel"),
            ("question_drop_off_rate", "flow,question"),
            ("answer_seconds", "question"),
            ("list_unsubscribe_rate", "channel"),
        ];
        let config = self.path("sim/trichter.toml");
        let config = if config.exists() { "sim/trichter.toml" } else { "sample-data/trichter.toml" };
        let ask = |(metric, by)| {
            self.ask(&["query", metric, "--store", store, "--by", by, "--config", config, "--format", "json"])
        };
        asks.map(ask).to_vec()
    }

    /// Makes up logs in `sim/`.
    pub(crate) fn simulate(&self, contacts: &str) {
        self.ask(&["simulate", "--out", "sim", "--contacts", contacts, "--days", "20", "--seed", "3", "--quiet"]);
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self::of(output)
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Holds the exit code, and shows everything that was said if it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n-- stdout\n{}\n-- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Holds that the complaint has these words.
    #[track_caller]
    pub(crate) fn complains(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "no '{word}' in\n{}", self.stderr);
        }
        self
    }
}

/// The files of sample-data that people wrote, without those of the simulator.
pub(crate) fn hand_written() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in fs::read_dir(root().join("sample-data")).unwrap() {
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension != "gz"));
    files.sort();
    assert!(files.len() >= 4, "where are the samples?");
    files
}

/// A file's name below the project's folder.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// Every regular file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// A row of a store as column → text; null columns are absent.
pub(crate) type StoredRow = BTreeMap<String, String>;

/// Every row of the data files that the newest version of a store names.
pub(crate) fn rows(store: &Path) -> Vec<StoredRow> {
    let store = Store::open(store, AsOf::Latest).unwrap();
    let files = store.files().unwrap();
    files.iter().flat_map(|file| rows_of(&store.table_path().join(&file.path))).collect()
}

/// Every row of a Parquet file.
pub(crate) fn rows_of(path: &Path) -> Vec<StoredRow> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap().build().unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let cells = schema.fields().iter().zip(batch.columns()).filter(|(_, column)| column.is_valid(row));
            let text = |(field, column): (&arrow::datatypes::FieldRef, &arrow::array::ArrayRef)| {
                (field.name().clone(), array_value_to_string(column, row).unwrap())
            };
            rows.push(cells.map(text).collect());
        }
    }
    rows
}

/// Rows as lines of text, in the order of the source. What is hashed or plain from the heading is left out.
pub(crate) fn show(mut rows: Vec<StoredRow>) -> String {
    let number = |row: &StoredRow, column: &str| row.get(column).map_or(0, |text| text.parse::<i64>().unwrap());
    rows.sort_by_cached_key(|row| {
        (number(row, "line"), row["at"].clone(), number(row, "position"), row["event_id"].clone())
    });
    let mut text = String::new();
    for mut row in rows {
        let mut take = |column: &str| row.remove(column).unwrap_or_default();
        write!(text, "{:>3}  {}  {}", take("line"), take("at"), take("kind")).unwrap();
        if take("time_basis") == "received" {
            text.push_str("  (time of receipt)");
        }
        for hidden in ["contact_key", "event_id", "message_key", "position", "reply_key", "source"] {
            take(hidden);
        }
        write!(text, "  {}/{}", take("channel"), take("contact_id")).unwrap();
        for (column, value) in row {
            write!(text, "  {column}={value}").unwrap();
        }
        text.push('\n');
    }
    text
}
