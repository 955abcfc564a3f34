//! WhatsApp's exported chats, text by text.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::channels::reading::lines_of;
use crate::channels::{Arena, Reading};
use crate::config::ChatExport;

fn reading(business: &[&str]) -> Reading {
    let business = business.iter().map(|&name| name.to_owned()).collect();
    let chat_export = ChatExport { business, ..ChatExport::default() };
    Reading { zone: TimeZone::get("Europe/Berlin").ok(), chat_export, ..Reading::default() }
}

fn read(text: &str, source: &str, reading: &Reading) -> Vec<String> {
    let arena = Arena::default();
    let record = Record { body: &Value::Str(text), received_at: None, source, reading, arena: &arena };
    lines_of(&CHANNEL, &record)
}

/// The lines of a chat between Lumio and somebody, without the ids that are made of hashes.
fn lines(text: &str) -> Vec<String> {
    let lines = read(text, "_chat.txt", &reading(&["Lumio"]));
    lines.into_iter().map(|line| without_id(&line)).collect()
}

fn without_id(line: &str) -> String {
    line.split(' ').filter(|word| !word.starts_with("id=")).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(lines(text), expected, "{text}");
}

fn is_recognised(text: &str) -> bool {
    let (arena, reading) = (Arena::default(), Reading::default());
    recognises(&Record { body: &Value::Str(text), received_at: None, source: "", reading: &reading, arena: &arena })
}

#[test]
fn an_android_chat_is_read_with_its_lines_and_without_its_notices() {
    check(
        "02.03.26, 09:00 - Nachrichten sind Ende-zu-Ende-verschlüsselt.\n\
         02.03.26, 09:00 - Lumio: Welche Größe?\n\n1) S\n2) L\n\
         02.03.26, 09:01 - Anna: L\r\n\
         02.03.26, 09:02 - Du hast diesen Kontakt blockiert.\n",
        &[
            "1772438400 message_sent Anna type=text agent=Lumio text=Welche Größe?\n\n1) S\n2) L",
            "1772438460 message_received Anna type=text text=L",
        ],
    );
}

#[test]
fn an_iphone_chat_is_read_without_what_nobody_typed() {
    check(
        "[02/03/2026, 09:00:00] Anna: \u{200e}Messages and calls are end-to-end encrypted.\n\
         [02/03/2026, 09:00:05] ~\u{a0}Anna: Hi: anybody there?\n\
         \u{200e}[13/03/2026, 09:00:07] Lumio: \u{200e}<attached: 00000012-PHOTO-2026-03-13.jpg>\n\
         [13/03/2026, 09:00:08] Anna: \u{200e}This message was deleted.\n\
         [13/03/2026, 09:00:09] Anna: \u{200e}Missed voice call\n",
        &[
            "1772438405 message_received Anna type=text text=Hi: anybody there?",
            "1773388807 message_sent Anna type=image agent=Lumio",
        ],
    );
}

#[test]
fn the_name_of_the_file_tells_the_contact_and_a_number_is_its_digits() {
    let chat = "02.03.26, 09:00 - Lumio: Hallo\n02.03.26, 09:01 - \u{202a}+49\u{a0}170\u{a0}1234567\u{202c}: Wer da?\n";
    let found = read(chat, "x/WhatsApp Chat mit +49 170 1234567.txt", &reading(&[]));
    let found: Vec<String> = found.iter().map(|line| without_id(line)).collect();
    assert_eq!(
        found,
        [
            "1772438400 message_sent 491701234567 type=text agent=Lumio text=Hallo",
            "1772438460 message_received 491701234567 type=text text=Wer da?",
        ]
    );
    assert_eq!(read(chat, "_chat.txt", &reading(&[])), ["rejected missing_field:business"]);
}

#[test]
fn a_name_with_a_colon_is_known_from_the_configuration() {
    let chat = "02.03.26, 09:00 - Lumio: Tee: Hallo: du\n02.03.26, 09:01 - Anna: Hi\n";
    let found = read(chat, "_chat.txt", &reading(&["Lumio: Tee"]));
    assert_eq!(without_id(&found[0]), "1772438400 message_sent Anna type=text agent=Lumio: Tee text=Hallo: du");
}

