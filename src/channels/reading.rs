//! Reading a record in a test: what a channel makes of it, a line per event. It says nothing that the channel did not say.

use super::{Arena, Channel, Out, Outcome, Reading, Record, Value, form, json, value};
use crate::event::{Event, Time};

/// Events as lines of the fields that are set, then how the record ended if it was not accepted.
///
/// A line is: seconds since 1970 (`~` before it if only the time of receipt is known), kind, contact, then fields by name.
pub(super) fn lines(channel: &Channel, json: &str, received_at: Option<Time>) -> Vec<String> {
    let arena = Arena::default();
    let body = value::parse(json, &arena).unwrap_or_else(|reason| panic!("{reason:?}: {json}"));
    let record = Record { body: &body, received_at, source: "test", reading: &Reading::default(), arena: &arena };
    lines_of(channel, &record)
}

/// As [`lines`], of a record of any form.
pub(super) fn lines_of(channel: &Channel, record: &Record<'_>) -> Vec<String> {
    assert!((channel.recognises)(record), "not recognised: {:?}", record.body);
    let mut lines = Vec::new();
    let mut emit = |event: Event<'_>| {
        assert!(channel.reports(event.kind), "{} is not among the kinds", event.kind);
        lines.push(line(&event));
    };
    let mut out = Out::new(&mut emit);
    (channel.parse)(record, &mut out);
    let outcome = out.outcome();
    match outcome {
        Outcome::Accepted => {}
        Outcome::Ignored(what) => lines.push(format!("ignored {what}")),
        Outcome::Rejected(reason) => lines.push(format!("rejected {}", reason.code())),
    }
    lines
}

fn line(event: &Event<'_>) -> String {
    let basis = if event.time_basis == crate::event::TimeBasis::Received { "~" } else { "" };
    let mut line = format!("{basis}{} {} {}", event.at.seconds(), event.kind, event.contact);
    for (name, value) in [
        ("account", &event.account),
        ("id", &event.message_id),
        ("re", &event.reply_to),
        ("campaign", &event.campaign),
        ("template", &event.template),
        ("category", &event.category),
        ("flow", &event.flow),
        ("version", &event.flow_version),
        ("question", &event.question),
        ("variant", &event.variant),
        ("topic", &event.topic),
        ("country", &event.country),
        ("language", &event.language),
        ("type", &event.message_type),
        ("agent", &event.agent),
        ("answer", &event.answer),
        ("text", &event.text),
        ("tag", &event.tag),
        ("error", &event.error_code),
        ("cost", &event.cost),
        ("currency", &event.currency),
    ] {
        if let Some(value) = value {
            line = format!("{line} {name}={value}");
        }
    }
    if let Some(billable) = event.billable {
        line = format!("{line} billable={billable}");
    }
    if let Some(up_to) = event.up_to {
        line = format!("{line} up_to={}", up_to.seconds());
    }
    line
}

/// Fails with both sides if the record does not give these lines.
#[track_caller]
pub(super) fn check(channel: &Channel, json: &str, expected: &[&str]) {
    assert_eq!(lines(channel, json, None), expected, "{json}");
}

/// The last line that each record of a sample gives. What is no JSON is left out: it is the framing's business.
pub(super) fn ends(channel: &Channel, sample: &str) -> Vec<String> {
    let is_json = |line: &&str| value::parse(line, &Arena::default()).is_ok();
    sample.lines().filter(is_json).filter_map(|line| lines(channel, line, None).pop()).collect()
}

/// How each line of a sample ends: in so many events, ignored, refused for a reason, or not as a record of the channel.
pub(super) fn outcomes(channel: &Channel, sample: &str) -> Vec<String> {
    let outcome = |record: Option<&Record<'_>>| {
        let Some(record) = record else { return "not json".to_owned() };
        if !(channel.recognises)(record) {
            return "not recognised".to_owned();
        }
        let lines = lines_of(channel, record);
        match lines.last() {
            Some(end) if end.starts_with("ignored ") => end.clone(),
            Some(end) if end.starts_with("rejected ") => end.replacen("rejected ", "", 1),
            _ => format!("{} events", lines.len()),
        }
    };
    sample.lines().map(|line| with_record(line, outcome)).collect()
}

/// Hands a line to `read` as a record, without the envelope `{"received_at":…,"body":…}` if it has one; `None` if it is no
/// JSON.
pub(super) fn with_record<T>(line: &str, read: impl FnOnce(Option<&Record<'_>>) -> T) -> T {
    let (arena, reading) = (Arena::default(), Reading::default());
    let Ok(line) = value::parse(line, &arena) else { return read(None) };
    let body = match line.get("body") {
        Value::Str(text) if json::has(&line, "received_at") && form::is_form(text) => form::parse(text, &arena),
        Value::Object(_) if json::has(&line, "received_at") => *line.get("body"),
        _ => line,
    };
    let received_at = json::time(line.get("received_at"), "received_at", None).ok();
    read(Some(&Record { body: &body, received_at, source: "sample", reading: &reading, arena: &arena }))
}
