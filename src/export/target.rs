//! What a target is: something that holds partitions, and takes those that changed all at once or not at all. And how targets
//! are written on the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{Encode, Files};
use super::state::{Held, Name, State};
use super::table::Table;
use super::{arrow, csv, delta, ndjson, parquet, postgres, sqlite, xlsx};
use crate::error::{Error, Result, nearest};

/// A place that exports go to.
pub trait Target {
    /// Where big temporary files may lie; `None` where the target has no place of its own on this machine.
    fn workspace(&self) -> Option<&Path>;

    /// The partitions that it holds by now, with the hashes of their contents. What it cannot tell, it does not hold.
    ///
    /// # Errors
    /// The target cannot be read, or is not of this program's making.
    fn held(&mut self) -> Result<Held>;

    /// Makes the state what readers see, all at once or not at all. Returns how many bytes each partition took that was
    /// written.
    ///
    /// # Errors
    /// It cannot be written; what it held before stands.
    fn replace(&mut self, state: &State, changes: &Changes) -> Result<BTreeMap<Name, u64>>;

    /// Takes away what only readers of earlier exports need, so that nothing is left that the last one does not hold.
    ///
    /// # Errors
    /// It cannot be taken away.
    fn prune(&mut self) -> Result<()> {
        Ok(())
    }

    /// What has to be known of what was written: values that the target cannot hold, and what stands there instead.
    fn remarks(&self) -> &[String] {
        &[]
    }
}

/// Who asks servers, as the environment says, which the library does not read. What an address says itself comes first.
#[derive(Clone, Default)]
pub struct Login {
    /// The user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// A file of passwords in the form of PostgreSQL's `.pgpass`.
    pub password_file: Option<PathBuf>,
}

/// What has to happen to a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Partitions that are new or differ.
    pub changed: BTreeSet<Name>,
    /// Partitions that are no longer there.
    pub gone: BTreeSet<Name>,
    /// Whether everything is to be made anew, whatever somebody did to it.
    pub is_full: bool,
}

impl Changes {
    /// What makes one state of another.
    #[must_use]
    pub fn between(held: &Held, wanted: &Held) -> Self {
        Self {
            changed: wanted
                .iter()
                .filter(|(name, hash)| held.get(name) != Some(hash))
                .map(|(name, _)| name.clone())
                .collect(),
            gone: held.keys().filter(|name| !wanted.contains_key(name)).cloned().collect(),
            is_full: false,
        }
    }

    /// Whether nothing has to happen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }
}

/// A way to write targets: what stands before the colon, what behind it, and what opens it.
struct Scheme {
    name: &'static str,
    place: &'static str,
    open: fn(&str) -> Result<Box<dyn Target>>,
}

/// All ways, by name.
const SCHEMES: &[Scheme] = &[
    Scheme { name: "arrow", place: "DIR", open: |place| files(place, arrow::Arrow) },
    Scheme { name: "csv", place: "DIR", open: |place| files(place, csv::Csv { is_packed: false }) },
    Scheme { name: "csv+zst", place: "DIR", open: |place| files(place, csv::Csv { is_packed: true }) },
    Scheme { name: "delta", place: "DIR", open: |place| Ok(Box::new(delta::Delta::open(Path::new(place))?)) },
    Scheme { name: "ndjson", place: "DIR", open: |place| files(place, ndjson::Ndjson) },
    Scheme { name: "parquet", place: "DIR", open: |place| files(place, parquet::Parquet) },
    Scheme { name: "sqlite", place: "FILE", open: |place| Ok(Box::new(sqlite::Sqlite::open(Path::new(place))?)) },
    Scheme { name: "xlsx", place: "FILE", open: |place| Ok(Box::new(xlsx::Xlsx::open(Path::new(place))?)) },
];

fn files(place: &str, encode: impl Encode + 'static) -> Result<Box<dyn Target>> {
    Ok(Box::new(Files::open(Path::new(place), Box::new(encode))?))
}

/// The formats that a table can be streamed in.
const STREAMS: [&(dyn Encode + Sync); 3] = [&arrow::Arrow, &csv::Csv { is_packed: false }, &ndjson::Ndjson];

/// The format of a stream with this name.
fn stream_named(format: &str) -> Result<&'static (dyn Encode + Sync)> {
    let known = || STREAMS.iter().map(|known| known.format().to_owned()).collect();
    let found = STREAMS.iter().find(|known| known.format() == format).copied();
    found.ok_or_else(|| Error::Unknown { what: "format", name: format.to_owned(), known: known() })
}

/// Checks that a table can be streamed in this format.
///
/// # Errors
/// There is no such format.
pub fn check_stream(format: &str) -> Result<()> {
    stream_named(format).map(drop)
}

/// Writes one table to standard output, month after month.
///
/// # Errors
/// There is no such format, or it cannot be written.
pub fn stream(state: &State, table: &'static Table, format: &str, out: &mut (dyn Write + Send)) -> Result<()> {
    let written = stream_named(format)?.encode(state.table(table), out);
    written.map_err(|error| error.written_to(Path::new("standard output")))
}

/// How addresses of servers begin, which need to know who asks.
const SERVERS: [&str; 2] = ["postgres", "postgresql"];

/// A target as messages may show it: without a password.
#[must_use]
pub fn shown(text: &str) -> String {
    postgres::redacted(text)
}

/// Opens the target that is written so: `parquet:DIR`, `csv:DIR`, `postgres://USER@HOST/DATABASE` …
///
/// # Errors
/// There is no such kind of target, or it cannot be opened.
pub fn open(text: &str, login: &Login) -> Result<Box<dyn Target>> {
    let known: Vec<String> = SCHEMES.iter().map(|scheme| scheme.name).chain(SERVERS).map(str::to_owned).collect();
    let listed = || {
        let written = SCHEMES.iter().map(|scheme| format!("{}:{}", scheme.name, scheme.place));
        written.chain(["postgres://USER@HOST/DATABASE".to_owned()]).collect::<Vec<_>>().join(", ")
    };
    let Some((name, place)) = text.split_once(':') else {
        let near = nearest(text, &known).map(|near| format!("did you mean '{near}:{text}'? "));
        let message = format!("'{text}' says not what to write; {}targets are {}", near.unwrap_or_default(), listed());
        return Err(Error::Usage(message));
    };
    if SERVERS.contains(&name) {
        return Ok(Box::new(postgres::Postgres::open(text, login)?));
    }
    match SCHEMES.iter().find(|scheme| scheme.name == name) {
        None => Err(Error::Unknown { what: "target", name: name.to_owned(), known }),
        Some(scheme) if place.is_empty() => {
            Err(Error::Usage(format!("'{text}' says not where; write {name}:{}", scheme.place)))
        }
        Some(scheme) => (scheme.open)(place),
    }
}