#[test]
fn a_group_is_ignored_and_a_chat_without_a_zone_refused() {
    let group = "02.03.26, 09:00 - Lumio: a\n02.03.26, 09:01 - Anna: b\n02.03.26, 09:02 - Ole: c\n";
    check(group, &["ignored group_chat"]);
    let chat = "02.03.26, 09:00 - Lumio: a\n02.03.26, 09:01 - Anna: b\n";
    let no_zone = Reading { zone: None, ..reading(&["Lumio"]) };
    assert_eq!(read(chat, "", &no_zone), ["rejected no_zone:date"]);
}

#[test]
fn an_order_that_the_file_leaves_open_is_refused_until_the_configuration_says_it() {
    let chat = "03/04/26, 09:00 - Lumio: a\n05/04/26, 09:01 - Anna: b\n";
    check(chat, &["rejected bad_value:date_order"]);
    let mut reading = reading(&["Lumio"]);
    for (order, expected) in [(DateOrder::Dmy, "1775199600"), (DateOrder::Mdy, "1772611200")] {
        reading.chat_export.date_order = Some(order);
        assert!(read(chat, "", &reading)[0].starts_with(expected), "{order:?}");
    }
}

#[test]
fn logs_of_programs_are_no_chats() {
    for text in [
        "[2026-03-02 09:00:00] INFO: started\n[2026-03-02 09:00:01] INFO: ready\n",
        "[2026-03-02 09:00:00] local.ERROR: failed\n",
        "2026-03-02 09:00:00 - root - WARNING - slow: very\n",
        "[2026-03-02 09:00:00] payload: {\"object\":\"page\"}\n",
        "[2026-03-02 09:00:00] {\"object\":\"page\"}\n",
        "[2026-03-02 09:00] started\n",
        "02.03.26, 09:00 - Anna: ein Satz ohne Zeilenende",
        "Hallo\n02.03.26, 09:00 - Anna: Hallo\n",
        "\n\n",
    ] {
        assert!(!is_recognised(text), "{text:?}");
    }
    assert!(is_recognised("\u{feff}\n02.03.26, 09:00 - Anna: ERROR\n"));
}

#[test]
fn broken_lines_are_refused_or_part_of_the_message_before_and_never_lost() {
    let found = read(include_str!("../../../sample-data/whatsapp_txt/broken.txt"), "", &reading(&["Teekontor Nord"]));
    let found: Vec<String> = found.iter().map(|line| without_id(line)).collect();
    assert_eq!(
        found,
        [
            "1768291200 message_sent Mia Wolf type=text agent=Teekontor Nord text=Moin!",
            "1768291680 message_received Mia Wolf type=text",
            "1768291920 message_received Mia Wolf type=text text=<",
            "1768292040 message_received Mia Wolf type=text text=gut",
            "rejected bad_time:date",
        ]
    );
}

#[test]
fn samples_are_read_to_their_ends() {
    for (file, text, expected) in [
        (
            "WhatsApp-Chat mit Jule Petersen.txt",
            include_str!("../../../sample-data/whatsapp_txt/WhatsApp-Chat mit Jule Petersen.txt"),
            (9, 6),
        ),
        (
            "WhatsApp Chat - Ole Brandt.txt",
            include_str!("../../../sample-data/whatsapp_txt/WhatsApp Chat - Ole Brandt.txt"),
            (4, 4),
        ),
        (
            "WhatsApp Chat with +1 (555) 012-3456.txt",
            include_str!("../../../sample-data/whatsapp_txt/WhatsApp Chat with +1 (555) 012-3456.txt"),
            (3, 3),
        ),
    ] {
        let found = read(text, file, &reading(&[]));
        let n = |kind: &str| found.iter().filter(|line| line.contains(kind)).count();
        assert_eq!((n(" message_received "), n(" message_sent ")), expected, "{found:#?}");
        assert_eq!(found.len(), expected.0 + expected.1, "{found:#?}");
    }
}

/// What matters for knowing a message again: id, time, and which message it is.
fn events(text: &str) -> Vec<(String, Time, String)> {
    let (arena, reading) = (Arena::default(), reading(&["Lumio"]));
    let record = Record {
        body: &Value::Str(text),
        received_at: None,
        source: "WhatsApp Chat with Anna.txt",
        reading: &reading,
        arena: &arena,
    };
    let mut found = Vec::new();
    let mut emit = |event: Event<'_>| {
        assert_eq!(event.message_id.as_ref(), Some(&event.dedup));
        found.push((event.dedup.into_owned(), event.at, event.text.unwrap_or_default().into_owned()));
    };
    let mut out = Out::new(&mut emit);
    parse(&record, &mut out);
    assert!(!matches!(out.outcome(), crate::channels::Outcome::Rejected(_)), "{text}");
    found
}

