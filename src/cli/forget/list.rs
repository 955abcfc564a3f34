//! Lists of people: a channel and an id on each line, with or without a heading. Mistakes are told by their line, never by what
//! stands there.

use std::path::Path;

use crate::error::{Error, Result};

/// Somebody as a channel knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) channel: String,
    /// As the platform gives it, or the pseudonym.
    pub(super) id: String,
}

/// What a heading may call the id.
const IDS: [&str; 3] = ["contact_id", "contact", "id"];

/// Reads a list.
///
/// # Errors
/// A line names no channel or no id.
pub(super) fn people(text: &str, path: &Path) -> Result<Vec<Person>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let (mut channel, mut id) = (0, 1);
    let mut people = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let refused = || Error::Usage(format!("record {} of '{}' names no channel and id", number + 1, path.display()));
        let record = record.map_err(|_| refused())?;
        let place = |names: &[&str]| record.iter().position(|cell| names.contains(&cell));
        if let (0, Some(channels), Some(ids)) = (number, place(&["channel"]), place(&IDS)) {
            (channel, id) = (channels, ids);
            continue;
        }
        let cell = |place| record.get(place).filter(|cell| !cell.is_empty()).map(str::to_owned).ok_or_else(refused);
        people.push(Person { channel: cell(channel)?, id: cell(id)? });
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>> {
        let found = people(text, Path::new("list.csv"))?;
        Ok(found.into_iter().map(|person| (person.channel, person.id)).collect())
    }

    #[test]
    fn lists_with_and_without_a_heading_name_the_same_people() {
        let expected = vec![("sms".to_owned(), "1".to_owned()), ("web".to_owned(), "a,b".to_owned())];
        assert_eq!(read("sms,1\nweb,\"a,b\"\n").unwrap(), expected);
        assert_eq!(read("\u{feff}contact_id,account,channel\r\n1,x,sms\r\n\"a,b\",,web\r\n").unwrap(), expected);
    }

    #[test]
    fn a_mistake_is_told_by_its_line_and_not_by_what_stands_there() {
        let error = read("sms,1\n4915112345678\n").unwrap_err().to_string();
        assert!(error.contains("record 2 of 'list.csv'") && !error.contains("49151"), "{error}");
    }
}
