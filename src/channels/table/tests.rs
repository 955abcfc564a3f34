//! Rows and what their declarations make of them. Knows nothing of files.

use std::path::Path;

use super::super::reading::lines_of;
use super::super::{Arena, Reading, Tokens, value};
use super::*;
use crate::config::{Config, Zone};

const CONFIG: &str = r#"
[clicks]
url = ['/r/(?<token>\w+)']
tokens = "tokens.csv"

[[table]]
name = "campaign"
when = ["sendout", "sent_at"]
channel = "whatsapp"
columns = { contact = "phone", account = { value = "211" }, campaign = "campaign_name", message_id = ["sendout", "phone"] }
[table.events]
message_sent = "sent_at"
message_delivered = "delivered_at"
message_opened = "read_at"
message_failed = { at = "sent_at", if = "error", columns = { error_code = "error" } }
link_clicked = { at = "clicked_at", if = "clicked", columns = { answer = "url" } }
message_received = { at = "replied_at", columns = { message_id = "reply_id", text = "reply" } }
[[table.list]]
column = "buttons"
kind = "button_clicked"
at = "ts"
columns = { answer = "name" }

[[table]]
name = "orders"
when = ["order", "t"]
columns = { token = "t" }
[table.events]
goal_reached = "checkout_at"
payment = [
    { at = "paid_at", columns = { event_id = "order", cost = "amount", currency = "currency", topic = "product" } },
    { at = "refunded_at", columns = { event_id = "order", cost = "amount", answer = { value = "refunded" } } },
]

[[table]]
name = "dialogue"
when = ["landbot_id"]
where = { state = ["done", "left"] }
columns = { contact = "landbot_id", flow = { value = "shoes" } }
events = { flow_ended = { at = "created", if = "ended" } }
questions = { at = "created", asked = ["Name", "Größe", "Farbe"], choices = ["Größe"] }

[[table]]
name = "invoices"
when = ["invoice"]
columns = { contact = "who", event_id = "invoice" }
events = { payment = { at = "paid_at", columns = { answer = "state" } } }

[[table]]
name = "plain"
when = ["mail"]
columns = { contact = "mail", campaign = "campaign" }
events = { message_sent = "sent", message_opened = "opened" }
"#;

fn read(json: &str) -> Vec<String> {
    let arena = Arena::default();
    let config = Config::parse(CONFIG, Path::new("trichter.toml")).unwrap();
    let mut tokens = Tokens::default();
    let token = r#"{"token":"Ab3","contact":"4915","message_id":"wamid.1","campaign":"april","channel":"whatsapp"}"#;
    tokens.add(&value::parse(token, &arena).unwrap()).unwrap();
    let zone = Some(Zone::parse("Europe/Berlin").unwrap().0);
    let reading = Reading { zone, tables: config.table, tokens: Some(tokens), ..Reading::default() };
    let body = value::parse(json, &arena).unwrap();
    let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
    if !recognises(&record) {
        return vec!["not recognised".into()];
    }
    lines_of(&CHANNEL, &record)
}

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    assert_eq!(read(json), expected, "{json}");
}

#[test]
fn every_kind_that_can_be_declared_is_among_the_kinds() {
    let declared: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| !TableKind::NEVER.contains(kind)).collect();
    assert_eq!(KINDS, declared);
}

#[test]
fn a_row_gives_an_event_for_each_filled_cell() {
    check(
        r#"{"sendout":"s1","phone":"+49 15","campaign_name":"april","sent_at":"2026-03-02 09:00:00.25","delivered_at":"2026-03-02 09:00:05","read_at":"2026-03-02T09:10:00"}"#,
        &[
            "1772438400 message_sent 4915 account=211 id=s1:+49 15 campaign=april",
            "1772438405 message_delivered 4915 account=211 id=s1:+49 15 campaign=april",
            "1772439000 message_opened 4915 account=211 id=s1:+49 15 campaign=april",
        ],
    );
}

#[test]
fn what_the_contact_did_answers_the_message() {
    check(
        r#"{"sendout":"s1","phone":"4915","sent_at":"1772438400","clicked":"yes","clicked_at":"1772438500","url":"https://shop.example/a?c=4915","buttons":"[{\"id\":1,\"name\":\"Ja\",\"ts\":1772438600},{\"id\":2,\"name\":\"Nein\",\"ts\":\"2026-03-02 09:05:00\"}]","replied_at":"1772438700","reply":"gern","reply_id":"r1"}"#,
        &[
            "1772438500 link_clicked 4915 account=211 re=s1:4915 answer=https://shop.example/a",
            "1772438700 message_received 4915 account=211 id=r1 re=s1:4915 text=gern",
            "1772438400 message_sent 4915 account=211 id=s1:4915",
            "1772438600 button_clicked 4915 account=211 re=s1:4915 answer=Ja",
            "1772438700 button_clicked 4915 account=211 re=s1:4915 answer=Nein",
        ],
    );
}

