//! Messages that break a rule are found, all of them and no others, in logs with planted cases; and named with evidence.

use std::fs;

use serde_json::{Map, Value, json};

use crate::case::Case;
use crate::pipeline::Pipeline;
use trichter::metrics::{Ask, Counts};

/// 2026-03-11T00:00:00Z, ten days after the log began.
const START: i64 = 1_773_187_200;
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// A log on its way: lines, and those of them that break a rule.
#[derive(Default)]
struct Log {
    lines: Vec<String>,
    expected: Vec<(u64, &'static str)>,
    channel: &'static str,
    contact: String,
}

impl Log {
    /// A log that begins ten days before its cases, on each channel with a window of which a case knows no act.
    fn new() -> Self {
        let mut log = Self::default();
        for channel in ["generic", "whatsapp"] {
            log.case(channel, "first");
            log.tell(-10 * DAY, "message_received", json!({}));
        }
        log
    }

    /// What follows is about a contact of their own.
    fn case(&mut self, channel: &'static str, contact: &str) {
        self.channel = channel;
        self.contact = format!("{channel} {contact}");
    }

    fn tell(&mut self, after: i64, kind: &str, more: Value) {
        let Value::Object(more) = more else { panic!("no object") };
        let mut line: Map<String, Value> = more;
        line.entry("at").or_insert((START + after).into());
        line.insert("kind".into(), kind.into());
        line.insert("channel".into(), self.channel.into());
        line.insert("account".into(), "a".into());
        line.insert("contact".into(), self.contact.clone().into());
        line.entry("message_id").or_insert_with(|| format!("m{}", self.lines.len()).into());
        line.insert("event_id".into(), self.lines.len().into());
        self.lines.push(Value::Object(line).to_string());
    }

    fn allowed(&mut self, after: i64, message: Value) {
        self.tell(after, "message_sent", message);
    }

    fn broken(&mut self, rule: &'static str, after: i64, message: Value) {
        self.tell(after, "message_sent", message);
        self.expected.push((self.lines.len() as u64, rule));
    }

    fn stop(&mut self, after: i64, more: Value) {
        self.tell(after, "opted_out_soft", more);
    }

