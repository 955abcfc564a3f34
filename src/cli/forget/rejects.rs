//! Lists of rejects: lines that name somebody are removed. An excerpt is the beginning of a record that no channel understood, so
//! ids are looked for as text: as they were given, as their digits with whatever stands between, and as whatever hashes to them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::list::Person;
use crate::cli::write_whole;
use crate::error::{Error, Result};
use crate::store::Key;

/// Shorter ids stand in texts by chance, and are looked for as whole words alone.
const SHORT: usize = 5;

/// Who is looked for.
pub(super) struct Wanted<'w> {
    pub(super) key: &'w Key,
    /// As they were named.
    pub(super) people: &'w [Person],
    /// The keys of all their ids.
    pub(super) keys: &'w BTreeSet<i64>,
    /// Channels under which an id can be theirs.
    pub(super) channels: BTreeSet<String>,
}

/// What became of a list.
#[derive(Debug, Serialize)]
pub(super) struct Cleaned {
    pub(super) path: String,
    /// Lines before.
    pub(super) lines: usize,
    /// Lines that were removed.
    pub(super) removed: usize,
}

/// Removes the lines that name somebody. The list is replaced as a whole.
///
/// # Errors
/// It cannot be read or written.
pub(super) fn clean(path: &Path, wanted: &Wanted<'_>) -> Result<Cleaned> {
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let kept: String = lines.iter().copied().filter(|line| !wanted.stands_in(line)).collect();
    let n_kept = kept.split_inclusive('\n').count();
    if n_kept < lines.len() {
        write_whole(path, kept.as_bytes())?;
    }
    Ok(Cleaned { path: path.display().to_string(), lines: lines.len(), removed: lines.len() - n_kept })
}

impl Wanted<'_> {
    fn stands_in(&self, line: &str) -> bool {
        // The line is JSON, in which an excerpt's quotation marks are escaped.
        let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
        let cell = |name: &str| value.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let text = [cell("source").unwrap_or_default(), cell("excerpt").unwrap_or_else(|| line.to_owned())].join("\n");
        let digits = without_separators(&text);
        self.people.iter().any(|person| {
            let id = person.id.as_str();
            let is_long = id.chars().count() >= SHORT;
            let number: String = id.chars().filter(char::is_ascii_digit).collect();
            let is_number = number.len() > SHORT + 1 && without_separators(id).trim_start_matches('+') == number;
            (is_long && text.contains(id)) || (is_number && digits.contains(&number)) || (is_long && is_cut(&text, id))
        }) || words(&text).any(|word| self.is_theirs(word))
            || words(&digits).any(|word| self.is_theirs(word))
    }

    /// Whether this is an id of one of them, on whatever channel.
    fn is_theirs(&self, word: &str) -> bool {
        let plain = word.trim_start_matches('+');
        let channels =
            self.channels.iter().map(String::as_str).chain(self.people.iter().map(|person| &*person.channel));
        channels
            .flat_map(|channel| [word, plain].map(|id| self.key.contact_keys(channel, id)))
            .any(|keys| keys.into_iter().any(|key| self.keys.contains(&key)))
    }
}

/// What may be an id: letters, digits and what stands inside of ids.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split(|char: char| !char.is_alphanumeric() && !"._:@+-".contains(char));
    // `from:4915…` is a name and an id.
    pieces.flat_map(|piece| std::iter::once(piece).chain(piece.split([':', '@']))).filter(|word| !word.is_empty())
}

/// A number as people write it, without what they put between its digits.
fn without_separators(text: &str) -> String {
    let is_between = |char: char| " ()-/.\u{a0}".contains(char);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        let follows_digit = out.ends_with(|last: char| last.is_ascii_digit());
        if is_between(char) && follows_digit {
            let mut gap = String::from(char);
            while let Some(next) = rest.next_if(|next| is_between(*next)) {
                gap.push(next);
            }
            if !rest.peek().is_some_and(char::is_ascii_digit) {
                out.push_str(&gap);
            }
        } else {
            out.push(char);
        }
    }
    out
}

/// Whether an excerpt ends inside the id.
fn is_cut(text: &str, id: &str) -> bool {
    id.char_indices().skip(SHORT).any(|(end, _)| id.get(..end).is_some_and(|part| text.ends_with(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_however_they_are_written() {
        let key = Key::from_hex(&"5a".repeat(32)).unwrap();
        let people = [Person { channel: "whatsapp".into(), id: "4915112345678".into() }];
        let keys: BTreeSet<i64> = [("whatsapp", "4915112345678"), ("telegram", "77")]
            .into_iter()
            .flat_map(|(channel, id)| key.contact_keys(channel, id))
            .collect();
        let channels = BTreeSet::from(["telegram".to_owned(), "whatsapp".to_owned()]);
        let wanted = Wanted { key: &key, people: &people, keys: &keys, channels };
        for (excerpt, expected) in [
            (r#"{"from":"4915112345678""#, true),
            ("whatsapp:+4915112345678", true),
            ("+49 (151) 12 34-5678 wrote", true),
            (r#"{"entry":[{"from":"491511"#, true),
            ("chat 77 is odd", true),
            ("chat 777 is odd", false),
            (r#"{"from":"4915112345679""#, false),
            ("49 151", false),
        ] {
            let line = serde_json::json!({"source": "a.log", "line": 1, "reason": "x", "excerpt": excerpt}).to_string();
            assert_eq!(wanted.stands_in(&line), expected, "{excerpt}");
        }
    }
}
