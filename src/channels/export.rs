//! What exports of chats have in common: who of the two writes for the business, and ids for messages that have none.
//!
//! An export is one person's view of a chat: it names people, not sides. Who is the business follows from
//! `[chat_export] business`, else from whose chat it is: the chat's partner is the contact, and whoever exported it the business.
//! It knows no platform's fields.

use std::collections::BTreeSet;

use super::{Reading, Reason};

/// Who is the contact of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chat {
    /// A chat of two, whose contact has this name; everybody else writes for the business.
    With(String),
    /// A chat of several people, in which nobody is the contact.
    Group,
}

/// Finds the contact among the people of a chat. `people` and `partner` are names as [`name`] gives them; `partner` is
/// whose chat it is, if the export says so.
///
/// # Errors
/// Nothing tells who is the business.
pub(super) fn chat(reading: &Reading, people: &BTreeSet<String>, partner: Option<&str>) -> Result<Chat, Reason> {
    let mut others = people.iter().filter(|person| !is_business(reading, person));
    let (other, more) = (others.next(), others.next().is_some());
    let partner = partner.filter(|partner| !is_business(reading, partner));
    if people.iter().any(|person| is_business(reading, person)) {
        return match (other, partner) {
            (Some(_), _) if more => Ok(Chat::Group),
            (Some(contact), _) => Ok(Chat::With(contact.clone())),
            // Nobody answered.
            (None, Some(partner)) => Ok(Chat::With(partner.to_owned())),
            (None, None) => Err(Reason::MissingField("contact")),
        };
    }
    match partner {
        _ if people.len() > 2 => Ok(Chat::Group),
        Some(partner) if people.contains(partner) || people.len() < 2 => Ok(Chat::With(partner.to_owned())),
        _ => Err(Reason::MissingField("business")),
    }
}

/// Whether the configuration names somebody as writing for the business.
pub(super) fn is_business(reading: &Reading, person: &str) -> bool {
    reading.chat_export.business.iter().any(|business| name(business) == person)
}

/// A name without what exports put around it: marks of direction, blanks, and the `~` before names that are not in the
/// address book.
pub(super) fn name(text: &str) -> String {
    let plain: String =
        text.chars().filter(|char| !is_mark(*char)).map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
    plain.trim().trim_start_matches('~').trim_start().to_owned()
}

/// Whether it is an invisible mark: of the direction of writing, or of the order of bytes.
pub(super) fn is_mark(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A phone number as its digits, any other name as it is.
pub(super) fn contact_id(name: &str) -> String {
    let is_number = name.chars().all(|char| char.is_ascii_digit() || " +-()./".contains(char));
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    if is_number && digits.len() >= 7 { digits } else { name.to_owned() }
}

/// An id for a message that has none, from what tells it apart. A hash, because message ids may be kept where texts may
/// not.
pub(super) fn derived_id(parts: &[&str]) -> String {
    // The separator is a control character that no part holds.
    let hash = blake3::hash(parts.join("\u{1f}").as_bytes()).to_hex();
    hash.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ChatExport;

    fn found(business: &[&str], people: &[&str], partner: Option<&str>) -> Result<Chat, Reason> {
        let business = business.iter().map(|&name| name.to_owned()).collect();
        let reading = Reading { chat_export: ChatExport { business, ..ChatExport::default() }, ..Reading::default() };
        chat(&reading, &people.iter().map(|person| name(person)).collect(), partner)
    }

    #[test]
    fn the_contact_is_who_is_not_the_business() {
        let anna = Ok(Chat::With("Anna".into()));
        assert_eq!(found(&["Lumio GmbH"], &["Lumio GmbH", "Anna"], None), anna);
        assert_eq!(found(&["\u{200e}~ Lumio GmbH "], &["~\u{a0}Lumio GmbH", "Anna"], None), anna);
        assert_eq!(found(&["Lumio"], &["Lumio"], Some("Anna")), anna);
        assert_eq!(found(&["Lumio"], &["Lumio"], None), Err(Reason::MissingField("contact")));
        assert_eq!(found(&["Lumio"], &["Lumio", "Anna", "Ole"], Some("Anna")), Ok(Chat::Group));
    }

    #[test]
    fn without_a_name_of_the_business_whose_chat_it_is_decides() {
        let anna = Ok(Chat::With("Anna".into()));
        assert_eq!(found(&[], &["Lumio GmbH", "Anna"], Some("Anna")), anna);
        assert_eq!(found(&[], &["Lumio GmbH"], Some("Anna")), anna);
        assert_eq!(found(&["Other"], &["Lumio GmbH", "Anna"], Some("Anna")), anna);
    }

    #[test]
    fn nobody_is_taken_for_the_business_by_chance() {
        let unknown = Err(Reason::MissingField("business"));
        assert_eq!(found(&[], &["Lumio GmbH", "Anna"], None), unknown);
        assert_eq!(found(&["Other"], &["Anna"], None), unknown);
        assert_eq!(found(&[], &["Lumio GmbH", "Anna"], Some("Annika")), unknown);
        assert_eq!(found(&[], &["Lumio GmbH", "Anna", "Ole"], None), Ok(Chat::Group));
    }

    #[test]
    fn a_phone_number_is_its_digits_and_a_name_with_digits_is_a_name() {
        assert_eq!(contact_id(&name("\u{202a}+49\u{a0}170 123-45 67\u{202c}")), "491701234567");
        assert_eq!(contact_id("Anna 2"), "Anna 2");
        assert_eq!(contact_id("112"), "112");
    }
}
