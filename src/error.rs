//! The library's one error enum: bad circumstances, with path, cause and what to try.
//!
//! Bad data is not an error; it is a `Reason` and is counted (see `channels`).

use std::path::{Path, PathBuf};

/// What the library returns.
pub type Result<T> = std::result::Result<T, Error>;

/// A circumstance in which the work cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read '{}'", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write '{}'", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An input pattern matches no file.
    #[error("no input matches '{pattern}'")]
    NoInput {
        /// As the caller wrote it.
        pattern: String,
    },
    /// A TOML file, `trichter.toml` or a funnel's, cannot be used.
    #[error("{}{}: {message}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    Config {
        /// The file.
        path: PathBuf,
        /// The line, if one is to blame.
        line: Option<usize>,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// There is no store at the path.
    #[error("there is no store at '{}'", path.display())]
    NoStore {
        /// The store's folder.
        path: PathBuf,
    },
    /// The store cannot be used.
    #[error("the store at '{}' cannot be used: {message}", path.display())]
    Store {
        /// The store's folder.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Others are writing to the store, and what is to be done must be done alone.
    #[error("somebody else is writing to the store at '{}'", path.display())]
    Busy {
        /// The store's folder.
        path: PathBuf,
    },
    /// The table's log refused an operation.
    #[error("the table at '{}' refused: {source}", path.display())]
    Table {
        /// The store's folder.
        path: PathBuf,
        /// What the table's library said.
        source: Box<deltalake::DeltaTableError>,
    },
    /// A data file is missing, damaged or not of this program's making.
    #[error("data file '{}' is missing, damaged or of a foreign make", path.display())]
    DataFile {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: parquet::errors::ParquetError,
    },
    /// Object storage did not do what it was asked for.
    #[error("cannot use '{}' in object storage", path.display())]
    Objects {
        /// The address.
        path: PathBuf,
        /// What the server, or the way to it, said.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What to try.
        remedy: &'static str,
    },
    /// Columns did not fit together.
    #[error("columns do not fit together")]
    Columns(#[from] arrow::error::ArrowError),
    /// No such metric, fact table, channel, column …
    #[error("no {what} '{name}'")]
    Unknown {
        /// What was looked for: metric, channel, column …
        what: &'static str,
        /// The name asked for.
        name: String,
        /// All names there are, for a suggestion.
        known: Vec<String>,
    },
    /// A metric's SQL is not usable.
    #[error("query '{name}': {message}")]
    Query {
        /// The metric or file.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A metric of the user's own cannot be counted.
    #[error("{}:{line}: {message}", path.display())]
    OwnQuery {
        /// The file.
        path: PathBuf,
        /// The line that is to blame, counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// What to try.
        remedy: &'static str,
    },
    /// A report's page or chart cannot be laid out.
    #[error("cannot lay out the report: {0}")]
    Layout(String),
    /// A target of an export cannot be used.
    #[error("{message}")]
    Target {
        /// What is wrong.
        message: String,
        /// What to try.
        remedy: &'static str,
    },
    /// Another engine handed in, or brought back, what cannot be counted.
    #[error("{message}")]
    Elsewhere {
        /// What is wrong.
        message: String,
        /// What to try.
        remedy: &'static str,
    },
    /// An option or value is not usable.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// For `map_err` on reading a file.
    pub fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Read { path, source }
    }

    /// For `map_err` on writing a file.
    pub fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Write { path, source }
    }

    /// The same about this file, for what writes without knowing where to.
    pub(crate) fn written_to(self, path: &Path) -> Self {
        match self {
            Self::Write { source, .. } => Self::Write { path: path.to_path_buf(), source },
            other => other,
        }
    }

    /// For what is wrong with a TOML file: with its line, and with the key that was probably meant.
    pub(crate) fn toml<'e>(path: &'e Path, text: &'e str) -> impl FnOnce(toml::de::Error) -> Self + 'e {
        move |error| {
            let mut message = error.message().to_owned();
            // The parser lists what it knows between backticks, the unknown one first.
            if message.starts_with("unknown field") || message.starts_with("unknown variant") {
                let mut names = message.split('`').skip(1).step_by(2).map(str::to_owned);
                let name = names.next().unwrap_or_default();
                if let Some(near) = nearest(&name, &names.collect::<Vec<_>>()) {
                    let what = if message.starts_with("unknown field") { "field" } else { "variant" };
                    message = format!("unknown {what} `{name}`; did you mean '{near}'?");
                }
            }
            if message.contains("expected a sequence") && text.lines().any(|line| line.trim() == "[export]") {
                message =
                    "targets stand under [[export]]; what exports of chats do not tell, under [chat_export]".into();
            }
            if message.contains("expected a sequence") && text.lines().any(|line| line.trim() == "[alert]") {
                message = "each alert stands under [[alert]]; what holds for all of them, under [alerts]".into();
            }
            Self::Config { path: path.to_path_buf(), line: error.span().map(|span| line_of(text, span.start)), message }
        }
    }

    /// What the person at the keyboard can try, if there is something.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Read { path, source } => match source.kind() {
                std::io::ErrorKind::NotFound => Some("check the path".into()),
                std::io::ErrorKind::PermissionDenied => Some(format!("make '{}' readable for this user", path.display())),
                std::io::ErrorKind::UnexpectedEof => {
                    Some("the file may be cut off; fetch it again, what was whole is read".into())
                }
                _ => None,
            },
            Self::Write { path, source } => match source.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    Some(format!("make '{}' writable for this user, or choose another place", path.display()))
                }
                std::io::ErrorKind::StorageFull => Some("free some space; nothing was committed".into()),
                _ => None,
            },
            Self::NoInput { .. } => Some("check the path; quote a pattern so that the shell leaves it alone".into()),
            Self::Busy { .. } => Some("wait until they have ended".into()),
            Self::NoStore { path } => {
                Some(format!("make one with 'trichter ingest LOGS… --store {}'", path.display()))
            }
            Self::DataFile { source: parquet::errors::ParquetError::NYI(_), .. } => {
                Some("ingest the logs into a new store; only files that this program wrote are scanned".into())
            }
            Self::DataFile { .. } => Some(
                "restore the file from a backup, or go back to an older version with 'trichter store log' and '--as-of'"
                    .into(),
            ),
            Self::Unknown { what, name, known } => Some(match nearest(name, known) {
                Some(near) => format!("did you mean '{near}'? there are {}", known.join(", ")),
                None => format!("each {what} there is: {}", known.join(", ")),
            }),
            Self::Objects { remedy, .. } | Self::OwnQuery { remedy, .. } | Self::Target { remedy, .. } | Self::Elsewhere { remedy, .. } => Some((*remedy).to_owned()),
            _ => None,
        }
    }
}

/// The line, counted from 1, in which a byte of the text stands.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
}

/// The known name that differs least from `name`, if it is near enough to be a slip.
#[must_use]
pub fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(name, candidate), candidate.as_str()))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.chars().count().max(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, with `-` and `_` taken as equal.
fn distance(left: &str, right: &str) -> usize {
    let fold = |text: &str| -> Vec<char> { text.to_lowercase().replace('-', "_").chars().collect() };
    let (left, right) = (fold(left), fold(right));
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, from) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_the_name_that_was_meant() {
        let known = ["open_rate", "click_rate", "reply_rate"].map(String::from);
        assert_eq!(nearest("open-rate", &known), Some("open_rate"));
        assert_eq!(nearest("opne_rate", &known), Some("open_rate"));
        assert_eq!(nearest("weather", &known), None);
    }
}