#[test]
fn a_condition_that_says_no_is_no_event_and_one_that_says_yes_needs_a_time() {
    let sent = "1772438400 message_sent 4915 account=211 id=s1:4915";
    let row = |more: &str| format!(r#"{{"sendout":"s1","phone":"4915","sent_at":"1772438400",{more}}}"#);
    for no in ["No", "n", "FALSCH", "-"] {
        check(&row(&format!(r#""clicked":"{no}","clicked_at":"1772438500""#)), &[sent]);
    }
    check(&row(r#""clicked_at":"1772438500""#), &[sent]);
    check(&row(r#""clicked":"yes""#), &[sent, "rejected missing_field:at"]);
    check(&row(r#""error":"131026""#), &[sent, "1772438400 message_failed 4915 account=211 id=s1:4915 error=131026"]);
}

#[test]
fn a_cell_that_cannot_be_read_does_not_keep_the_others_from_it() {
    let row = |more: &str| format!(r#"{{"sendout":"s1","phone":"4915","sent_at":"1772438400",{more}}}"#);
    let sent = "1772438400 message_sent 4915 account=211 id=s1:4915";
    for (more, reason) in [
        (r#""read_at":"yesterday""#, "rejected bad_time:at"),
        (r#""read_at":"03/02/2026 09:00""#, "rejected bad_time:at"),
        (r#""buttons":"[{\"name\"""#, "rejected truncated"),
        (r#""buttons":"{}""#, "rejected bad_value:list"),
        (r#""buttons":"[{\"name\":\"Ja\"}]""#, "rejected missing_field:at"),
        (r#""buttons":["Ja"]"#, "rejected missing_field:at"),
        (r#""read_at":["2026-03-02"]"#, "rejected bad_time:at"),
    ] {
        check(&row(more), &[sent, reason]);
    }
    check(r#"{"sendout":"s1","sent_at":"1772438400"}"#, &["rejected missing_field:contact"]);
}

#[test]
fn a_row_whose_telephone_number_lost_digits_is_refused_as_a_whole() {
    for phone in ["4.91511E+11", "0151 1234567"] {
        let row = format!(r#"{{"sendout":"s1","phone":"{phone}","sent_at":"1772438400"}}"#);
        check(&row, &["rejected bad_value:contact"]);
    }
}

#[test]
fn orders_are_filed_under_the_contact_of_their_token() {
    check(
        r#"{"order":"o-1","t":"Ab3","checkout_at":"1772438400","paid_at":"1772438500","amount":"49,90","currency":"EUR","product":"runner"}"#,
        &[
            "1772438500 payment 4915 re=wamid.1 campaign=april topic=runner cost=49.90 currency=EUR",
            "1772438400 goal_reached 4915 re=wamid.1 campaign=april",
        ],
    );
    check(
        r#"{"order":"o-1","t":"Ab3","refunded_at":"1772438600","amount":49.9}"#,
        &["1772438600 payment 4915 re=wamid.1 campaign=april answer=refunded cost=49.9"],
    );
    check(r#"{"order":"o-1","t":"Zz9","paid_at":"1772438500"}"#, &["rejected bad_value:token"]);
    check(r#"{"order":"o-1","t":"Ab3","paid_at":"1772438500","amount":"1,234"}"#, &["rejected bad_value:cost"]);
    check(r#"{"order":"o-1","t":"Ab3"}"#, &["ignored row_without_event"]);
}

#[test]
fn questions_are_asked_up_to_the_first_that_was_not_answered() {
    let row = |more: &str| format!(r#"{{"landbot_id":"k1","created":"1772438400","state":"left"{more}}}"#);
    let asked = |question: &str| format!("1772438400 question_asked k1 flow=shoes question={question}");
    let [name, size, colour] = ["Name", "Größe", "Farbe"].map(asked);
    let answered = |question: &str, answer: &str| {
        format!("1772438400 question_answered k1 flow=shoes question={question} {answer}")
    };
    let called = answered("Name", "text=Anna");
    check(&row(""), &[&name]);
    check(&row(r#","Name":"Anna","Größe":"42""#), &[&name, &called, &size, &answered("Größe", "answer=42"), &colour]);
    // Nobody knows of the size.
    check(&row(r#","Name":"Anna","Farbe":"rot""#), &[&name, &called, &colour, &answered("Farbe", "text=rot")]);
    check(&row(r#","Name":"Anna","ended":"yes""#), &["1772438400 flow_ended k1 flow=shoes", &name, &called]);
    check(r#"{"landbot_id":"k1","state":"left"}"#, &["rejected missing_field:at"]);
}

#[test]
fn questions_and_answers_of_a_row_keep_their_order() {
    let mut times = Vec::new();
    let arena = Arena::default();
    let tables = Config::parse(CONFIG, Path::new("trichter.toml")).unwrap().table;
    let reading = Reading { tables, ..Reading::default() };
    let row = r#"{"landbot_id":"k1","created":"1772438400","state":"done","Name":"Anna","Größe":"42","Farbe":"rot"}"#;
    let body = value::parse(row, &arena).unwrap();
    let mut emit = |event: Event<'_>| times.push(event.at.0 % 1_000_000);
    let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
    parse(&record, &mut Out::new(&mut emit));
    assert_eq!(times, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_table_is_told_by_its_columns_and_values() {
    check(r#"{"landbot_id":"k1","created":"1772438400","state":"test"}"#, &["not recognised"]);
    check(r#"{"landbot_id":"k1","created":"1772438400"}"#, &["not recognised"]);
    check(r#"{"sendout":"s1"}"#, &["not recognised"]);
    check("[]", &["not recognised"]);
}

#[test]
fn a_message_without_id_is_named_by_contact_campaign_and_time() {
    let id = |row: &str| {
        let line = read(row).remove(0);
        line.split(' ').find_map(|word| word.strip_prefix("id=").map(str::to_owned)).unwrap()
    };
    let sent = r#"{"mail":"a@x.example","campaign":"april","sent":"1772438400"}"#;
    let opened = r#"{"mail":"a@x.example","campaign":"april","sent":"1772438400","opened":"1772438500"}"#;
    assert_eq!(id(sent), id(opened));
    assert_eq!(read(opened)[1], format!("1772438500 message_opened a@x.example id={} campaign=april", id(sent)));
    assert_ne!(id(sent), id(&sent.replace("april", "may")));
    assert_ne!(id(sent), id(&sent.replace("8400", "8401")));
}

#[test]
fn a_row_that_is_exported_again_with_more_cells_brings_only_what_is_new() {
    let keys = |json: &str| {
        let arena = Arena::default();
        let tables = Config::parse(CONFIG, Path::new("trichter.toml")).unwrap().table;
        let reading = Reading { tables, ..Reading::default() };
        let body = value::parse(json, &arena).unwrap();
        let mut keys = Vec::new();
        let mut emit = |event: Event<'_>| keys.push((event.kind, event.at, event.dedup.into_owned()));
        let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
        parse(&record, &mut Out::new(&mut emit));
        keys
    };
    let first = keys(r#"{"sendout":"s1","phone":"4915","sent_at":"1772438400"}"#);
    let later = keys(r#"{"sendout":"s1","phone":"4915","sent_at":"1772438400","read_at":"1772438500"}"#);
    assert_eq!(later.first(), first.first());
    assert_eq!(later.len(), 2);
    let paid = |state: &str| {
        keys(&format!(r#"{{"invoice":"i1","who":"4915","paid_at":"1772438400","state":"{state}"}}"#)).remove(0)
    };
    assert_eq!(paid("captured"), paid("captured"));
    assert_ne!(paid("captured"), paid("pending"), "it was paid in the meantime");
}

#[test]
fn every_broken_row_is_refused_with_its_reason() {
    let config = Config::parse(include_str!("../../../sample-data/trichter.toml"), Path::new("trichter.toml")).unwrap();
    let zone = config.input.zone.map(|zone| zone.0);
    let reading = Reading { zone, tables: config.table, tokens: Some(Tokens::default()), ..Reading::default() };
    let mut found = Vec::new();
    for line in include_str!("../../../sample-data/table/broken.ndjson").lines() {
        let arena = Arena::default();
        let body = value::parse(line, &arena).unwrap_or(Value::Str(line));
        let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
        found.push(if recognises(&record) { lines_of(&CHANNEL, &record).join("\n") } else { "not recognised".into() });
    }
    assert_eq!(
        found,
        [
            "rejected bad_time:at",
            "rejected bad_time:at",
            "rejected bad_time:at",
            "rejected bad_time:at",
            "rejected bad_time:at",
            "rejected missing_field:contact",
            "rejected missing_field:contact",
            "rejected truncated",
            "rejected not_json",
            "rejected bad_value:list",
            "rejected missing_field:at",
            "rejected missing_field:at",
            "rejected bad_time:at",
            "rejected bad_value:cost",
            "rejected bad_value:cost",
            "rejected bad_value:token",
            "rejected missing_field:contact",
            "rejected bad_time:at",
            "not recognised",
            "not recognised",
        ]
    );
}
