//! Metrics of the user's own: a folder of SQL files with the headers that those of the catalog have.
//!
//! A file that cannot be counted is refused with its place and never left out: a report without it would look whole.

use std::path::{Path, PathBuf};

use super::answer::Ask;
use super::catalog::Metric;
use super::{engine, segment};
use crate::error::{Error, Result};
use crate::facts;

/// A metric in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The file, by which it is asked.
    pub path: PathBuf,
    /// What stands in it.
    pub metric: Metric,
}

impl Own {
    /// Asks for the total.
    #[must_use]
    pub fn total(&self) -> Ask {
        Ask::new(&self.path.to_string_lossy(), &[])
    }

    /// Asks for the breakdown that the header wants, if it wants one.
    #[must_use]
    pub fn broken_down(&self) -> Option<Ask> {
        let by = self.metric.by.as_deref()?;
        Some(Ask::new(&self.path.to_string_lossy(), &[by]))
    }

    /// Reads every `*.sql` of the folder, in the order of their names. `taken` are names that none may have, besides
    /// those of the program's own metrics.
    ///
    /// # Errors
    /// The folder or a file cannot be read, a metric is broken, or its name is taken or none.
    pub fn all(folder: &Path, taken: &[&str]) -> Result<Vec<Self>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(Error::read(folder))? {
            let path = entry.map_err(Error::read(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                paths.push(path);
            }
        }
        paths.sort();
        let known = Metric::all()?;
        paths
            .into_iter()
            .map(|path| {
                let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                if taken.contains(&id.as_str()) || known.iter().any(|metric| metric.id == id) {
                    let message = format!("the program has its own '{id}', and one name cannot mean two things");
                    let remedy = "give the file another name";
                    return Err(Error::OwnQuery { path, line: 1, message, remedy });
                }
                Self::read(path, &id)
            })
            .collect()
    }

    fn read(path: PathBuf, id: &str) -> Result<Self> {
        if !is_name(id) {
            let message = format!("'{id}' cannot be a metric's name");
            let remedy = "call the file by small letters, digits and '_', such as long_replies.sql";
            return Err(Error::OwnQuery { path, line: 1, message, remedy });
        }
        let text = std::fs::read_to_string(&path).map_err(Error::read(&path))?;
        match checked(id, &text) {
            Ok(metric) => Ok(Self { path, metric }),
            Err((line, message)) => {
                let remedy = "'trichter explain open_rate' shows a metric that works, 'trichter explain TABLE' its columns; \
                              'trichter query FILE.sql' tries one alone";
                Err(Error::OwnQuery { path, line, message, remedy })
            }
        }
    }
}

/// Whether tables and anchors can be called so.
fn is_name(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The metric, if its SELECT runs and its table can be broken down as it says; else the line and what is wrong.
fn checked(id: &str, text: &str) -> std::result::Result<Metric, (usize, String)> {
    let metric = Metric::read(id, text)?;
    let line = |starts: &dyn Fn(&str) -> bool| text.lines().position(starts).map_or(1, |place| place + 1);
    if let (Some(by), Some(grain)) = (&metric.by, facts::grain(&metric.table))
        && let Err(error) = segment::check(grain, std::slice::from_ref(by))
    {
        let cause = format!("fact table '{}': {error}; {}", metric.table, error.remedy().unwrap_or_default());
        return Err((line(&|line| line.starts_with("-- by:")), cause));
    }
    let is_sql = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with("--");
    match engine::check(&metric) {
        Ok(()) => Ok(metric),
        Err(Error::Query { message, .. }) => Err((line(&is_sql), message)),
        Err(error) => Err((line(&is_sql), error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let wrong = |text: &str| checked("m", text).unwrap_err();
        let select = "SELECT segment, SUM(CAST(reached AS INT)) AS numerator, COUNT(*) AS denominator FROM messages GROUP BY segment";
        assert!(checked("m", &format!("-- table: messages\n-- by: campaign\n{select}")).is_ok());
        assert_eq!(wrong(select).0, 1);
        for (header, line, said) in [
            ("-- name: x\n-- table: mesages\n", 2, "no fact table"),
            ("-- table: messages\n-- by: campain\n", 2, "did you mean 'campaign'"),
            ("-- table: messages\n-- chart: pie\n", 2, "bars, trend or none"),
            ("-- table: messages\n-- chart: bars\n", 2, "-- by:"),
            ("-- table: messages\n-- by: campaign\n-- chart: trend\n", 3, "by day"),
            ("-- table: messages\n-- needs: nothing\n", 2, "no column 'nothing'"),
        ] {
            let (found, message) = wrong(&format!("{header}{select}"));
            assert_eq!(found, line, "{message}");
            assert!(message.contains(said), "{message}");
        }
        let (line, message) = wrong("-- table: messages\n\nSELECT segment, nonsense FROM messages");
        assert_eq!(line, 3, "{message}");
        assert_eq!(wrong("-- table: messages\nSELEC segment").0, 2);
        let (_, message) = wrong("-- table: messages\nSELECT segment, reached FROM messages");
        assert!(message.contains("must return 'segment'"), "{message}");
    }

    #[test]
    fn names_are_plain_words() {
        assert!(is_name("long_replies2"));
        for name in ["", "2x", "_x", "Long", "open-rate", "open_rate@mine", "größe", "a b"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
