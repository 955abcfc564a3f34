//! WeCom (WeChat Work): the callbacks of a corporation's apps and of its external contacts.
//!
//! It knows what only WeCom sends: cards with questions, external contacts, the corporation's own affairs. What WeChat
//! sends alike is in `weixin`. Format: WeCom's references of messages, events and customer contact.
//!
//! The contact is the user id of a member or the id of an external contact. The account is the corporation and its app
//! (`ww…/1000002`), because each app has a chat of its own; for external contacts it is the corporation and the member
//! who knows them.

use std::borrow::Cow;

use super::weixin::{self, Callback, items};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Kind, Text};

const NAME: &str = "wecom";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "WeCom",
    knows_numbers: false,
    kinds: &[
        Kind::OptedIn,
        Kind::LinkClicked,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::QuestionAnswered,
        Kind::OptedOutSoft,
        Kind::OptedOutHard,
    ],
    abilities: Abilities {
        sent: Ability::NeedsSendLog,
        delivered: Ability::Never,
        opened: Ability::Never,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::LowerBound,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Never,
        paid: Ability::Never,
    },
    caveats: &[
        "WeCom reports neither what an app sent nor deliveries nor reads.",
        "Contacts are members by their user id, and external contacts by theirs; the two are not joined.",
        "Clicks are those on an app's menu and on cards; links inside of messages are not reported.",
        "Answers given on a card name the question by the key that the business wrote into the card.",
        "Opting in is joining an app, or adding a member as external contact; opting out is leaving the app, or deleting the member.",
        "What customers write to a customer service account is announced (kf_msg_or_event) but not told, so it is left out.",
        "Locations that phones report by themselves are no engagement and are left out.",
        "Times are whole seconds.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    weixin::is_callback(record.body, true)
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if let Err(reason) = Callback::read(record, NAME).and_then(|callback| read(&callback, out)) {
        out.reject(reason);
    }
}

fn read(callback: &Callback<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let account = account(callback, callback.word("AgentID"));
    if callback.message_type != "event" {
        return callback.message(&account, out);
    }
    if callback.menu(&account, out) {
        return Ok(());
    }
    match &*callback.event {
        "" => return Err(Reason::MissingField("Event")),
        "subscribe" => out.event(callback.event(Kind::OptedIn, &account, "")),
        "unsubscribe" => out.event(callback.event(Kind::OptedOutHard, &account, "")),
        "template_card_event" | "template_card_menu_event" | "taskcard_click" => card(callback, &account, out),
        "change_external_contact" => external_contact(callback, out)?,
        "location" => out.ignore("location"),
        "enter_agent" => out.ignore("enter_agent"),
        "change_contact" => out.ignore("change_contact"),
        "batch_job_result" => out.ignore("batch_job_result"),
        "book_meeting_room" | "cancel_meeting_room" => out.ignore("meeting_room"),
        "change_external_chat" => out.ignore("change_external_chat"),
        "change_external_tag" => out.ignore("change_external_tag"),
        "kf_msg_or_event" => out.ignore("kf_msg_or_event"),
        "living_status_change" => out.ignore("living_status_change"),
        "msgaudit_notify" => out.ignore("msgaudit_notify"),
        "open_approval_change" | "sys_approval_change" => out.ignore("approval_change"),
        schedule if schedule.ends_with("_schedule") => out.ignore("schedule"),
        calendar if calendar.ends_with("_calendar") => out.ignore("calendar"),
        _ => out.ignore("unknown_event"),
    }
    Ok(())
}

/// The corporation and who or what of it the contact deals with.
fn account<'a>(callback: &Callback<'a>, whom: Option<Text<'a>>) -> Text<'a> {
    match whom {
        Some(whom) => Cow::Owned(format!("{}/{whom}", callback.receiver)),
        None => callback.receiver.clone(),
    }
}

