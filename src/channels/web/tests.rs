//! Lines of logs and the clicks that they are. Knows nothing of files.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::reading::lines_of;
use super::super::{ALL, Arena, Reading, Tokens, Value, form, value};
use super::*;
use crate::config::Config;
use crate::event::Time;

const CONFIG: &str = r#"
[clicks]
url = ['/r/(?<token>[A-Za-z0-9]{6,})', '[?&]c=(?<contact>[+\d]+)&k=(?<campaign>[\w-]+)(?:&ch=(?<channel>\w+))?', '/k/(?<campaign>\w+)', '/m/(?<contact>\d+)/(?<message>\w+)']
channel = "whatsapp"
account = "211"
tokens = "tokens.csv"
bots = ["LumioLinkCheck"]
"#;

const TOKENS: &[&str] = &[
    r#"{"token":"Ab3xY9","contact":"4915","message_id":"wamid.1","campaign":"april","variant":"b"}"#,
    r#"{"token":"Tt7qQ2","contact":77,"channel":"telegram","account":"bot-1"}"#,
    r#"{"token":"Nobody","campaign":"april"}"#,
];

const PERSON: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";

fn reading() -> Reading {
    let config = Config::parse(CONFIG, Path::new("trichter.toml")).unwrap();
    let mut tokens = Tokens::default();
    for row in TOKENS {
        let arena = Arena::default();
        tokens.add(&value::parse(row, &arena).unwrap()).unwrap();
    }
    Reading { clicks: config.clicks, tokens: Some(tokens), ..Reading::default() }
}

/// The rules of the samples, with the tokens above.
fn samples() -> Reading {
    let config = Config::parse(include_str!("../../../sample-data/trichter.toml"), Path::new("trichter.toml")).unwrap();
    let zone = config.input.zone.map(|zone| zone.0);
    Reading { zone, clicks: config.clicks, tables: config.table, ..reading() }
}

fn of(body: &Value<'_>, reading: &Reading, arena: &Arena) -> Vec<String> {
    lines_of(&CHANNEL, &Record { body, received_at: None, source: "access.log", reading, arena })
}

/// Text is a line of a log, or a JSON object.
#[track_caller]
fn check(text: &str, expected: &str) {
    let arena = Arena::default();
    let body = value::parse(text, &arena).unwrap_or(Value::Str(text));
    assert_eq!(of(&body, &reading(), &arena).join("\n"), expected, "{text}");
}

