//! The whole of a configuration: what a file says, and what holds where it says nothing, as one TOML.
//!
//! Defaults stand in the code that uses them. The list beside this file repeats them, and a test holds it to them.

use std::path::Path;

use toml::{Table, Value};

use super::Config;
use crate::error::{Error, Result};

const DEFAULTS: &str = include_str!("defaults.toml");

/// The text of a `trichter.toml` with every setting that has a default. It means what `text` means.
///
/// # Errors
/// As [`Config::load`].
pub fn whole(text: &str, path: &Path) -> Result<String> {
    Config::parse(text, path)?;
    let mut whole: Table = toml::from_str(DEFAULTS).map_err(Error::toml(path, DEFAULTS))?;
    fill(&mut whole, toml::from_str(text).map_err(Error::toml(path, text))?);
    toml::to_string_pretty(&whole).map_err(|error| Error::Config {
        path: path.to_path_buf(),
        line: None,
        message: error.to_string(),
    })
}

/// Puts what is said in the place of what would hold else.
fn fill(whole: &mut Table, said: Table) {
    for (key, value) in said {
        match (whole.get_mut(&key), value) {
            (Some(Value::Table(whole)), Value::Table(said)) => fill(whole, said),
            (_, value) => drop(whole.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;

    use super::*;

    fn parsed(text: &str) -> Config {
        Config::parse(text, Path::new("trichter.toml")).unwrap()
    }

    /// What a configuration says, but for the places in its file.
    fn said(config: &Config) -> String {
        let Config { run, export, alert, alerts, retention, .. } = config;
        format!("{} {run:?} {export:?} {alert:?} {alerts:?} {retention:?}", config.meaning())
    }

    #[test]
    fn the_list_of_defaults_is_what_holds_by_default_and_leaves_none_out() {
        assert_eq!(format!("{:?}", parsed(DEFAULTS)), format!("{:?}", parsed("")));
        let default = format!("{:#?}", Config::default());
        let named = Regex::new(r"(?m)^ +(\w+): (.+)$").unwrap();
        let has_default = named.captures_iter(&default).filter(|found| &found[2] != "None,");
        let in_code: BTreeSet<String> = has_default.map(|found| found[1].to_owned()).collect();
        let mut in_list = BTreeSet::new();
        let mut tables = vec![toml::from_str::<Table>(DEFAULTS).unwrap()];
        while let Some(table) = tables.pop() {
            for (key, value) in table {
                in_list.insert(key);
                if let Value::Table(inner) = value {
                    tables.push(inner);
                }
            }
        }
        assert_eq!(in_list, in_code);
    }

    #[test]
    fn the_whole_means_what_the_file_means() {
        let samples = [
            include_str!("../../sample-data/trichter.toml"),
            "[run]\ninputs = ['logs']\n[[run.report]]\nout = 'a'\n[retention]\npermission = 'forever'",
            "[[alert]]\nname = 'opened'\nmetric = 'open_rate'\nbelow = '10%'\n[windows]\nreply = '2h'",
            "",
        ];
        for text in samples {
            let whole = whole(text, Path::new("trichter.toml")).unwrap();
            assert_eq!(said(&parsed(&whole)), said(&parsed(text)), "{whole}");
        }
        assert!(whole("[rnu]", Path::new("trichter.toml")).is_err());
    }
}