/// A tap on a card, with the answers to the questions on it.
fn card<'a>(callback: &Callback<'a>, account: &Text<'a>, out: &mut Out<'_>) {
    let task = callback.word("TaskId");
    let key = callback.word("EventKey");
    let name =
        |rest: &str| format!("{}:{}:{rest}", task.as_deref().unwrap_or_default(), key.as_deref().unwrap_or_default());
    let mut tap = callback.event(Kind::ButtonClicked, account, &name(""));
    tap.message_type = callback.word("CardType").or_else(|| Some(Cow::Owned(callback.event.clone())));
    tap.answer.clone_from(&key);
    tap.tag.clone_from(&task);
    out.event(tap);
    let selected = items(callback.fields.get("SelectedItems").get("SelectedItem"));
    for (item, sequence) in selected.iter().zip(0..) {
        let Some(question) = json::text(item.get("QuestionKey")) else {
            out.reject(Reason::MissingField("QuestionKey"));
            continue;
        };
        let mut event = callback.event(Kind::QuestionAnswered, account, &name(&question));
        event.question = Some(question);
        let options: Vec<&str> =
            items(item.get("OptionIds").get("OptionId")).iter().filter_map(Value::as_str).collect();
        event.answer = (!options.is_empty()).then(|| Cow::Owned(options.join(",")));
        event.sequence = sequence;
        out.event(event);
    }
}

