//! Instagram's and Facebook's exports, record by record.

use super::*;
use crate::channels::reading::lines_of;
use crate::channels::{Arena, Reading, value};
use crate::config::ChatExport;

fn read(json: &str, business: &[&str]) -> Vec<String> {
    let arena = Arena::default();
    let body = value::parse(json, &arena).unwrap();
    let business = business.iter().map(|&name| name.to_owned()).collect();
    let reading = Reading { chat_export: ChatExport { business, ..ChatExport::default() }, ..Reading::default() };
    lines_of(
        &CHANNEL,
        &Record { body: &body, received_at: None, source: "message_1.json", reading: &reading, arena: &arena },
    )
}

/// As [`read`], without the ids that are made of hashes.
fn lines(json: &str) -> Vec<String> {
    let is_id = |word: &&str| !word.starts_with("id=") && !word.starts_with("re=");
    let without_id = |line: String| line.split(' ').filter(is_id).collect::<Vec<_>>().join(" ");
    read(json, &[]).into_iter().map(without_id).collect()
}

#[track_caller]
fn check(messages: &str, expected: &[&str]) {
    assert_eq!(lines(&chat(messages)), expected, "{messages}");
}

/// The chat of Lumio with Anna Grün, with these messages.
fn chat(messages: &str) -> String {
    format!(
        r#"{{"participants":[{{"name":"Anna Gr\u00c3\u00bcn"}},{{"name":"Lumio"}}],"messages":[{messages}],
        "title":"Anna Gr\u00c3\u00bcn","is_still_participant":true,"thread_path":"inbox/annagrun_17841400000000001","magic_words":[]}}"#
    )
}

