//! Tracked links: the access logs of the web servers that redirect them, so that a click outside the messenger stands in
//! the contact's history there.
//!
//! It knows how servers log requests. Which requests are clicks, and whose, is said by `[clicks]`.
//!
//! Read are the lines of NGINX and Apache (common, combined, and what begins like them), of load balancers of AWS, and
//! access logs as JSON objects, also where a collector put the line under `message` or `log`.
//!
//! Decisions
//! - *Contact and channel* are the messenger's: message, click and purchase are one history. A link that tells neither
//!   contact nor known token is no event: a click without a contact has no place in a store of contacts.
//! - *Which requests.* A `GET` that a pattern finds and that was answered with 2xx or 3xx. What programs open by
//!   themselves (previews, scanners, prefetching) is ignored by name.
//! - *Duplicates.* A click is known by its time, contact and link; what a token stands for besides may become known later,
//!   and makes no other click of a log that is read again. Neither address nor user agent is kept or hashed, so
//!   two clicks of a contact on a link count once if the log gives them one time, which is often a whole second.
//! - *Answer.* Where the server says where it sent the contact, that address, else the path of the link; both without
//!   their query, and with the names of the link's identifying parts in the place of these.

use std::borrow::Cow;

use super::{Abilities, Ability, Channel, Out, Reason, Record};
use crate::config::LinkPattern;
use crate::event::{Event, Kind, Text};

pub(super) mod address;
mod bots;
mod request;
pub(super) mod tokens;

use request::Request;
pub use tokens::{Token, Tokens};

pub(super) static CHANNEL: Channel = Channel {
    name: "web",
    title: "Tracked links",
    knows_numbers: false,
    kinds: &[Kind::LinkClicked],
    abilities: Abilities {
        sent: Ability::Never,
        delivered: Ability::Never,
        opened: Ability::Never,
        clicked: Ability::LowerBound,
        replied: Ability::Never,
        opted_in: Ability::Never,
        opted_out_soft: Ability::Never,
        opted_out_hard: Ability::Never,
        asked: Ability::Never,
        handed_over: Ability::Never,
        paid: Ability::Never,
    },
    caveats: &[
        "Clicks are filed under the channel and the contact of the message that carried the link; a link that is forwarded counts for the contact to whom it was sent.",
        "Clicks whose link names a campaign but no contact are left out: they belong to nobody's history.",
        "Previews, scanners and other programs are told by their user agent; those that pretend to be a person are counted, and a log in common format has no user agents.",
        "Two clicks of a contact on one link count once if the log gives them the same time, which is often a whole second.",
        "One log must be read, not those of a load balancer and of the server behind it: their times differ, so clicks would count twice.",
        "A permanent redirect (301, 308) may be remembered by the browser, so later clicks are not seen.",
        "Contact ids in links can be guessed, so clicks can be made up; tokens cannot.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    Request::is_logged_in(record.body) || tokens::is_row(record.body)
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if tokens::is_row(record.body) {
        return out.ignore("table_of_tokens");
    }
    match click(record) {
        Ok(Ok(event)) => out.event(event),
        Ok(Err(what)) => out.ignore(what),
        Err(reason) => out.reject(reason),
    }
}

/// The click that a request is, or what else it is.
fn click<'a>(record: &Record<'a>) -> Result<Result<Event<'a>, &'static str>, Reason> {
    let reading = record.reading;
    let clicks = &reading.clicks;
    let request = Request::read(record)?;
    if clicks.url.is_empty() {
        return Err(Reason::MissingField("clicks.url"));
    }
    let place = address::decoded(address::path_and_query(request.target));
    let Some(link) = Link::find(&clicks.url, &place) else { return Ok(Err("other_request")) };
    if let Some(what) = request.is_no_click(&clicks.bots)? {
        return Ok(Err(what));
    }
    let at = request.at?;
    let token = match link.tells("token") {
        Some(token) => Some(reading.token(token)?),
        None => None,
    };
    let known = |part: fn(&tokens::Token) -> &Option<Box<str>>| token.and_then(|token| part(token).as_deref());
    let contact = link.tells("contact").or_else(|| known(|token| &token.contact));
    let Some(contact) = contact else { return Ok(Err("click_without_contact")) };
    let channel = match link.tells("channel") {
        // Anybody can write a link: it must not make up channels.
        Some(name) if super::named(name).is_none() && clicks.channel.as_deref() != Some(name) => {
            return Err(Reason::BadValue("channel"));
        }
        Some(name) => name,
        None => {
            known(|token| &token.channel).or(clicks.channel.as_deref()).ok_or(Reason::MissingField("clicks.channel"))?
        }
    };
    let owned = |text: Option<&str>| -> Option<Text<'a>> { text.map(|text| Cow::Owned(text.to_owned())) };
    let message = link.tells("message").or_else(|| known(|token| &token.message_id));
    let campaign = link.tells("campaign").or_else(|| known(|token| &token.campaign));
    let answer = match request.redirect {
        Some(target) => link.target(target),
        None => link.path(),
    };
    let contact = tokens::contact(channel, Cow::Borrowed(contact))?.into_owned();
    let told = ["message", "campaign", "token"].map(|group| link.tells(group).unwrap_or_default());
    let dedup = [&contact, told[0], told[1], told[2], &link.path()].join("\u{1f}");
    Ok(Ok(Event {
        account: owned(known(|token| &token.account).or(clicks.account.as_deref())),
        reply_to: owned(message),
        campaign: owned(campaign),
        variant: owned(link.tells("variant").or_else(|| known(|token| &token.variant))),
        answer: Some(Cow::Owned(answer)),
        ..Event::new(Kind::LinkClicked, at, channel.to_owned(), contact, dedup)
    }))
}

/// A tracked link that was found in a request.
struct Link<'p> {
    captures: regex::Captures<'p>,
    place: &'p str,
}

impl<'p> Link<'p> {
    /// Groups that say whose link it is.
    const PERSONAL: [&'static str; 3] = ["contact", "message", "token"];

    fn find(patterns: &[LinkPattern], place: &'p str) -> Option<Self> {
        let captures = patterns.iter().find_map(|pattern| pattern.0.captures(place))?;
        Some(Self { captures, place })
    }

    fn tells(&self, group: &str) -> Option<&'p str> {
        self.captures.name(group).map(|found| found.as_str().trim()).filter(|text| !text.is_empty())
    }

    /// Where the server sent the contact, without query and without what says whose link it is.
    fn target(&self, address: &str) -> String {
        let address = address::without_query(address);
        let unnamed = |part| {
            let decoded = address::decoded(part);
            let group = Self::PERSONAL.into_iter().find(|group| self.tells(group) == Some(&*decoded));
            group.map_or(Cow::Borrowed(part), |group| Cow::Owned(format!("{{{group}}}")))
        };
        address.split('/').map(unnamed).collect::<Vec<_>>().join("/")
    }

    /// The path, without what says whose link it is.
    fn path(&self) -> String {
        let path = self.place.split('?').next().unwrap_or_default();
        let mut personal: Vec<_> =
            Self::PERSONAL.into_iter().filter_map(|group| Some((self.captures.name(group)?.range(), group))).collect();
        personal.sort_by_key(|(range, _)| range.start);
        let mut text = String::with_capacity(path.len());
        let mut end = 0;
        for (range, group) in personal {
            let Some(before) = path.get(end..range.start).filter(|_| range.end <= path.len()) else { continue };
            text.extend([before, "{", group, "}"]);
            end = range.end;
        }
        text.push_str(path.get(end..).unwrap_or_default());
        text
    }
}

#[cfg(test)]
mod tests;
