//! Contents: what a data file says of itself beside its statistics: which kinds of events the log of each channel holds, and
//! when the log of each account begins.
//!
//! Both stand in the file's metadata as JSON, because a log may name channels and accounts with any character. It knows names,
//! not what they mean.

use std::collections::{BTreeMap, BTreeSet};

use parquet::file::metadata::KeyValue;
use serde_json::json;

/// Pairs of channel and kind.
const KINDS_KEY: &str = "trichter.kinds";
/// Triples of channel, account (null where an event names none) and first instant in microseconds.
const BEGAN_KEY: &str = "trichter.began";

/// When the log of each account of each channel begins, in microseconds; under `None` that of events that name no account.
pub type Beginnings = BTreeMap<(String, Option<String>), i64>;

/// What stands in the metadata of a data file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Channel and kind of its events.
    pub kinds: BTreeSet<(String, String)>,
    /// First instant of each account.
    pub began: Beginnings,
}

impl Contents {
    /// What stands in a file's metadata. A file without beginnings, as older versions wrote it, begins at `first`, its first
    /// instant, for all of its channels.
    pub(super) fn read(metadata: Option<&Vec<KeyValue>>, first: i64) -> Self {
        let text = |key: &str| metadata?.iter().find(|pair| pair.key == key)?.value.as_deref();
        let kinds: BTreeSet<(String, String)> =
            text(KINDS_KEY).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let began: Option<Vec<(String, Option<String>, i64)>> =
            text(BEGAN_KEY).and_then(|text| serde_json::from_str(text).ok());
        let began = match began {
            Some(began) => began.into_iter().map(|(channel, account, at)| ((channel, account), at)).collect(),
            None => kinds.iter().map(|(channel, _)| ((channel.clone(), None), first)).collect(),
        };
        Self { kinds, began }
    }

    /// How it stands in a file's metadata.
    pub(super) fn written(&self) -> [KeyValue; 2] {
        let began: Vec<_> = self.began.iter().map(|((channel, account), at)| (channel, account, at)).collect();
        [
            KeyValue::new(KINDS_KEY.to_owned(), json!(self.kinds).to_string()),
            KeyValue::new(BEGAN_KEY.to_owned(), json!(began).to_string()),
        ]
    }

    /// Adds what another file holds.
    pub(super) fn add(&mut self, other: Self) {
        self.kinds.extend(other.kinds);
        for (account, at) in other.began {
            self.begins(account, at);
        }
    }

    /// The log of an account holds an event of this instant.
    pub(super) fn begins(&mut self, account: (String, Option<String>), at: i64) {
        self.began.entry(account).and_modify(|known| *known = at.min(*known)).or_insert(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(account: Option<&str>, at: i64) -> Contents {
        let mut contents = Contents::default();
        contents.kinds.insert(("sms".into(), "message_sent".into()));
        contents.begins(("sms".into(), account.map(str::to_owned)), at);
        contents
    }

    #[test]
    fn what_is_written_reads_back_and_files_together_begin_with_the_earlier() {
        let mut both = contents(Some("a\"b"), 7);
        both.add(contents(Some("a\"b"), 5));
        both.add(contents(None, 9));
        assert_eq!(both.began.values().copied().collect::<Vec<_>>(), [9, 5]);
        assert_eq!(Contents::read(Some(&both.written().to_vec()), 0), both);
    }

    #[test]
    fn a_file_that_tells_no_beginnings_begins_at_its_first_instant() {
        let [kinds, _] = contents(Some("a"), 7).written();
        assert_eq!(Contents::read(Some(&vec![kinds]), 3), contents(None, 3));
        assert_eq!(Contents::read(None, 3), Contents::default());
    }
}
