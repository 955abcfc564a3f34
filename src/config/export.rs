//! `[[export]]`: where tables for other programs go, which, and how few observations they may rest on.

use serde::Deserialize;

/// `[[export]]`: a target of exports, for `trichter export` without one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Where to, as on the command line: `parquet:DIR`, `sqlite:FILE` … Relative paths begin where the program is run.
    pub target: String,
    /// The tables; all if none is named.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Counts that rest on fewer observations are left out, with what would tell them by its total, and so are facts, which
    /// have a row for each case. Default: everything is exported.
    pub minimum: Option<u64>,
}
