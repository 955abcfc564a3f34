//! Telegram Desktop's exports, record by record.

use jiff::tz::TimeZone;

use super::*;
use crate::channels::reading::{check, lines_of};
use crate::channels::{Arena, Reading, value};
use crate::config::ChatExport;

fn reading(business: &[&str], zone: Option<TimeZone>) -> Reading {
    let business = business.iter().map(|&name| name.to_owned()).collect();
    Reading { zone, chat_export: ChatExport { business, ..ChatExport::default() }, ..Reading::default() }
}

fn read(json: &str, reading: &Reading) -> Vec<String> {
    let arena = Arena::default();
    let body = value::parse(json, &arena).unwrap();
    lines_of(&CHANNEL, &Record { body: &body, received_at: None, source: "result.json", reading, arena: &arena })
}

/// A chat with contact 77 of this type and with these messages.
fn chat(chat_type: &str, messages: &str) -> String {
    format!(r#"{{"name":"Anna","type":"{chat_type}","id":77,"messages":[{messages}]}}"#)
}

/// A message by a person, with more fields.
fn message(id: u32, from: &str, more: &str) -> String {
    format!(
        r#"{{"id":{id},"type":"message","date":"2026-03-02T09:00:00","date_unixtime":"1772438400","from":"X","from_id":"{from}",{more}}}"#
    )
}

#[test]
fn the_partner_of_a_personal_chat_is_the_contact() {
    let both =
        [message(1, "user77", r#""text":"Hallo""#), message(2, "user5", r#""text":"Ja?","reply_to_message_id":1"#)];
    check(
        &CHANNEL,
        &chat("personal_chat", &both.join(",")),
        &[
            "1772438400 message_received 77 id=77:1 type=text text=Hallo",
            "1772438400 message_sent 77 id=77:2 re=77:1 type=text agent=5 text=Ja?",
        ],
    );
    let of_another_chat =
        message(2, "user77", r#""text":"Das","reply_to_message_id":1,"reply_to_peer_id":"channel900""#);
    check(
        &CHANNEL,
        &chat("personal_chat", &of_another_chat),
        &["1772438400 message_received 77 id=77:2 type=text text=Das"],
    );
}

#[test]
fn in_a_chat_with_a_bot_the_exporting_person_is_the_contact() {
    let both = [
        message(1, "user5", r#""text":[{"type":"bot_command","text":"/start"}]"#),
        message(2, "user77", r#""text":"Welche Größe?","inline_bot_buttons":[[{"type":"callback","text":"L"}]]"#),
    ];
    check(
        &CHANNEL,
        &chat("bot_chat", &both.join(",")),
        &[
            "1772438400 message_received 5 id=5:1 type=text text=/start",
            "1772438400 message_sent 5 id=5:2 type=buttons agent=77 text=Welche Größe?",
        ],
    );
    check(&CHANNEL, &chat("bot_chat", &message(2, "user77", r#""text":"Hi""#)), &["rejected missing_field:contact"]);
    let account = format!(
        r#"{{"personal_information":{{"user_id":5}},"chats":{{"list":[{}]}}}}"#,
        chat("bot_chat", &message(2, "user77", r#""text":"Hi""#))
    );
    check(&CHANNEL, &account, &["1772438400 message_sent 5 id=5:2 type=text agent=77 text=Hi"]);
}

#[test]
fn the_configuration_says_who_is_the_business_by_name_or_number() {
    let one =
        chat("personal_chat", &message(1, "user5", r#""text":"Hallo""#).replace("\"X\"", "\"\u{200e}Lumio GmbH\""));
    assert_eq!(
        read(&one, &reading(&["Lumio GmbH"], None)),
        ["1772438400 message_sent 77 id=77:1 type=text agent=5 text=Hallo"]
    );
    let both = [message(1, "user77", r#""text":"a""#), message(2, "user5", r#""text":"b""#)].join(",");
    assert_eq!(
        read(&chat("personal_chat", &both), &reading(&["77"], None)),
        [
            "1772438400 message_sent 5 id=5:1 type=text agent=77 text=a",
            "1772438400 message_received 5 id=5:2 type=text text=b",
        ]
    );
}

#[test]
fn without_a_type_only_the_configuration_tells_the_business() {
    let chats = r#"{"chats":{"list":[{"name":"Chat","messages":[
        {"type":"message","date_unixtime":"1772438400","from":"Anna","text":"a"},
        {"type":"message","date_unixtime":"1772438401","from":"Lumio","text":"b"}]}]}}"#;
    check(&CHANNEL, chats, &["rejected missing_field:business"]);
    let found = read(chats, &reading(&["Lumio"], None));
    assert!(found[0].starts_with("1772438400 message_received Anna id="), "{found:?}");
    assert!(found[1].starts_with("1772438401 message_sent Anna id="), "{found:?}");
}

#[test]
fn old_exports_number_people_from_two_to_the_thirty_two() {
    let old = |from: u64| {
        format!(r#"{{"id":1,"type":"message","date":"2020-03-02T09:00:00","from":"X","from_id":{from},"text":"a"}}"#)
    };
    let (contact, owner) = (OLD_USERS + 77, OLD_USERS + 5);
    let chat = format!(
        r#"{{"name":"X","type":"personal_chat","id":{contact},"messages":[{},{}]}}"#,
        old(contact),
        old(owner).replace("\"id\":1", "\"id\":2")
    );
    assert_eq!(
        read(&chat, &reading(&[], Some(TimeZone::UTC))),
        [
            "1583139600 message_received 77 id=77:1 type=text text=a",
            "1583139600 message_sent 77 id=77:2 type=text agent=5 text=a",
        ]
    );
    // People of today have numbers beyond that, which stay as they are.
    let new = message(1, "user7000000001", r#""text":"a""#);
    let chat = format!(r#"{{"name":"X","type":"personal_chat","id":7000000001,"messages":[{new}]}}"#);
    check(&CHANNEL, &chat, &["1772438400 message_received 7000000001 id=7000000001:1 type=text text=a"]);
}

#[test]
fn a_local_time_needs_a_zone() {
    let local = r#"{"id":1,"type":"message","date":"2026-03-02T09:00:00","from":"A","from_id":"user77","text":"a"}"#;
    check(&CHANNEL, &chat("personal_chat", local), &["rejected no_zone:date"]);
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    assert_eq!(
        read(&chat("personal_chat", local), &reading(&[], Some(berlin))),
        ["1772438400 message_received 77 id=77:1 type=text text=a"]
    );
}

#[test]
fn pieces_of_text_are_one_text_and_media_have_their_form() {
    for (more, expected) in [
        (
            r#""text":["Siehe ",{"type":"link","text":"a.de"},{"type":"text_link","text":"!","href":"b.de"}]"#,
            "type=text text=Siehe a.de!",
        ),
        (r#""photo":"(File not included.)","width":1,"text":"Passt?""#, "type=photo text=Passt?"),
        (r#""file":"x.ogg","media_type":"voice_message","text":"""#, "type=voice_message"),
        (r#""file":"x.pdf","mime_type":"application/pdf","text":[]"#, "type=file"),
        (r#""location_information":{"latitude":1.5},"text":"""#, "type=location"),
        (r#""forwarded_from":null,"edited_unixtime":"1772438500","text":"a""#, "type=text text=a"),
    ] {
        check(
            &CHANNEL,
            &chat("personal_chat", &message(1, "user77", more)),
            &[&format!("1772438400 message_received 77 id=77:1 {expected}")],
        );
    }
}

#[test]
fn a_reaction_of_the_contact_counts_and_needs_a_zone() {
    let reactions = r#""text":"a","reactions":[{"type":"emoji","count":2,"emoji":"❤","recent":[
        {"from":"X","from_id":"user77","date":"2026-03-02T10:00:00"},
        {"from":"L","from_id":"user5","date":"2026-03-02T10:00:00"}]},{"type":"custom_emoji","count":1,"document_id":"9"}]"#;
    let chat = chat("personal_chat", &message(2, "user5", reactions));
    let sent = "1772438400 message_sent 77 id=77:2 type=text agent=5 text=a";
    check(&CHANNEL, &chat, &[sent, "rejected no_zone:date"]);
    assert_eq!(
        read(&chat, &reading(&[], Some(TimeZone::UTC))),
        [sent, "1772445600 reaction_received 77 re=77:2 type=reaction answer=❤"]
    );
}

#[test]
fn what_is_no_message_between_two_is_ignored_by_its_name() {
    for (chat_type, what) in
        [("private_supergroup", "group_chat"), ("public_channel", "channel_chat"), ("saved_messages", "saved_messages")]
    {
        check(&CHANNEL, &chat(chat_type, &message(1, "user77", r#""text":"a""#)), &[&format!("ignored {what}")]);
    }
    let three = ["user1", "user2", "user3"].map(|from| message(1, from, r#""text":"a""#)).join(",");
    check(&CHANNEL, &chat("wormhole", &three), &["ignored group_chat"]);
    let call = r#"{"id":1,"type":"service","date_unixtime":"1772438400","actor":"A","actor_id":"user77","action":"phone_call","text":""}"#;
    check(&CHANNEL, &chat("personal_chat", call), &["ignored service_message"]);
    check(&CHANNEL, &chat("personal_chat", r#"{"id":1,"type":"unsupported"}"#), &["ignored unsupported"]);
    check(&CHANNEL, &chat("personal_chat", ""), &["ignored empty"]);
}

#[test]
fn messages_of_one_second_keep_the_order_of_their_numbers() {
    let both = [message(9, "user77", r#""text":"a""#), message(10, "user77", r#""text":"b""#)].join(",");
    let json = chat("personal_chat", &both);
    let arena = Arena::default();
    let body = value::parse(&json, &arena).unwrap();
    let mut sequences = Vec::new();
    let mut emit = |event: Event<'_>| sequences.push(event.sequence);
    let reading = Reading::default();
    parse(
        &Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena },
        &mut Out::new(&mut emit),
    );
    assert_eq!(sequences, [9, 10]);
}

/// What each line of a sample says.
fn sample(text: &str) -> Vec<String> {
    let reading = reading(&[], TimeZone::get("Europe/Berlin").ok());
    text.lines()
        .filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
        .map(|line| read(line, &reading).join("; "))
        .collect()
}

#[test]
fn broken_chats_name_their_reasons() {
    let found = sample(include_str!("../../../sample-data/telegram_export/broken.ndjson"));
    let expected = [
        "rejected bad_time:date_unixtime",
        "rejected bad_time:date_unixtime",
        "rejected missing_field:date",
        "rejected missing_field:from_id",
        "rejected missing_field:contact",
        "rejected bad_value:id",
        "rejected missing_field:type",
        "rejected bad_value:type",
        "rejected missing_field:messages",
        "1772438400 message_received 77 id=77:2 type=text text=Der Rest wird gelesen; rejected bad_time:date",
        "rejected missing_field:business",
    ];
    assert_eq!(found, expected);
}
