//! What WeChat and WeCom share: one XML element per callback, whose `MsgType` says whether it is a message or an event.
//!
//! It knows messages, menus and addresses of pages; events that only one of the two sends are read there. Format: the
//! callback references of WeChat's official accounts and of WeCom, which write the same element, or the same fields as
//! JSON where an account is set up for it.

use std::borrow::Cow;

use super::{Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time};

/// Messages that a person can send.
const MESSAGES: &[&str] =
    &["text", "image", "voice", "video", "shortvideo", "location", "link", "file", "miniprogrampage"];

/// Events that only WeCom sends, and without naming an app.
const WECOM_EVENTS: &[&str] = &[
    "batch_job_result",
    "book_meeting_room",
    "cancel_meeting_room",
    "change_contact",
    "change_external_chat",
    "change_external_contact",
    "change_external_tag",
    "kf_msg_or_event",
    "living_status_change",
    "msgaudit_notify",
    "open_approval_change",
    "sys_approval_change",
];
/// What those about calendars end with.
const WECOM_ENDINGS: &[&str] = &["_schedule", "_calendar"];

/// A callback, with what all its events have in common.
pub(super) struct Callback<'a> {
    /// Value of the `channel` column.
    channel: &'static str,
    /// The element's fields.
    pub(super) fields: &'a Value<'a>,
    /// Who receives: the account, or the corporation.
    pub(super) receiver: Text<'a>,
    /// Who sends: the contact, nearly always.
    pub(super) sender: Text<'a>,
    /// `MsgType` in lower case.
    pub(super) message_type: String,
    /// `Event` in lower case, which WeChat itself does not keep to; empty if it is a message.
    pub(super) event: String,
    at: Time,
}

/// The fields of a callback, if the body looks like one.
fn fields<'a>(body: &'a Value<'a>) -> Option<&'a Value<'a>> {
    let fields = if body.get("xml").is_object() { body.get("xml") } else { body };
    let is_callback = json::has(fields, "ToUserName")
        && ["FromUserName", "MsgType", "Encrypt"].iter().any(|key| json::has(fields, key));
    is_callback.then_some(fields)
}

/// Whether a body is a callback, and of WeCom if `wecom`. WeCom names the app in nearly all that it sends, and WeChat
/// never does; the rest are events that only WeCom has.
pub(super) fn is_callback(body: &Value<'_>, wecom: bool) -> bool {
    fields(body).is_some_and(|fields| {
        let is_wecom = json::has(fields, "AgentID")
            || fields.get("Event").as_str().is_some_and(|event| {
                let event = event.trim().to_ascii_lowercase();
                WECOM_EVENTS.contains(&&*event) || WECOM_ENDINGS.iter().any(|ending| event.ends_with(ending))
            });
        is_wecom == wecom
    })
}

/// The elements of a list: XML writes a list of one without saying that it is a list.
pub(super) fn items<'a>(list: &'a Value<'a>) -> &'a [Value<'a>] {
    match list {
        Value::Null => &[],
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

/// An address without what follows its path and without credentials: those may tell who the contact is.
pub(super) fn page(address: &str) -> Text<'_> {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = address.split_once("://") else { return Cow::Borrowed(address) };
    let host = rest.split('/').next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((credentials, _)) => {
            let rest = rest.strip_prefix(credentials).and_then(|rest| rest.strip_prefix('@')).unwrap_or_default();
            Cow::Owned(format!("{scheme}://{rest}"))
        }
        None => Cow::Borrowed(address),
    }
}

impl<'a> Callback<'a> {
    /// Reads what every callback has.
    ///
    /// # Errors
    /// The body is encrypted and nothing else, a party is missing, or there is no believable `CreateTime`.
    pub(super) fn read(record: &'a Record<'a>, channel: &'static str) -> Result<Self, Reason> {
        let fields = fields(record.body).ok_or(Reason::UnknownShape)?;
        // Accounts in compatible mode get both: what is encrypted says the same again.
        if json::has(fields, "Encrypt") && !json::has(fields, "MsgType") {
            return Err(Reason::Encrypted);
        }
        let lower = |key| fields.get(key).as_str().unwrap_or_default().trim().to_ascii_lowercase();
        Ok(Self {
            channel,
            fields,
            receiver: json::required(fields.get("ToUserName"), "ToUserName")?,
            sender: json::required(fields.get("FromUserName"), "FromUserName")?,
            message_type: match lower("MsgType") {
                blank if blank.is_empty() => return Err(Reason::MissingField("MsgType")),
                message_type => message_type,
            },
            event: lower("Event"),
            at: json::time(fields.get("CreateTime"), "CreateTime", record.reading.zone())?,
        })
    }