/// `change_external_contact`: somebody outside added a member of the corporation, or deleted them.
fn external_contact(callback: &Callback<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let change = json::required(callback.fields.get("ChangeType"), "ChangeType")?;
    let kind = match &*change {
        "add_external_contact" => Kind::OptedIn,
        "del_follow_user" => Kind::OptedOutHard,
        // A member added or deleted somebody, or edited a note about them.
        _ => {
            out.ignore("change_external_contact");
            return Ok(());
        }
    };
    let contact = json::required(callback.fields.get("ExternalUserID"), "ExternalUserID")?;
    let account = account(callback, callback.word("UserID"));
    let mut event = callback.event(kind, &account, &format!("{change}:{contact}"));
    event.contact = contact;
    event.topic = callback.word("State");
    out.event(event);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::weixin::tests::{check, ends, seen_whole};
    use super::super::{Arena, Reading, wechat, xml};
    use super::*;

    const APP: &str = "<ToUserName>ww1</ToUserName><FromUserName>jule</FromUserName><AgentID>5</AgentID>";

    #[test]
    fn each_app_is_an_account_of_its_own() {
        check(
            &CHANNEL,
            &format!("{APP}<MsgType>text</MsgType><Content>Hallo</Content><MsgId>9007199254740993</MsgId>"),
            &["1700000000 message_received jule account=ww1/5 id=9007199254740993 type=text text=Hallo"],
        );
        check(
            &CHANNEL,
            &format!("{APP}<Event>click</Event><EventKey>k</EventKey>"),
            &["1700000000 button_clicked jule account=ww1/5 type=click answer=k"],
        );
    }

    #[test]
    fn joining_an_app_opts_in_and_leaving_it_opts_out() {
        check(&CHANNEL, &format!("{APP}<Event>subscribe</Event>"), &["1700000000 opted_in jule account=ww1/5"]);
        check(&CHANNEL, &format!("{APP}<Event>unsubscribe</Event>"), &["1700000000 opted_out_hard jule account=ww1/5"]);
    }

    #[test]
    fn a_card_is_tapped_and_answers_its_questions() {
        let item = |question: &str, options: &[&str]| {
            let options: Vec<String> = options.iter().map(|option| format!("<OptionId>{option}</OptionId>")).collect();
            let options = options.concat();
            format!(
                "<SelectedItem><QuestionKey>{question}</QuestionKey><OptionIds>{options}</OptionIds></SelectedItem>"
            )
        };
        let card = |items: &str| {
            format!(
                "{APP}<Event>template_card_event</Event><EventKey>send</EventKey><TaskId>t7</TaskId>
                <CardType>vote_interaction</CardType><SelectedItems>{items}</SelectedItems>"
            )
        };
        let tap = "1700000000 button_clicked jule account=ww1/5 type=vote_interaction answer=send tag=t7";
        let q1 = "1700000000 question_answered jule account=ww1/5 question=q1 answer=a";
        let q2 = "1700000000 question_answered jule account=ww1/5 question=q2 answer=b,c";
        check(&CHANNEL, &card(&item("q1", &["a"])), &[tap, q1]);
        check(&CHANNEL, &card(&(item("q1", &["a"]) + &item("q2", &["b", "c"]))), &[tap, q1, q2]);
        check(&CHANNEL, &card(""), &[tap]);
    }

    #[test]
    fn people_outside_add_and_delete_a_member() {
        let change = |change: &str| {
            format!(
                "<ToUserName>ww1</ToUserName><FromUserName>sys</FromUserName><Event>change_external_contact</Event>
                <ChangeType>{change}</ChangeType><UserID>jule</UserID><ExternalUserID>wm7</ExternalUserID><State>fair</State>"
            )
        };
        let at = "account=ww1/jule topic=fair";
        check(&CHANNEL, &change("add_external_contact"), &[&format!("1700000000 opted_in wm7 {at}")]);
        check(&CHANNEL, &change("del_follow_user"), &[&format!("1700000000 opted_out_hard wm7 {at}")]);
        check(&CHANNEL, &change("edit_external_contact"), &["ignored change_external_contact"]);
    }

    #[test]
    fn the_corporations_own_affairs_are_ignored_by_their_name() {
        for (event, what) in [
            ("change_contact", "change_contact"),
            ("batch_job_result", "batch_job_result"),
            ("add_schedule", "schedule"),
            ("delete_calendar", "calendar"),
            ("book_meeting_room", "meeting_room"),
            ("kf_msg_or_event", "kf_msg_or_event"),
        ] {
            check(&CHANNEL, &format!("<Event>{event}</Event>"), &[&format!("ignored {what}")]);
        }
        for (event, what) in [("LOCATION", "location"), ("enter_agent", "enter_agent"), ("new", "unknown_event")] {
            check(&CHANNEL, &format!("{APP}<Event>{event}</Event>"), &[&format!("ignored {what}")]);
        }
    }

    #[test]
    fn a_callback_is_of_wechat_or_of_wecom_and_never_of_both() {
        for (fields, is_wecom) in [
            ("<MsgType>text</MsgType><AgentID>0</AgentID>", true),
            ("<MsgType>text</MsgType>", false),
            ("<MsgType>event</MsgType><Event>Add_Schedule</Event>", true),
            ("<MsgType>event</MsgType><Event>subscribe</Event>", false),
            ("<Encrypt>AAAA</Encrypt><AgentID/>", true),
            ("<Encrypt>AAAA</Encrypt>", false),
        ] {
            let arena = Arena::default();
            let body = xml::parse(&format!("<xml><ToUserName>t</ToUserName>{fields}</xml>"), &arena).unwrap();
            let reading = Reading::default();
            let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
            assert_eq!((wechat::CHANNEL.recognises)(&record), !is_wecom, "{fields}");
            assert_eq!(recognises(&record), is_wecom, "{fields}");
        }
    }

    #[test]
    fn broken_bodies_are_refused_for_what_is_wrong_with_them() {
        assert_eq!(
            ends(&CHANNEL, include_str!("../../sample-data/wecom/broken.ndjson")),
            [
                "rejected bad_time:CreateTime",
                "rejected bad_time:CreateTime",
                "rejected missing_field:CreateTime",
                "rejected missing_field:FromUserName",
                "rejected missing_field:ToUserName",
                "rejected missing_field:MsgId",
                "rejected missing_field:Event",
                "rejected missing_field:MsgType",
                "ignored unknown_message",
                "ignored unknown_event",
                "rejected missing_field:ChangeType",
                "rejected missing_field:ExternalUserID",
                "rejected missing_field:QuestionKey",
                "rejected encrypted",
                "rejected not_xml",
                "rejected not_xml",
                "rejected not_xml",
            ]
        );
        assert_eq!(seen_whole(&CHANNEL, "<xml><a>1</a></xml>"), ["not recognised"]);
    }
}
