//! Instagram messaging: webhook bodies of a professional account.
//!
//! It knows what Messenger does not have: reads by message id, stories, comments. What both have is in `meta`.
//! Format: Meta's references of webhooks for the Instagram Platform and for Instagram Messaging.
//!
//! Decisions
//! - *Reads.* `read` names the message that was read last. It opens this message and, as a watermark, all earlier ones,
//!   see [`Part::seen`]. There are no delivery receipts; what was opened was delivered.
//! - *Stories.* An answer to a story and a mention in a story are messages of the contact, told apart by their
//!   `message_type`. The addresses of stories expire and are not kept.
//! - *Echoes.* They come among the messages and name no app, as a rule; then nobody says whether a bot or a person wrote.
//! - *Bodies without `object`*, as relays write them, are Instagram's if the account's id is, see
//!   [`meta::is_of_instagram`]; others are taken for Messenger's, unless the channel is given by hand.

use super::meta::{self, Part, Place, Platform};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::Kind;

static PLATFORM: Platform = Platform { name: "instagram", sender_without_app: None };

pub(super) static CHANNEL: Channel = Channel {
    name: PLATFORM.name,
    title: "Instagram",
    knows_numbers: false,
    kinds: &[
        Kind::Referral,
        Kind::OptedIn,
        Kind::ReactionReceived,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::MessageSent,
        Kind::MessageOpened,
        Kind::OpenedUpTo,
    ],
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Never,
        opened: Ability::LowerBound,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::LowerBound,
        paid: Ability::Never,
    },
    caveats: &[
        "Instagram reports no deliveries: a message was delivered for certain only where it was opened.",
        "A read receipt names one message; it and everything sent before the reading count as opened at that time.",
        "Opens are a lower bound: contacts can switch read receipts off, and reading needs the field messaging_seen.",
        "Sent messages are seen as echoes among the messages; sends that were refused are not reported.",
        "Echoes seldom say which app sent them; those that name none count as written by nobody known, those from \
         Meta's inbox or on standby as written by people, all others as written by the bot.",
        "Answers to stories and mentions in stories are messages of the contact (message types story_reply and \
         story_mention).",
        "Comments and mentions in posts are public, carry no conversation and are left out.",
        "Taps on URL buttons are not reported; postbacks, ice breakers and quick replies are.",
        "Instagram reports neither blocks nor, apart from recurring notifications, opt-outs; a written stop is recognised \
         by its words.",
        "A message that the contact takes back stays counted; one taken back in the browser is not even reported.",
        "A conversation passed to another app than Meta's inbox counts as handed to a bot, even if people work in that app.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    match record.body.get("object") {
        Value::Str(object) => *object == PLATFORM.name,
        Value::Null => meta::is_of_instagram(record.body) == Some(true),
        _ => false,
    }
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    meta::parts(record, &PLATFORM, out, part);
}

/// A part of the envelope. Its kind is a key beside the parties; there is one, but nothing forbids several.
fn part(part: &Part<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let Some(object) = part.body.as_object() else {
        return Err(Reason::BadValue("messaging"));
    };
    if let Place::Change(field) = part.place
        && !part.body.get("sender").is_object()
    {
        out.ignore(change(field));
        return Ok(());
    }
    // A field without a value is what a serializer made of a field that is not there.
    for (key, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        if part.shared(key, value, out)? {
            continue;
        }
        match key {
            "read" => part.seen(json::required(value.get("mid"), "mid")?, out)?,
            _ => out.ignore("unknown_event"),
        }
    }
    Ok(())
}

/// What happened in public or to the account: the field's name.
fn change(field: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "comments",
        "live_comments",
        "mentions",
        "story_insights",
        "story_reactions",
        "share_to_feed",
        "follow",
        "business_account",
        "creator_marketplace_projects",
    ];
    KNOWN.iter().find(|&&known| known == field).copied().unwrap_or("unknown_change")
}

#[cfg(test)]
mod tests {
    use super::CHANNEL;
    use crate::channels::reading::{self, lines};
    use crate::channels::{ALL, Arena, Reading, Record, value};
    use crate::event::Time;

    #[track_caller]
    fn check(json: &str, expected: &[&str]) {
        reading::check(&CHANNEL, json, expected);
    }

