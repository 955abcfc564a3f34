//! Contacts as they are known outside the messenger: by the token of a tracked link, or by an id that a website wrote.
//!
//! It knows no file: who reads the table of tokens hands its rows over.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::channels::export::is_mark;
use crate::channels::generic::cell;
use crate::channels::{Reason, Value, whatsapp};
use crate::event::Text;

/// The columns of a table of tokens.
const COLUMNS: [&str; 7] = ["token", "contact", "message_id", "campaign", "variant", "channel", "account"];

/// What a token stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// The contact, as the channel calls them.
    pub contact: Option<Box<str>>,
    /// The message that carried the link.
    pub message_id: Option<Box<str>>,
    /// The message's campaign.
    pub campaign: Option<Box<str>>,
    /// The campaign's variant.
    pub variant: Option<Box<str>>,
    /// The messenger.
    pub channel: Option<Box<str>>,
    /// The business's endpoint there.
    pub account: Option<Box<str>>,
}

/// A table of tokens. All of it is in memory, some 200 bytes a token.
#[derive(Clone, Debug, Default)]
pub struct Tokens(BTreeMap<Box<str>, Token>);

impl Tokens {
    /// Adds a row of the table; other columns are left alone.
    ///
    /// # Errors
    /// The row has no token, or one that stands for something else already.
    pub fn add(&mut self, row: &Value<'_>) -> Result<(), Reason> {
        let [token, contact, message_id, campaign, variant, channel, account] =
            COLUMNS.map(|column| cell(row, column).map(|text| Box::from(&*text)));
        let token = token.ok_or(Reason::MissingField("token"))?;
        let meant = Token { contact, message_id, campaign, variant, channel, account };
        match self.0.get(&token) {
            Some(known) if *known != meant => Err(Reason::BadValue("token")),
            Some(_) => Ok(()),
            None => {
                self.0.insert(token, meant);
                Ok(())
            }
        }
    }

    /// What a token stands for. Tokens are compared letter by letter.
    #[must_use]
    pub fn get(&self, token: &str) -> Option<&Token> {
        self.0.get(token)
    }
}

/// Whether a record is a row of such a table and nothing else: a folder of logs often holds its tokens too.
pub(super) fn is_row(body: &Value<'_>) -> bool {
    body.as_object().is_some_and(|row| {
        row.get("token").is_some() && row.iter().count() > 1 && row.keys().all(|key| COLUMNS.contains(&key))
    })
}

/// The id of a contact as the channel's own logs write it, so that both are one contact.
///
/// # Errors
/// A spreadsheet has rounded the id, or it is a telephone number without its country. Either would file what this contact
/// did under somebody else, or nobody.
pub(in crate::channels) fn contact<'a>(channel: &str, id: Text<'a>) -> Result<Text<'a>, Reason> {
    if is_rounded(&id) {
        return Err(Reason::BadValue("contact"));
    }
    // Columns with gaps become floats in many programs.
    let id = match id.strip_suffix(".0") {
        Some(number) if is_number(number) => Cow::Owned(number.to_owned()),
        _ => id,
    };
    if channel != whatsapp::CHANNEL.name {
        return Ok(id);
    }
    let id = if id.bytes().all(|byte| byte.is_ascii_digit()) { id } else { Cow::Owned(plain(&id)) };
    // `+49 (0)151 …`: the zero is dialled only inside the country.
    let is_international = id.starts_with('+') || id.starts_with("00");
    let id = if is_international && id.contains("(0)") { Cow::Owned(id.replacen("(0)", "", 1)) } else { id };
    let digits = whatsapp::digits(id);
    match digits.strip_prefix('0').filter(|_| is_number(&digits)) {
        None => Ok(digits),
        Some(rest) => match rest.strip_prefix('0') {
            Some(number) if !number.starts_with('0') && !number.is_empty() => Ok(Cow::Owned(number.to_owned())),
            _ => Err(Reason::BadValue("contact")),
        },
    }
}

/// Without the marks of direction that address books put around numbers; what parts their digits is a blank.
fn plain(id: &str) -> String {
    let is_gap = |char: char| char.is_whitespace() || matches!(char, '/' | '\u{2010}'..='\u{2013}');
    let plain = id.chars().filter(|char| !is_mark(*char)).map(|char| if is_gap(char) { ' ' } else { char });
    plain.collect::<String>().trim().to_owned()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a spreadsheet wrote a number by its first digits only: `4.91511E+11`, `4,91511E+11`.
fn is_rounded(text: &str) -> bool {
    let parts = text.split_once(['E', 'e']).and_then(|(digits, power)| Some((digits, power.strip_prefix('+')?)));
    parts.is_some_and(|(digits, power)| {
        let (whole, places) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
        [whole, places, power].into_iter().all(is_number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_contact_however_tables_write_it() {
        for id in [
            "491511234567",
            "+49 151 1234567",
            "0049 151-1234567",
            "+49 (0)151 1234567",
            "+49\u{a0}151/12\u{2011}34567",
            "\u{202a}+49 151 1234567\u{202c}",
            "491511234567.0",
        ] {
            assert_eq!(contact("whatsapp", id.into()).as_deref(), Ok("491511234567"), "{id}");
        }
        for id in ["DE.10203040", "anna@lumio.example", "0151 by phone", "1.5"] {
            assert_eq!(contact("telegram", id.into()).as_deref(), Ok(id));
        }
        assert_eq!(contact("telegram", "12345.0".into()).as_deref(), Ok("12345"));
        assert_eq!(contact("telegram", "0151".into()).as_deref(), Ok("0151"));
    }

    #[test]
    fn a_number_that_lost_digits_is_nobodys() {
        for id in ["4.91511E+11", "4,91511e+11", "5E+11"] {
            assert_eq!(contact("telegram", id.into()), Err(Reason::BadValue("contact")), "{id}");
        }
        for id in ["0151 1234567", "0", "00", "000491511"] {
            assert_eq!(contact("whatsapp", id.into()), Err(Reason::BadValue("contact")), "{id}");
        }
    }
}
