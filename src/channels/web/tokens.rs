//! Contacts as they are known outside the messenger: by the token of a tracked link, or by an id that a website wrote.
//!
//! It knows no file: who reads the table of tokens hands its rows over.

use std::collections::BTreeMap;

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
pub(in crate::channels) fn contact<'a>(channel: &str, id: Text<'a>) -> Text<'a> {
    if channel == whatsapp::CHANNEL.name { whatsapp::digits(id) } else { id }
}