fn combined(request: &str, status: u16, agent: &str) -> String {
    format!(r#"203.0.113.5 - - [02/Mar/2026:09:00:00 +0100] "{request}" {status} 0 "-" "{agent}""#)
}

#[test]
fn a_click_is_filed_under_the_contact_and_the_message_of_its_token() {
    check(
        &combined("GET /r/Ab3xY9?utm_source=wa HTTP/1.1", 302, PERSON),
        "1772438400 link_clicked 4915 account=211 re=wamid.1 campaign=april variant=b answer=/r/{token}",
    );
    check(
        &combined("GET /r/Tt7qQ2 HTTP/2.0", 302, PERSON),
        "1772438400 link_clicked 77 account=bot-1 answer=/r/{token}",
    );
}

#[test]
fn a_click_may_tell_contact_and_campaign_itself() {
    check(
        &combined("GET /sale?c=%2B4915&k=april-1 HTTP/1.1", 200, PERSON),
        "1772438400 link_clicked 4915 account=211 campaign=april-1 answer=/sale",
    );
    check(
        &combined("GET /m/4915/wamid7 HTTP/1.1", 301, PERSON),
        "1772438400 link_clicked 4915 account=211 re=wamid7 answer=/m/{contact}/{message}",
    );
}

#[test]
fn a_link_cannot_make_up_a_channel() {
    check(
        &combined("GET /?c=77&k=april&ch=telegram HTTP/1.1", 200, PERSON),
        "1772438400 link_clicked 77 account=211 campaign=april answer=/",
    );
    check(&combined("GET /?c=77&k=april&ch=pigeon HTTP/1.1", 200, PERSON), "rejected bad_value:channel");
}

#[test]
fn lines_of_every_server_are_read() {
    let click = "link_clicked 4915 account=211 re=wamid.1 campaign=april variant=b";
    for (line, expected) in [
        // Common.
        (r#"::1 - - [02/Mar/2026:08:00:00 +0000] "GET /r/Ab3xY9 HTTP/1.1" 302 0"#, "1772438400"),
        // With a virtual host before, and a forwarded address behind.
        (
            r#"go.example:443 203.0.113.5 - anna [02/Mar/2026:08:00:00 +0000] "GET /r/Ab3xY9 HTTP/1.1" 302 0 "https://x.example/?q=\"a\"" "Mozilla/5.0" "10.0.0.1""#,
            "1772438400",
        ),
        // A load balancer, to the microsecond.
        (
            r#"https 2026-03-02T08:00:00.250000Z app/go/50dc 203.0.113.5:2817 10.0.0.1:80 0.086 0.048 0.037 302 302 0 57 "GET https://go.example:443/r/Ab3xY9 HTTP/2.0" "Mozilla/5.0 (iPhone)" ECDHE TLSv1.2 arn:aws:1 "Root=1-5833" "go.example" "arn:cert" 1 2026-03-02T08:00:00.200000Z "forward" "-" "-" "10.0.0.1:80" "302" "-" "-""#,
            "1772438400",
        ),
        (
            r#"{"time_iso8601":"2026-03-02T09:00:00+01:00","request":"GET /r/Ab3xY9 HTTP/1.1","status":"302","http_user_agent":"Mozilla/5.0"}"#,
            "1772438400",
        ),
        (
            r#"{"@timestamp":"2026-03-02T08:00:00Z","url":{"original":"/r/Ab3xY9"},"http":{"request":{"method":"GET"},"response":{"status_code":302}},"user_agent":{"original":"Mozilla/5.0"}}"#,
            "1772438400",
        ),
        // Caddy.
        (
            r#"{"ts":1772438400.5,"request":{"remote_ip":"203.0.113.5","method":"GET","uri":"/r/Ab3xY9","headers":{"User-Agent":["Mozilla/5.0"]}},"status":302}"#,
            "1772438400",
        ),
        (
            r#"{"message":"::1 - - [02/Mar/2026:08:00:00 +0000] \"GET /r/Ab3xY9 HTTP/1.1\" 302 0","host":"web-1"}"#,
            "1772438400",
        ),
        (
            r#"{"log":"::1 - - [02/Mar/2026:08:00:00 +0000] \"GET /r/Ab3xY9 HTTP/1.1\" 302 0\n","stream":"stdout","time":"2026-03-02T08:00:01Z"}"#,
            "1772438400",
        ),
    ] {
        check(line, &format!("{expected} {click} answer=/r/{{token}}"));
    }
}

#[test]
fn where_the_server_sent_the_contact_is_the_answer_without_its_query() {
    let object = |location: &str, args: &str| {
        format!(
            r#"{{"ts":1772438400,"method":"GET","uri":"/sale","args":"{args}","status":302,"location":"{location}"}}"#
        )
    };
    check(
        &object("https://shop.example/sale?c=4915#top", "c=4915&k=april"),
        "1772438400 link_clicked 4915 account=211 campaign=april answer=https://shop.example/sale",
    );
    check(
        &object("https://shop.example/of/4915/sale", "c=4915&k=april"),
        "1772438400 link_clicked 4915 account=211 campaign=april answer=https://shop.example/of/{contact}/sale",
    );
    check(&object("https://go.example/sale?c=4915&k=april", "c=4915&k=april"), "ignored redirect_to_itself");
}

#[test]
fn what_no_person_opened_is_ignored_by_name() {
    for (request, status, agent, expected) in [
        ("GET /r/Ab3xY9 HTTP/1.1", 302, "WhatsApp/2.23.20.0 A", "ignored bot:whatsapp"),
        ("GET /r/Ab3xY9 HTTP/1.1", 302, "facebookexternalhit/1.1", "ignored bot:facebook"),
        ("GET /r/Ab3xY9 HTTP/1.1", 302, "LumioLinkCheck/1", "ignored bot:configured"),
        ("GET /r/Ab3xY9 HTTP/1.1", 302, "-", "ignored bot:no_agent"),
        ("HEAD /r/Ab3xY9 HTTP/1.1", 302, PERSON, "ignored not_a_get"),
        ("OPTIONS /r/Ab3xY9 HTTP/1.1", 204, PERSON, "ignored not_a_get"),
        ("GET /r/Ab3xY9 HTTP/1.1", 404, PERSON, "ignored failed_request"),
        ("GET /r/Ab3xY9 HTTP/1.1", 503, PERSON, "ignored failed_request"),
        ("GET /favicon.ico HTTP/1.1", 200, PERSON, "ignored other_request"),
        ("-", 400, "-", "ignored other_request"),
        (r"\x16\x03\x01", 400, "-", "ignored other_request"),
        ("GET /k/april HTTP/1.1", 302, PERSON, "ignored click_without_contact"),
        ("GET /r/Nobody HTTP/1.1", 302, PERSON, "ignored click_without_contact"),
    ] {
        check(&combined(request, status, agent), expected);
    }
    check(
        r#"{"ts":1772438400,"method":"GET","uri":"/r/Ab3xY9","status":302,"sec_purpose":"prefetch;prerender"}"#,
        "ignored prefetch",
    );
    check(r#"{"token":"Ab3xY9","contact":"4915","message_id":"wamid.1"}"#, "ignored table_of_tokens");
}

#[test]
fn clicks_that_cannot_be_filed_are_rejected() {
    check(&combined("GET /sale?c=01511234567&k=april HTTP/1.1", 302, PERSON), "rejected bad_value:contact");
    check(&combined("GET /r/Unknown1 HTTP/1.1", 302, PERSON), "rejected bad_value:token");
    check(r#"::1 - - [31/Feb/2026:08:00:00 +0000] "GET /r/Ab3xY9 HTTP/1.1" 302 0"#, "rejected bad_time:time");
    check(r#"::1 - - [02/Mar/1970:08:00:00 +0000] "GET /r/Ab3xY9 HTTP/1.1" 302 0"#, "rejected bad_time:time");
    check(r#"::1 - - [02/Mar/2026:08:00:00 +0000] "GET /r/Ab3xY9 HTTP/1.1" oops"#, "rejected bad_value:status");
    check(r#"::1 - - [02/Mar/2026:08:00:00 +0000] "GET /r/Ab3xY9 HT"#, "rejected truncated");
    check("h2 2026-03-02T08:00:00Z app/go/50dc 203.0.113.5:2817", "rejected truncated");
    check(r#"{"time":"2026-03-02 08:00:00","method":"GET","uri":"/r/Ab3xY9","status":302}"#, "rejected no_zone:time");
}

#[test]
fn without_links_or_tokens_a_log_is_rejected_with_the_reason() {
    let line = combined("GET /r/Ab3xY9 HTTP/1.1", 302, PERSON);
    let arena = Arena::default();
    let read = |reading: &Reading| of(&Value::Str(&line), reading, &arena).join("\n");
    assert_eq!(read(&Reading::default()), "rejected missing_field:clicks.url");
    assert_eq!(read(&Reading { tokens: None, ..reading() }), "rejected missing_field:tokens");
}

/// By what a click is known.
fn key(line: &str, reading: &Reading) -> (Time, String) {
    let arena = Arena::default();
    let body = Value::Str(line);
    let mut key = None;
    let mut emit = |event: Event<'_>| key = Some((event.at, event.dedup.into_owned()));
    let record = Record { body: &body, received_at: None, source: "", reading, arena: &arena };
    parse(&record, &mut Out::new(&mut emit));
    key.unwrap()
}

#[test]
fn a_token_of_which_more_is_known_later_makes_no_other_click() {
    let line = combined("GET /r/Ab3xY9 HTTP/1.1", 302, PERSON);
    let arena = Arena::default();
    let mut tokens = Tokens::default();
    tokens.add(&value::parse(r#"{"token":"Ab3xY9","contact":"4915"}"#, &arena).unwrap()).unwrap();
    assert_eq!(key(&line, &reading()), key(&line, &Reading { tokens: Some(tokens), ..reading() }));
}

#[test]
fn a_request_that_is_logged_twice_is_one_click_and_another_link_is_another() {
    let keys = |line: &str| key(line, &reading());
    let first = keys(&combined("GET /r/Ab3xY9 HTTP/1.1", 302, PERSON));
    assert_eq!(first, keys(&combined("GET /r/Ab3xY9?fbclid=1 HTTP/2.0", 301, "Mozilla/5.0 (Android)")));
    assert_ne!(first, keys(&combined("GET /sale?c=4915&k=april HTTP/1.1", 302, PERSON)));
    assert!(!first.1.contains("203.0.113.5") && !first.1.contains("Mozilla"));
}

#[test]
fn webhooks_and_forms_that_a_server_logs_are_no_requests() {
    let arena = Arena::default();
    let reading = reading();
    for text in [
        r#"{"time":"2026-03-02T08:00:00Z","remote_addr":"::1","request_uri":"/webhook","status":200,"body":"{}"}"#,
        r#"{"method":"sendMessage","request":{"chat_id":77},"response":{"ok":true,"result":{}}}"#,
        r#"{"time":"2026-03-02T08:00:00Z","method":"POST","url":"https://api.example/send","status":201,"response":{"id":"m1"}}"#,
        r#"{"status":"delivered","timestamp":"1772438400","id":"x"}"#,
        r#"{"status":"ok","url":"https://x.example","timestamp":1772438400}"#,
        r#""[02/03/26, 08:15:22] Anna: \"[02/03/26, 08:15] \"""#,
        r#""2026-03-02 08:00:00 started""#,
        r#""https 2026 plan""#,
        r#""::1 - - [02/Mar/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 302 0\nnext""#,
    ] {
        let body = value::parse(text, &arena).unwrap();
        assert!(
            !recognises(&Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena }),
            "{text}"
        );
    }
    let body = form::parse("MessageSid=SM1&SmsStatus=sent&path=x", &arena);
    assert!(!recognises(&Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena }));
}

#[test]
fn no_other_channel_takes_an_access_log() {
    let (arena, reading) = (Arena::default(), reading());
    let line = combined("GET /r/Ab3xY9 HTTP/1.1", 302, PERSON);
    let object =
        r#"{"ts":1772438400,"method":"GET","uri":"/r/Ab3xY9","status":302,"request":"GET /r/Ab3xY9 HTTP/1.1"}"#;
    for body in [Value::Str(&line), value::parse(object, &arena).unwrap()] {
        let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
        let names: Vec<&str> = ALL.iter().filter(|one| (one.recognises)(&record)).map(|one| one.name).collect();
        assert_eq!(names, ["web"]);
    }
}

#[test]
fn every_broken_line_is_refused_with_its_reason_and_none_is_a_click() {
    let reading = samples();
    let mut found = Vec::new();
    for line in include_str!("../../../sample-data/web/broken.log").lines() {
        let arena = Arena::default();
        let body = value::parse(line, &arena).unwrap_or(Value::Str(line));
        let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
        found.push(if recognises(&record) { of(&body, &reading, &arena).join("\n") } else { "not recognised".into() });
    }
    assert_eq!(
        found,
        [
            "rejected bad_value:token",
            "rejected bad_time:time",
            "rejected bad_time:time",
            "rejected bad_time:time",
            "rejected bad_value:status",
            "rejected truncated",
            "not recognised",
            "rejected bad_value:status",
            "ignored other_request",
            "rejected bad_time:time",
            "rejected truncated",
            "rejected bad_value:status",
            "rejected bad_time:time",
            "rejected bad_time:time",
            "not recognised",
            "ignored other_request",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_makes_it_panic(
        before in "(https |h2 |::1 - - |)",
        time in "(\\[02/Mar/2026:08:00:00 \\+0000\\] |2026-03-02T08:00:00Z |\\[../.../.*\\] )",
        rest in "(\"|\\\\| |GET|/r/Ab3xY9|\\?c=|%|é|302|-|://|@|\u{0}){0,30}",
    ) {
        // Patterns take longer to compile than to try.
        static READING: LazyLock<Reading> = LazyLock::new(reading);
        let arena = Arena::default();
        let line = format!("{before}{time}\"{rest}");
        let body = Value::Str(&line);
        let record = Record { body: &body, received_at: None, source: "", reading: &READING, arena: &arena };
        let _ = recognises(&record);
        let mut emit = |_: Event<'_>| ();
        parse(&record, &mut Out::new(&mut emit));
    }
}