    /// Lines and rules that the program finds, in the order of lines.
    fn found(&self, config: &str, arguments: &[&str]) -> (Vec<(u64, String)>, Value, Option<i32>) {
        let case = Case::new();
        case.write("log.ndjson", self.lines.join("\n"));
        case.write("trichter.toml", config);
        let ran = case.run(&["ingest", "log.ndjson", "--config", "trichter.toml", "--store", "store"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let audit =
            [&["audit", "--store", "store", "--config", "trichter.toml", "--format", "json"], arguments].concat();
        let ran = case.run(&audit);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        let violation = |found: &Value| (found["line"].as_u64().unwrap(), found["rule"].as_str().unwrap().to_owned());
        let mut lines: Vec<(u64, String)> = answer["violations"].as_array().unwrap().iter().map(violation).collect();
        lines.sort();
        // A report counts what an audit lists, ends as it does, and is written either way.
        let report =
            ["report", "--store", "store", "--config", "trichter.toml", "--format", "json", "--out", "reports"];
        let report = case.run(&[&report[..], arguments].concat());
        assert_eq!(report.code, ran.code, "{}", report.stderr);
        assert!(case.path("reports/report.json").exists());
        (lines, answer, ran.code)
    }

    fn expected(&self) -> Vec<(u64, String)> {
        self.expected.iter().map(|&(line, rule)| (line, rule.to_owned())).collect()
    }
}

fn template(category: &str) -> Value {
    json!({ "message_type": "template", "template": "t", "category": category })
}

fn text() -> Value {
    json!({ "message_type": "text" })
}

/// Every kind of violation beside every case that is allowed.
fn planted() -> Log {
    let mut log = Log::new();
    // So many contacts that lines stand in no order in the store.
    for n in 0..3_000 {
        log.case("generic", &n.to_string());
        log.tell(0, "message_received", json!({}));
    }
    let utility = || template("utility");
    let marketing = || template("marketing");

    log.case("whatsapp", "confirmed in time");
    log.stop(0, json!({}));
    log.allowed(300, utility());
    log.case("whatsapp", "confirmed late");
    log.stop(0, json!({}));
    log.broken("opt_out", 301, utility());
    log.case("whatsapp", "confirmed twice");
    log.stop(0, json!({}));
    log.allowed(60, utility());
    log.broken("opt_out", 120, utility());
    log.case("whatsapp", "confirmed with marketing");
    log.stop(0, json!({}));
    log.broken("opt_out", 60, marketing());
    log.allowed(90, utility());
    log.case("whatsapp", "stopped marketing");
    log.stop(0, json!({ "topic": "marketing_messages" }));
    log.allowed(HOUR, utility());
    log.allowed(2 * HOUR, utility());
    log.broken("opt_out", 3 * HOUR, marketing());
    log.case("whatsapp", "stopped marketing, told by a refusal");
    log.allowed(-1, json!({ "message_id": "refused", "message_type": "template", "category": "marketing" }));
    log.tell(1, "message_failed", json!({ "message_id": "refused", "error_code": "131050" }));
    log.stop(1, json!({ "error_code": "131050" }));
    log.allowed(HOUR, utility());
    log.broken("opt_out", 2 * HOUR, marketing());
    log.case("whatsapp", "refused after a stop");
    log.stop(0, json!({}));
    log.allowed(HOUR, json!({ "message_id": "late", "message_type": "template", "category": "marketing" }));
    log.tell(HOUR + 1, "message_failed", json!({ "message_id": "late", "error_code": "131050" }));
    log.case("whatsapp", "sent before, delivered after");
    log.stop(0, json!({}));
    log.tell(HOUR, "message_delivered", json!({ "message_id": "before", "category": "marketing" }));
    log.case("whatsapp", "resumed");
    log.stop(0, json!({}));
    log.tell(HOUR, "opted_in", json!({}));
    log.allowed(HOUR, marketing());
    log.stop(2 * HOUR, json!({}));
    log.broken("opt_out", 3 * HOUR, utility());
    log.case("telegram", "blocked");
    log.tell(0, "opted_out_hard", json!({}));
    log.broken("opt_out", 60, utility());
    log.case("wechat", "ended one topic");
    log.stop(0, json!({ "topic": "t1" }));
    log.allowed(HOUR, json!({ "template": "t2", "message_type": "template" }));
    log.broken("opt_out", HOUR, json!({ "template": "t1", "message_type": "template" }));

    log.case("whatsapp", "inside the window");
    log.tell(0, "message_received", json!({}));
    log.allowed(DAY, text());
    log.case("whatsapp", "outside the window");
    log.tell(0, "message_received", json!({ "message_id": "told twice" }));
    log.tell(HOUR, "message_received", json!({ "message_id": "told twice" }));
    log.allowed(DAY, text());
    log.broken("window", DAY + 1, text());
    log.allowed(DAY + 2, utility());
    log.allowed(DAY + 3, json!({}));
    log.tell(DAY + 4, "button_clicked", json!({}));
    log.allowed(DAY + 5, text());
    log.case("whatsapp", "never wrote");
    log.broken("window", 0, text());
    log.case("whatsapp", "wrote perhaps before the log began");
    log.allowed(-9 * DAY, text());
    log.broken("window", -9 * DAY + 1, text());
    log.case("wechat", "has longer");
    log.tell(0, "message_received", json!({}));
    log.allowed(2 * DAY, text());
    log.broken("window", 2 * DAY + 1, text());
    log.case("telegram", "has no window");
    log.allowed(5 * DAY, text());

    log.case("sms", "agreed");
    log.tell(0, "opted_in", json!({}));
    log.allowed(0, marketing());
    log.case("sms", "never agreed");
    log.tell(0, "message_received", json!({}));
    log.broken("consent", 1, marketing());
    log.allowed(2, utility());
    log.case("rcs", "nobody knows who agreed");
    log.tell(0, "message_received", json!({}));
    log.allowed(1, marketing());
    log
}

#[test]
fn planted_violations_are_found_all_of_them_and_no_others() {
    let log = planted();
    let (found, answer, code) = log.found("", &["--fail-on", "violations"]);
    assert_eq!(found, log.expected());
    assert_eq!(code, Some(1));
    let [opt_out, window, consent] = [0, 1, 2].map(|rule| answer["rules"][rule]["violations"].as_u64().unwrap());
    let of = |rule: &str| log.expected.iter().filter(|(_, broken)| *broken == rule).count() as u64;
    assert_eq!([opt_out, window, consent], [of("opt_out"), of("window"), of("consent")]);
    let late =
        &answer["violations"].as_array().unwrap().iter().find(|found| found["line"] == log.expected[0].0).unwrap();
    assert_eq!(
        (late["at"].as_str(), late["evidence_at"].as_str()),
        (Some("2026-03-11T00:05:01Z"), Some("2026-03-11T00:00:00Z"))
    );
    assert_eq!((late["channel"].as_str(), late["template"].as_str()), (Some("whatsapp"), Some("t")));
}

#[test]
fn metrics_count_what_the_audit_lists() {
    let log = planted();
    let pipeline = Pipeline::new("");
    fs::write(pipeline.path("log.ndjson"), log.lines.join("\n")).unwrap();
    pipeline.ingest("log.ndjson");
    let metrics = ["sent_after_opt_out_rate", "outside_window_rate", "without_opt_in_rate"];
    let asks: Vec<Ask> = metrics.iter().map(|metric| Ask::new(metric, &[])).collect();
    for (answer, rule) in pipeline.answer(&asks, None, None).iter().zip(["opt_out", "window", "consent"]) {
        let Counts::Rate(rate) = answer.rows[0].counts else { panic!("{rule} is no rate") };
        let expected = log.expected.iter().filter(|(_, broken)| *broken == rule).count() as u64;
        assert_eq!(rate.numerator, expected, "{rule}");
    }
}

#[test]
fn a_window_holds_from_the_day_of_its_rule() {
    let mut log = Log::new();
    log.case("messenger", "wrote long before");
    log.tell(0, "message_received", json!({ "at": "2020-02-20T00:00:00Z" }));
    log.allowed(0, json!({ "at": "2020-03-03T23:59:59Z", "category": "response" }));
    log.broken("window", 0, json!({ "at": "2020-03-04T00:00:00Z", "category": "response" }));
    log.allowed(0, json!({ "at": "2020-03-05T00:00:00Z", "category": "human_agent" }));
    log.allowed(0, json!({ "at": "2020-03-05T00:00:01Z", "message_type": "text" }));
    assert_eq!(log.found("", &[]).0, log.expected());
}

#[test]
fn a_tap_opened_two_days_and_later_a_minute_and_shortens_no_window_that_a_message_opened() {
    let mut log = Log::new();
    let at = |at: &str| json!({ "at": at, "message_type": "text" });
    log.case("wechat", "tapped");
    log.tell(0, "button_clicked", json!({ "at": "2021-05-20T10:00:00Z" }));
    log.allowed(0, at("2021-05-22T10:00:00Z"));
    log.broken("window", 0, at("2021-05-22T10:00:01Z"));
    log.tell(0, "button_clicked", json!({ "at": "2021-06-01T10:00:00Z" }));
    log.allowed(0, at("2021-06-01T10:01:00Z"));
    log.broken("window", 0, at("2021-06-01T10:01:01Z"));
    log.case("wechat", "wrote and tapped");
    log.tell(0, "message_received", json!({ "at": "2021-06-01T10:00:00Z" }));
    log.tell(0, "button_clicked", json!({ "at": "2021-06-02T10:00:00Z" }));
    log.allowed(0, at("2021-06-03T10:00:00Z"));
    log.broken("window", 0, at("2021-06-03T10:00:01Z"));
    assert_eq!(log.found("", &[]).0, log.expected());
}

#[test]
fn who_may_have_written_before_the_log_began_makes_no_violation() {
    let mut log = Log::default();
    log.case("wechat", "tapped");
    log.tell(0, "button_clicked", json!({ "at": "2022-03-01T12:10:00Z" }));
    log.allowed(0, json!({ "at": "2022-03-01T12:30:00Z", "message_type": "text" }));
    log.broken("window", 0, json!({ "at": "2022-03-03T12:30:00Z", "message_type": "text" }));
    assert_eq!(log.found("", &[]).0, log.expected());
}

#[test]
fn how_far_another_log_reaches_back_accuses_nobody() {
    // Telegram's log began ten days ago, WhatsApp's with the message that may have been an answer.
    let mut log = Log::default();
    log.case("telegram", "first");
    log.tell(-10 * DAY, "message_received", json!({}));
    log.case("whatsapp", "may have written the day before");
    log.allowed(0, text());
    log.broken("window", DAY + 1, text());
    log.case("whatsapp", "writes");
    log.tell(2 * DAY, "message_received", json!({}));
    assert_eq!(log.found("", &[]).0, log.expected());
}

#[test]
fn the_business_says_what_is_on_its_way_what_confirms_and_what_is_consent() {
    let mut log = Log::new();
    log.case("telegram", "stopped");
    log.stop(0, json!({}));
    log.allowed(HOUR, template("marketing"));
    log.allowed(HOUR + 60, template("utility"));
    log.broken("opt_out", HOUR + 61, template("utility"));
    log.case("whatsapp", "wrote");
    log.tell(0, "message_received", json!({}));
    log.allowed(1, template("marketing"));
    log.case("whatsapp", "did nothing");
    log.broken("consent", 1, template("marketing"));
    log.case("whatsapp", "resumed");
    log.tell(0, "opted_in", json!({}));
    let config =
        "[compliance]\ngrace = \"1h\"\nconfirmation = \"61m\"\ninbound_is_consent = true\nopt_ins = [\"whatsapp\"]\n";
    assert_eq!(log.found(config, &[]).0, log.expected());
}

#[test]
fn logs_without_violations_have_none() {
    for seed in [1, 2] {
        let pipeline = Pipeline::simulated(300, 30, seed);
        let metrics = ["sent_after_opt_out_rate", "outside_window_rate"];
        let asks: Vec<Ask> = metrics.iter().map(|metric| Ask::new(metric, &[])).collect();
        for answer in pipeline.answer(&asks, None, None) {
            let Counts::Rate(rate) = answer.rows[0].counts else { panic!("{} is no rate", answer.metric) };
            assert_eq!(rate.numerator, 0, "{} seed {seed}", answer.metric);
            assert!(rate.denominator > 200, "{} seed {seed}", answer.metric);
        }
    }
}

#[test]
fn a_spreadsheet_runs_no_name_out_of_a_log() {
    let case = Case::new();
    let mut log = Log::new();
    log.case("telegram", "stopped");
    log.stop(0, json!({}));
    log.broken("opt_out", HOUR, json!({ "campaign": "=1+1", "template": "@sum" }));
    case.write("log.ndjson", log.lines.join("\n"));
    assert_eq!(case.run(&["ingest", "log.ndjson", "--store", "store"]).code, Some(0));
    let ran = case.run(&["audit", "--store", "store", "--format", "csv"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains(",'=1+1,'@sum,"), "{}", ran.stdout);
}