    /// A field that is text.
    pub(super) fn word(&self, name: &str) -> Option<Text<'a>> {
        json::text(self.fields.get(name))
    }

    /// `MsgId`, whose last letter is written both ways.
    pub(super) fn message_id(&self) -> Result<Text<'a>, Reason> {
        message_id(self.fields)
    }

    /// An event of the sender. Callbacks of events have no id: sender, time, event and `key` are what every copy has.
    pub(super) fn event(&self, kind: Kind, account: &Text<'a>, key: &str) -> Event<'a> {
        let dedup = format!("{}:{}:{key}", self.sender, self.event);
        let mut event = Event::new(kind, self.at, self.channel, self.sender.clone(), dedup);
        event.account = Some(account.clone());
        event
    }

    /// A message that the contact sent. One that chose an entry of a menu message is a tap on it.
    pub(super) fn message(&self, account: &Text<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let Some(message_type) = MESSAGES.iter().find(|known| **known == self.message_type) else {
            out.ignore(if self.message_type.starts_with("device_") { "device_message" } else { "unknown_message" });
            return Ok(());
        };
        let id = self.message_id()?;
        let entry = self.word("bizmsgmenuid");
        let kind = if entry.is_some() { Kind::ButtonClicked } else { Kind::MessageReceived };
        let mut event = Event::new(kind, self.at, self.channel, self.sender.clone(), id.clone());
        event.account = Some(account.clone());
        event.message_id = Some(id);
        event.message_type = Some(Cow::Borrowed(if entry.is_some() { "menu" } else { message_type }));
        event.answer = entry;
        // What WeChat heard in a voice message stands in `Recognition`.
        event.text = self.word("Content").or_else(|| self.word("Recognition"));
        out.event(event);
        Ok(())
    }

    /// Events of the menu below the conversation, the same on both platforms. Returns whether it was one.
    pub(super) fn menu(&self, account: &Text<'a>, out: &mut Out<'_>) -> bool {
        let key = self.fields.get("EventKey").as_str().unwrap_or_default().trim();
        let (kind, answer) = match &*self.event {
            "view" => (Kind::LinkClicked, page(key)),
            "view_miniprogram" => (Kind::ButtonClicked, page(key)),
            "click" | "scancode_push" | "scancode_waitmsg" | "pic_sysphoto" | "pic_photo_or_album" | "pic_weixin"
            | "location_select" => (Kind::ButtonClicked, Cow::Borrowed(key)),
            _ => return false,
        };
        let mut event = self.event(kind, account, key);
        event.message_type = Some(Cow::Owned(self.event.clone()));
        event.answer = Some(answer).filter(|answer| !answer.is_empty());
        out.event(event);
        true
    }
}

/// `MsgId` or `MsgID` of an element.
pub(super) fn message_id<'a>(fields: &'a Value<'a>) -> Result<Text<'a>, Reason> {
    fields
        .as_object()
        .and_then(|fields| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("msgid")))
        .and_then(|(_, id)| json::text(id))
        .ok_or(Reason::MissingField("MsgId"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::reading::lines_of;
    use super::super::{Arena, Channel, Reading, parse, xml};
    use super::*;

    /// What the channel makes of an element whose common fields are filled in where they are not written.
    pub(in super::super) fn seen(channel: &Channel, fields: &str) -> Vec<String> {
        let mut element = fields.to_owned();
        for (name, value) in
            [("ToUserName", "gh_1"), ("FromUserName", "o7"), ("CreateTime", "1700000000"), ("MsgType", "event")]
        {
            if !element.contains(&format!("<{name}>")) {
                element = format!("<{name}>{value}</{name}>{element}");
            }
        }
        seen_whole(channel, &format!("<xml>{element}</xml>"))
    }

    /// What the channel makes of a body: an element, or JSON.
    pub(in super::super) fn seen_whole(channel: &Channel, text: &str) -> Vec<String> {
        let arena = Arena::default();
        let body = if text.starts_with('<') { xml::parse(text, &arena) } else { parse(text, &arena) };
        let body = match &body {
            Ok(body) if (channel.recognises)(&record(body, &arena, &Reading::default())) => body,
            Ok(_) => return vec!["not recognised".to_owned()],
            Err(reason) => return vec![format!("rejected {}", reason.code())],
        };
        lines_of(channel, &record(body, &arena, &Reading::default()))
    }

    fn record<'a>(body: &'a Value<'a>, arena: &'a Arena, reading: &'a Reading) -> Record<'a> {
        Record { body, received_at: None, source: "test", reading, arena }
    }

    /// Of each line of a log, the last thing that is said about the body in it.
    pub(in super::super) fn ends(channel: &Channel, log: &str) -> Vec<String> {
        let arena = Arena::default();
        let end = |line: &str| {
            let line = parse(line, &arena).unwrap();
            seen_whole(channel, line.get("body").as_str().unwrap()).pop().unwrap()
        };
        log.lines().map(end).collect()
    }

    #[track_caller]
    pub(in super::super) fn check(channel: &Channel, fields: &str, expected: &[&str]) {
        assert_eq!(seen(channel, fields), expected, "{fields}");
    }

    #[test]
    fn of_an_address_the_page_is_kept_and_what_may_name_a_person_is_not() {
        for (address, expected) in [
            ("https://shop.example/fr%C3%BChling?openid=o1#top", "https://shop.example/fr%C3%BChling"),
            ("https://jule:geheim@shop.example/a", "https://shop.example/a"),
            ("https://shop.example/@jule", "https://shop.example/@jule"),
            ("www.example.com", "www.example.com"),
            ("pages/index?user=7", "pages/index"),
            ("", ""),
        ] {
            assert_eq!(page(address), expected, "{address}");
        }
    }
}
