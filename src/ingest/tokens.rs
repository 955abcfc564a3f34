//! The table under `clicks.tokens`: what the tokens of tracked links stand for. It is read once, before the logs, in any form
//! in which logs can be.

use std::io;
use std::path::Path;

use super::frame::{self, Buffers, Chunks};
use super::input::{self, Source};
use crate::channels::{Reason, Tokens, Value};
use crate::error::{Error, Result};

/// Reads the table; `None` if there is none at this path. That is no error: many logs hold no click, and a configuration
/// that is kept with a store is read far from the table. Clicks are refused then, and can be read again.
///
/// # Errors
/// The table is there and cannot be read, or a row of it names no token or one that stands for something else already.
pub(super) fn read(path: &Path) -> Result<Option<Tokens>> {
    if !path.exists() {
        return Ok(None);
    }
    let source = Source::File { path: path.to_path_buf(), name: path.to_string_lossy().into_owned() };
    let opened = input::open(&source, || Box::new(io::empty()))?;
    let is_whole = |_: &Value<'_>| false;
    let mut tokens = Tokens::default();
    let mut refused = None;
    for chunk in Chunks::new(opened, source.name(), frame::LIMIT, &Buffers::default(), &is_whole) {
        chunk.map_err(Error::read(path))?.records(&is_whole, |framed| {
            let added = framed.found.and_then(|row| tokens.add(row));
            if let (Err(reason), None) = (added, &refused) {
                refused = Some((framed.line, reason));
            }
        });
    }
    match refused {
        None => Ok(Some(tokens)),
        Some((line, reason)) => Err(Error::Config {
            path: path.to_path_buf(),
            line: usize::try_from(line).ok(),
            message: match reason {
                Reason::BadValue("token") => "this token stands for something else already".into(),
                Reason::MissingField("token") => {
                    "no token; the first line must name the columns, token among them".into()
                }
                reason => format!("this is no row of a table of tokens: {}", reason.code()),
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Option<Tokens>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.csv");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn a_table_says_what_tokens_stand_for() {
        let tokens = of("token,contact,message_id,note\nAb3xY9,4915,wamid.1,x\nQq7,,,\n").unwrap().unwrap();
        let known = tokens.get("Ab3xY9").unwrap();
        assert_eq!((known.contact.as_deref(), known.message_id.as_deref()), (Some("4915"), Some("wamid.1")));
        assert!(tokens.get("Qq7").unwrap().contact.is_none());
        assert!(tokens.get("ab3xy9").is_none());
    }

    #[test]
    fn a_table_that_contradicts_itself_is_an_error_with_its_line() {
        for (text, expected) in [
            ("token,contact\nA,1\nA,1\nA,2\n", "tokens.csv:4: this token stands for something else already"),
            ("token,contact\nA,1\n,2\n", "tokens.csv:3: no token"),
            ("A,1\nB,2\n", "tokens.csv:2: no token"),
        ] {
            let message = of(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(read(Path::new("nowhere/tokens.csv")).unwrap().is_none());
    }
}