    fn account(place: &str, part: &str) -> String {
        format!(r#"{{"object":"instagram","entry":[{{"id":20,"time":1700000009,"{place}":[{part}]}}]}}"#)
    }

    /// A part from contact 7 to account 20 at 1700000000.
    fn inbound(part: &str) -> String {
        let parties = r#""sender":{"id":7},"recipient":{"id":"20"},"timestamp":1700000000000"#;
        account("messaging", &format!("{{{parties},{part}}}"))
    }

    fn echo(place: &str, message: &str) -> String {
        let parties = r#""sender":{"id":"20"},"recipient":{"id":"7"},"timestamp":1700000000000"#;
        account(place, &format!(r#"{{{parties},"message":{{"mid":"m1","is_echo":true,"text":"Hallo"{message}}}}}"#))
    }

    #[test]
    fn what_the_contact_writes_and_taps_is_told_once() {
        for (part, line) in [
            (
                r#""message":{"mid":"m1","text":"Hi","reply_to":{"mid":"m0"}}"#,
                "message_received 7 account=20 id=m1 re=m0 type=text text=Hi",
            ),
            (
                r#""message":{"mid":"m1","text":"Ja","quick_reply":{"payload":"yes"}}"#,
                "button_clicked 7 account=20 id=m1 type=quick_reply answer=yes text=Ja",
            ),
            (
                r#""postback":{"mid":"m1","title":"Preise","payload":"PRICES"}"#,
                "button_clicked 7 account=20 id=m1 type=postback answer=PRICES text=Preise",
            ),
            (r#""message":{"mid":"m1","is_unsupported":true}"#, "message_received 7 account=20 id=m1 type=unsupported"),
            (
                r#""reaction":{"mid":"m0","action":"react","reaction":"love","emoji":"❤"}"#,
                "reaction_received 7 account=20 re=m0 type=reaction answer=❤",
            ),
        ] {
            check(&inbound(part), &[&format!("1700000000 {line}")]);
        }
    }

    #[test]
    fn fields_without_a_value_say_nothing() {
        check(
            &inbound(r#""message":{"mid":"m1","text":"Hi"},"optin":null,"read":null,"postback":null,"reaction":null"#),
            &["1700000000 message_received 7 account=20 id=m1 type=text text=Hi"],
        );
    }

    #[test]
    fn answers_to_stories_and_mentions_in_them_are_told_apart() {
        check(
            &inbound(
                r#""message":{"mid":"m1","text":"Wow","reply_to":{"story":{"id":"s1","url":"https://x.example"}}}"#,
            ),
            &["1700000000 message_received 7 account=20 id=m1 type=story_reply text=Wow"],
        );
        check(
            &inbound(
                r#""message":{"mid":"m1","attachments":[{"type":"story_mention","payload":{"url":"https://x.example"}}]}"#,
            ),
            &["1700000000 message_received 7 account=20 id=m1 type=story_mention"],
        );
    }

    #[test]
    fn a_read_opens_its_message_and_all_earlier_ones() {
        check(
            &inbound(r#""read":{"mid":"m9"}"#),
            &["1700000000 message_opened 7 account=20 id=m9", "1700000000 opened_up_to 7 account=20 up_to=1700000000"],
        );
    }

    #[test]
    fn a_read_without_a_time_of_its_own_opens_its_message_only() {
        let part = r#"{"sender":{"id":"7"},"recipient":{"id":"20"},"read":{"mid":"m9"}}"#;
        check(&account("messaging", part), &["1700000009 message_opened 7 account=20 id=m9"]);
        let timeless = account("messaging", part).replace(r#""time":1700000009,"#, "");
        let received = Time::from_unix(1_700_000_100);
        assert_eq!(lines(&CHANNEL, &timeless, received), ["~1700000100 message_opened 7 account=20 id=m9"]);
        check(&timeless, &["rejected missing_field:timestamp"]);
    }

    #[test]
    fn an_echo_is_sent_to_its_recipient_and_tells_who_wrote_only_by_its_app() {
        let sent = "1700000000 message_sent 7 account=20 id=m1 type=text";
        check(&echo("messaging", ""), &[&format!("{sent} text=Hallo")]);
        check(&echo("messaging", r#","app_id":5"#), &[&format!("{sent} agent=bot text=Hallo")]);
        check(&echo("messaging", r#","app_id":"1217981644879628""#), &[&format!("{sent} agent=human text=Hallo")]);
        check(&echo("standby", ""), &[&format!("{sent} agent=human text=Hallo")]);
    }

    #[test]
    fn entry_sources_come_alone_or_inside_a_message() {
        check(
            &inbound(r#""referral":{"ref":"link-in-bio","source":"IGME-SOURCE-LINK","type":"OPEN_THREAD"}"#),
            &["1700000000 referral 7 account=20 topic=link-in-bio tag=link-in-bio"],
        );
        check(
            &inbound(
                r#""message":{"mid":"m1","text":"Hi","referral":{"source":"ADS","type":"OPEN_THREAD","ad_id":"ad5"}}"#,
            ),
            &[
                "1700000000 message_received 7 account=20 id=m1 type=text text=Hi",
                "1700000000 referral 7 account=20 topic=ad5",
            ],
        );
    }

    #[test]
    fn handing_over_to_the_inbox_is_handing_over_to_people() {
        for (control, kind) in [
            (r#""pass_thread_control":{"new_owner_app_id":1217981644879628}"#, "handover_to_human"),
            (r#""pass_thread_control":{"new_owner_app_id":"5","previous_owner_app_id":null}"#, "handover_to_bot"),
            (
                r#""take_thread_control":{"previous_owner_app_id":"5","new_owner_app_id":"263902037430900"}"#,
                "handover_to_human",
            ),
        ] {
            check(&inbound(control), &[&format!("1700000000 {kind} 7 account=20")]);
        }
    }

    #[test]
    fn recurring_notifications_are_joined_and_stopped() {
        let optin =
            |status: &str| inbound(&format!(r#""optin":{{"type":"notification_messages","title":"Drops"{status}}}"#));
        check(&optin(""), &["1700000000 opted_in 7 account=20 topic=Drops type=notification_messages"]);
        check(
            &optin(r#","notification_messages_status":"STOP_NOTIFICATIONS""#),
            &[
                "1700000000 opted_out_soft 7 account=20 topic=Drops type=notification_messages answer=STOP_NOTIFICATIONS",
            ],
        );
    }

    #[test]
    fn what_says_nothing_about_conversations_is_ignored_by_its_name() {
        for (part, what) in [
            (r#""message":{"mid":"m1","is_deleted":true}"#, "message_deleted"),
            (r#""message":{"mid":"m1","is_deleted":"true"}"#, "message_deleted"),
            (r#""message_edit":{"mid":"m1","text":"Hi","num_edit":1}"#, "message_edit"),
            (r#""reaction":{"mid":"m1","action":"unreact"}"#, "reaction_removed"),
            (r#""request_thread_control":{"requested_owner_app_id":5}"#, "request_thread_control"),
            (r#""brand_new":{}"#, "unknown_event"),
        ] {
            check(&inbound(part), &[&format!("ignored {what}")]);
        }
        for field in ["comments", "live_comments", "mentions", "story_insights"] {
            let change = format!(r#"{{"field":"{field}","value":{{"id":"c1","text":"Hi"}}}}"#);
            check(&account("changes", &change), &[&format!("ignored {field}")]);
        }
        check(
            r#"{"object":"instagram","entry":[{"id":"20","time":1700000000,"field":"comments","value":{"id":"c1"}}]}"#,
            &["ignored comments"],
        );
    }

    #[test]
    fn a_message_among_the_changes_is_read_like_any_other() {
        let value = r#"{"sender":{"id":"7"},"recipient":{"id":"20"},"timestamp":"1700000000","message":{"mid":"m1","text":"Hi"}}"#;
        check(
            &account("changes", &format!(r#"{{"field":"messages","value":{value}}}"#)),
            &["1700000000 message_received 7 account=20 id=m1 type=text text=Hi"],
        );
    }

    #[test]
    fn a_body_is_of_instagram_by_its_object_or_by_its_account() {
        let arena = Arena::default();
        let channels = |json: &str| {
            let body = value::parse(json, &arena).unwrap();
            let reading = Reading::default();
            let record = Record { body: &body, received_at: None, source: "test", reading: &reading, arena: &arena };
            ALL.iter().filter(|channel| (channel.recognises)(&record)).map(|channel| channel.name).collect::<Vec<_>>()
        };
        let body = |object: &str, id: &str| format!(r#"{{{object}"entry":[{{"id":{id},"messaging":[]}}]}}"#);
        assert_eq!(channels(&body(r#""object":"instagram","#, "\"1\"")), ["instagram"]);
        assert_eq!(channels(&body(r#""object":"page","#, "\"17841400000000001\"")), ["messenger"]);
        assert_eq!(channels(&body("", "17841400000000001")), ["instagram"]);
        assert_eq!(channels(&body("", "\"104000000000001\"")), ["messenger"]);
        for part in [
            r#"{"read":{"mid":"m"}}"#,
            r#"{"message":{"mid":"m","reply_to":{"story":{"id":"s"}}}}"#,
            r#"{"message":{"mid":"m","attachments":[{"type":"story_mention"}]}}"#,
        ] {
            assert_eq!(
                channels(&format!(r#"{{"entry":[{{"id":"1","messaging":[{part}]}}]}}"#)),
                ["instagram"],
                "{part}"
            );
        }
    }

    #[test]
    fn every_broken_record_names_its_reason() {
        assert_eq!(
            reading::ends(&CHANNEL, include_str!("../../sample-data/instagram/broken.ndjson")),
            [
                "rejected missing_field:mid",
                "rejected bad_time:timestamp",
                "rejected bad_time:timestamp",
                "rejected bad_time:timestamp",
                "rejected no_zone:timestamp",
                "rejected missing_field:timestamp",
                "rejected missing_field:sender",
                "rejected missing_field:sender",
                "rejected bad_value:messaging",
                "rejected bad_value:messaging",
                "rejected missing_field:entry",
                "rejected missing_field:entry",
                "ignored empty",
                "rejected missing_field:mid",
                "rejected missing_field:mid",
                "rejected missing_field:new_owner_app_id",
                "ignored unknown_event",
                "ignored unknown_change",
                "rejected missing_field:mid",
            ]
        );
    }
}