/// Several exports as the facts take them: each id once, at its earliest time, in the order of time.
fn together(exports: &[&str]) -> Vec<(Time, String, String)> {
    let mut earliest: BTreeMap<String, (Time, String)> = BTreeMap::new();
    for (id, at, text) in exports.iter().flat_map(|text| events(text)) {
        let known = earliest.entry(id).or_insert((at, text));
        known.0 = known.0.min(at);
    }
    let mut all: Vec<_> = earliest.into_iter().map(|(id, (at, text))| (at, id, text)).collect();
    all.sort();
    all
}

/// A chat with its first notice: who wrote, what, and how many minutes after the message before.
fn written(messages: &[(bool, u8, u8)]) -> Vec<String> {
    let mut minute = 0_u32;
    let mut lines = vec!["13.03.26, 09:00 - Nachrichten sind verschlüsselt.\n".to_owned()];
    for (is_contact, text, pause) in messages {
        minute += u32::from(*pause);
        let sender = if *is_contact { "Anna" } else { "Lumio" };
        lines.push(format!("13.03.26, {:02}:{:02} - {sender}: t{text}\nund mehr\n", 9 + minute / 60, minute % 60));
    }
    lines
}

proptest! {
    /// Pauses are mostly none, so that a minute has many messages, and texts are few, so that many are equal.
    #[test]
    fn two_exports_cut_anywhere_give_each_message_once_and_in_the_order_of_the_file(
        messages in prop::collection::vec((any::<bool>(), 0..3_u8, prop_oneof![3 => Just(0_u8), 1 => 0..3_u8]), 1..60),
        ends in any::<prop::sample::Index>(),
        begins in any::<prop::sample::Index>(),
    ) {
        let lines = written(&messages);
        let whole = lines.concat();
        let expected = together(&[&whole]);
        prop_assert_eq!(expected.len(), messages.len());
        let said: Vec<String> = expected.iter().map(|(.., text)| text.clone()).collect();
        let typed: Vec<String> = messages.iter().map(|(_, text, _)| format!("t{text}\nund mehr")).collect();
        prop_assert_eq!(said, typed);

        // An earlier export ends anywhere, a later one begins anywhere and has the whole end.
        let end = (2 + ends.index(lines.len() - 1)).min(lines.len());
        let begin = begins.index(lines.len());
        let early = lines.get(..end).unwrap().concat();
        let late = lines.get(begin..).unwrap().concat();
        prop_assert_eq!(&together(&[&whole, &early, &late]), &expected);
        // Where both are cut inside one minute, equal texts of it cannot be told apart; otherwise the two are the whole.
        let minute = |line: &String| line.split(" - ").next().map(str::to_owned);
        let is_apart = lines.get(end - 1).and_then(minute) != lines.get(begin).and_then(minute);
        if begin < end && is_apart {
            prop_assert_eq!(&together(&[&late, &early]), &expected);
        }
        // Whatever is not of the first stamp of the later export has the very same time in both.
        let first = events(&late).first().map(|(_, at, _)| at.0.div_euclid(60_000_000));
        for event in events(&late) {
            if Some(event.1.0.div_euclid(60_000_000)) != first {
                prop_assert!(events(&whole).contains(&event));
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(\u{200e}|\\[|[0-9]{1,4}[./-]| [0-9]{1,2}:[0-9]{2}|\\] | - |Anna: |, |\n|年|م|<|>|\\PC){0,60}") {
        let (arena, reading) = (Arena::default(), reading(&["Lumio"]));
        let text = format!("13.03.26, 09:00 - Anna: a\n{text}");
        for body in [text.as_str(), text.split_once('\n').unwrap().1] {
            let record = Record { body: &Value::Str(body), received_at: None, source: body, reading: &reading, arena: &arena };
            recognises(&record);
            parse(&record, &mut Out::new(&mut |_| ()));
        }
    }
}
