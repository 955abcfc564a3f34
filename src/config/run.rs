//! `[run]`: what `trichter run` reads, what it makes of it, and where that goes. Nothing here changes a number.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::{Lang, Window};
use crate::event::SECOND;

/// `[run]`. Relative paths begin in the folder of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Folder of the store; it is made if it is not there. Default `store`.
    pub store: PathBuf,
    /// Logs: files, folders and globs. Those of them that are not there are told, and the others read.
    pub inputs: Vec<String>,
    /// File with the key of the pseudonyms. Default: the environment's, else the store's own.
    pub key_file: Option<PathBuf>,
    /// Who last wrote to a log this long ago is done with it: a last record that is not whole is taken as it is, and a
    /// file that shows only as a whole what it holds is read. Default 10 min.
    pub settle: Window,
    /// Folder for refused records, a file for each run that has some. They may hold personal data. Default: they are
    /// counted only.
    pub rejects: Option<PathBuf>,
    /// More refused records than this make the run end with exit code 1.
    pub max_rejects: Option<Limit>,
    /// Files of one month that are merged as soon as there are more. Default 32; 0: never.
    pub optimize: usize,
    /// How long versions of the store can be opened. Files that only older ones need are deleted. Default 30 d.
    pub keep: Window,
    /// Folder for the records of runs. Default `runs`.
    pub manifests: PathBuf,
    /// File for the metrics of Prometheus, to be picked up by its node exporter. Default: none.
    pub metrics: Option<PathBuf>,
    /// Reports to be written.
    pub report: Vec<ReportOrder>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            store: "store".into(),
            inputs: Vec::new(),
            key_file: None,
            settle: Window(600 * SECOND),
            rejects: None,
            max_rejects: None,
            optimize: 32,
            keep: Window(30 * 86_400 * SECOND),
            manifests: "runs".into(),
            metrics: None,
            report: Vec::new(),
        }
    }
}

impl Run {
    /// The same with paths that begin in this folder.
    pub(super) fn placed(&mut self, folder: &Path) {
        let Self { store, key_file, rejects, manifests, metrics, report, inputs, .. } = self;
        let paths = [store, manifests].into_iter().chain(key_file).chain(rejects).chain(metrics);
        // Absolute ones stay as they are, and so do addresses in object storage.
        let is_address = |path: &Path| path.to_string_lossy().contains("://");
        let paths = paths.chain(report.iter_mut().map(|report| &mut report.out)).filter(|path| !is_address(path));
        paths.for_each(|path| *path = folder.join(&*path));
        for input in inputs.iter_mut().filter(|input| !is_address(Path::new(input.as_str()))) {
            *input = folder.join(&*input).to_string_lossy().into_owned();
        }
    }
}

/// `[[run.report]]`: a report that every run writes. What stands nowhere here is as `trichter report` does it by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportOrder {
    /// Folder of the report. Reports of periods have a folder each inside, such as `2026-05`.
    pub out: PathBuf,
    /// Formats. Default html, md and json.
    #[serde(default = "formats")]
    pub format: Vec<String>,
    /// Kinds of pictures that charts are written as.
    #[serde(default)]
    pub charts: Vec<String>,
    /// What it is about.
    #[serde(default)]
    pub period: Period,
    /// Columns by which it is broken down.
    #[serde(default)]
    pub by: Vec<String>,
    /// What headline rates are compared with: `previous`, or a column.
    pub compare: Option<String>,
    /// Language. Default: that of `[report]`.
    pub lang: Option<Lang>,
    /// Heading.
    pub title: Option<String>,
    /// Whether small numbers are left out.
    #[serde(default)]
    pub suppress: bool,
}

fn formats() -> Vec<String> {
    ["html", "md", "json"].map(str::to_owned).to_vec()
}

/// Which time a report is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// All of the log.
    #[default]
    All,
    /// The last day that was over when the log ended.
    Day,
    /// The last week, from Monday.
    Week,
    /// The last month.
    Month,
}

/// How many refused records are too many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// So many.
    Count(u64),
    /// This share of all records, between 0 and 1.
    Share(f64),
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || format!("'{text}' is no limit; write a count such as 100 or a share such as 0.5%");
        match text.strip_suffix('%') {
            Some(percent) => match percent.trim().parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Share(percent / 100.0)),
                _ => Err(hint()),
            },
            None => match (text.parse::<u64>(), text.parse::<f64>()) {
                (Ok(count), _) => Ok(Self::Count(count)),
                (Err(_), Ok(share)) if (0.0..=1.0).contains(&share) => Ok(Self::Share(share)),
                _ => Err(hint()),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Limit {
    /// Whether so many of so many records are too many.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn is_missed(self, rejected: u64, received: u64) -> bool {
        match self {
            Self::Count(most) => rejected > most,
            Self::Share(most) => rejected as f64 > most * received as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_counts_or_shares() {
        assert_eq!("100".parse(), Ok(Limit::Count(100)));
        assert_eq!("0.5%".parse(), Ok(Limit::Share(0.005)));
        assert_eq!("0.05".parse(), Ok(Limit::Share(0.05)));
        assert!("many".parse::<Limit>().is_err());
        assert!("101%".parse::<Limit>().is_err());
        assert!(Limit::Share(0.01).is_missed(2, 100) && !Limit::Share(0.01).is_missed(1, 100));
        assert!(Limit::Count(0).is_missed(1, 1) && !Limit::Count(0).is_missed(0, 0));
    }
}