fn message(sender: &str, more: &str) -> String {
    format!(r#"{{"sender_name":"{sender}","timestamp_ms":1772438400000,{more}}}"#)
}

const ANNA: &str = r"Anna Gr\u00c3\u00bcn";
const CONTACT: &str = "17841400000000001";

#[test]
fn who_the_chat_is_named_after_is_the_contact_and_garbled_text_is_repaired() {
    check(
        &[
            message("Lumio", r#""content":"Welche?""#),
            message(ANNA, r#""content":"Gr\u00c3\u00b6\u00c3\u009fe 42 \u00f0\u009f\u0091\u008d""#),
        ]
        .join(","),
        &[
            &format!("1772438400 message_sent {CONTACT} type=text agent=Lumio text=Welche?"),
            &format!("1772438400 message_received {CONTACT} type=text text=Größe 42 👍"),
        ],
    );
}

#[test]
fn only_what_was_garbled_is_repaired() {
    for (text, expected) in [
        ("plain", "plain"),
        ("GrÃ¶ÃŸe".replace('Ÿ', "\u{9f}").as_str(), "Größe"),
        ("Größe", "Größe"),
        ("naïve", "naïve"),
        ("ã\u{81}\u{82}", "あ"),
        ("é あ", "é あ"),
    ] {
        assert_eq!(repaired(Cow::Borrowed(text)), expected, "{text:?}");
    }
}

#[test]
fn without_a_title_only_the_configuration_tells_the_business() {
    let chat = r#"{"messages":[{"sender_name":"John","timestamp_ms":1772438400000,"content":"a"},
        {"sender_name":"Jane","timestamp_ms":1772438400000,"content":"b"}]}"#;
    assert_eq!(read(chat, &[]), ["rejected missing_field:business"]);
    let found = read(chat, &["Jane"]);
    assert!(found[0].starts_with("1772438400 message_received John id="), "{found:?}");
    assert!(found[1].starts_with("1772438400 message_sent John id="), "{found:?}");
}

#[test]
fn a_chat_keeps_its_number_when_it_is_archived_or_renamed() {
    let path = |path: &str| {
        let json = format!(r#"{{"thread_path":"{path}"}}"#);
        let arena = Arena::default();
        thread(&value::parse(&json, &arena).unwrap())
    };
    assert_eq!(path("inbox/annagrun_17841400000000001").as_deref(), Some(CONTACT));
    assert_eq!(path("archived_threads/anna_g_17841400000000001/").as_deref(), Some(CONTACT));
    assert_eq!(path("inbox/annagrun_x7_q-zzAbC").as_deref(), Some("annagrun_x7_q-zzAbC"));
    assert_eq!(path(""), None);
}

#[test]
fn a_reaction_of_the_contact_counts_at_its_time_or_that_of_its_message() {
    let reactions = format!(
        r#""content":"Da!","reactions":[{{"reaction":"\u00e2\u009d\u00a4","actor":"{ANNA}","timestamp":1772438460}},
        {{"reaction":"\u00e2\u009d\u00a4","actor":"{ANNA}"}},{{"reaction":"x","actor":"Lumio"}}]"#
    );
    check(
        &message("Lumio", &reactions),
        &[
            &format!("1772438400 message_sent {CONTACT} type=text agent=Lumio text=Da!"),
            &format!("1772438460 reaction_received {CONTACT} type=reaction answer=❤"),
            &format!("~1772438400 reaction_received {CONTACT} type=reaction answer=❤"),
        ],
    );
}

#[test]
fn a_line_that_tells_of_a_reaction_is_one_where_nothing_else_tells() {
    let line = message(ANNA, r#""content":"Liked a message""#);
    let reaction = format!("1772438400 reaction_received {CONTACT} type=reaction answer=❤");
    check(&line, &[&reaction]);
    check(&message(ANNA, r#""content":"Reacted \u00e2\u009d\u00a4 to your message ""#), &[&reaction]);
    let with_reactions = message("Lumio", r#""content":"Da!","reactions":[]"#);
    let sent = format!("1772438400 message_sent {CONTACT} type=text agent=Lumio text=Da!");
    check(&[line, with_reactions].join(","), &[&sent]);
}

#[test]
fn media_are_messages_and_the_platforms_words_for_them_no_text() {
    for (more, expected) in [
        (r#""photos":[{"uri":"a.jpg"}]"#, "type=image"),
        (r#""photos":[{"uri":"a.jpg"}],"content":"Anna sent a photo.""#, "type=image"),
        (r#""share":{"link":"https://a.de"},"content":"Schau mal""#, "type=share text=Schau mal"),
        (r#""sticker":{"uri":"a.webp"}"#, "type=sticker"),
        (r#""photos":[],"content":"ok""#, "type=text text=ok"),
    ] {
        check(&message(ANNA, more), &[&format!("1772438400 message_received {CONTACT} {expected}")]);
    }
}

#[test]
fn what_is_no_message_is_ignored_by_its_name() {
    for (more, what) in [
        (r#""is_unsent":true"#, "unsent_message"),
        (r#""content":"a","is_unsent":"true""#, "unsent_message"),
        (r#""content":"Anna called you.","call_duration":0"#, "call"),
        (r#""content":"You missed a video chat with Anna.""#, "notice"),
        (r#""content":"Anna started a video chat""#, "notice"),
        (r#""is_geoblocked_for_viewer":false"#, "empty_message"),
    ] {
        check(&message(ANNA, more), &[&format!("ignored {what}")]);
    }
    let group = chat(&message("Ole", r#""content":"a""#));
    assert_eq!(lines(&group), ["ignored group_chat"]);
}

#[test]
fn encrypted_chats_of_facebook_have_other_names_for_the_same() {
    let chat = r#"{"participants":["Lumio","Anna Grün"],"threadName":"Anna Grün_12","messages":[
        {"isUnsent":false,"media":[],"reactions":[{"actor":"Anna Grün","reaction":"❤"}],"senderName":"Lumio","text":"Da!","timestamp":1772438400000,"type":"text"},
        {"isUnsent":false,"media":[{"uri":"a.jpg"}],"reactions":[],"senderName":"Anna Grün","text":"","timestamp":1772438401000,"type":"media"}]}"#;
    assert_eq!(
        lines(chat).iter().map(|line| line.replace("Anna Grün", "Anna")).collect::<Vec<_>>(),
        [
            "1772438400 message_sent Anna type=text agent=Lumio text=Da!",
            "~1772438400 reaction_received Anna type=reaction answer=❤",
            "1772438401 message_received Anna type=media",
        ]
    );
}

#[test]
fn a_message_has_one_id_in_every_download() {
    let message = message(ANNA, r#""content":"a""#);
    let archived = chat(&message).replace("inbox/annagrun", "archived_threads/anna.g");
    assert_eq!(read(&chat(&message), &[]), read(&archived, &["Lumio"]));
}

#[test]
fn broken_chats_name_their_reasons() {
    let found: Vec<String> = include_str!("../../../sample-data/instagram_export/broken.ndjson")
        .lines()
        .filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
        .map(|line| lines(line).join("; "))
        .collect();
    let expected = [
        "rejected bad_time:timestamp_ms",
        "rejected bad_time:timestamp_ms",
        "rejected bad_time:timestamp_ms",
        "rejected missing_field:timestamp_ms",
        "rejected missing_field:sender_name",
        "1772438400 message_received 1111111 type=text text=bleibt; rejected bad_time:timestamp_ms",
        "1772438400 message_sent 1111111 type=text agent=Teekontor Nord text=bleibt; rejected missing_field:actor",
        "1772438400 message_sent 1111111 type=text agent=Teekontor Nord text=bleibt; rejected bad_time:timestamp",
        "rejected missing_field:business",
        "ignored empty_message",
        "ignored empty",
    ];
    assert_eq!(found, expected);
}
