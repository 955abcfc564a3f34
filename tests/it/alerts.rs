//! Alerts: judged over logs in which something was planted, and told to receivers on this machine.

use std::time::Duration;

use serde_json::Value;

use super::case::{Case, Ran};

mod nights;
mod receivers;

use receivers::Answer::{Hang, Status};

/// A day of messages, of which some were clicked: enough to be judged.
fn day(case: &Case, date: &str, clicked: u32) {
    let mut text = String::new();
    for message in 0..200 {
        let event = |kind: &str, minute: u32, more: &str| {
            format!(
                "{{\"kind\":\"{kind}\",\"contact_id\":\"k{message}\",\"at\":\"{date}T10:{minute:02}:00Z\",{more}:\"{date}-{message}\"}}\n"
            )
        };
        text.push_str(&event("message_sent", 0, "\"message_id\""));
        text.push_str(&event("message_delivered", 1, "\"message_id\""));
        if message < clicked {
            text.push_str(&event("button_clicked", 2, "\"reply_to\""));
        }
    }
    case.write(&format!("{date}.ndjson"), text);
    case.ask(&["ingest", &format!("{date}.ndjson"), "--store", "store", "--quiet"]);
}

/// A store in which few messages of 4 May were clicked, and a configuration that finds too few.
fn bad_day(alerts: &str) -> Case {
    let case = Case::new();
    let watched = "[[alert]]\nname = \"Few clicks\"\nmetric = \"click_rate\"\nbelow = \"20%\"\n";
    case.write("trichter.toml", format!("[report]\nlang = \"de\"\n{watched}{alerts}"));
    day(&case, "2026-05-04", 10);
    // The log goes on, so that 4 May is over and decided; too few messages to be judged.
    case.write(
        "later.ndjson",
        "{\"kind\":\"message_received\",\"contact_id\":\"k1\",\"at\":\"2026-05-06T10:00:00Z\"}\n",
    );
    case.ask(&["ingest", "later.ndjson", "--store", "store", "--quiet"]);
    case
}

fn alerts(case: &Case, more: &[&str]) -> Ran {
    let arguments = [&["alerts", "--store", "store", "--config", "trichter.toml"], more].concat();
    Ran::from(case.command(&arguments).env("HOOK", secret(case)).output().unwrap())
}

/// The address of the webhook, which tests write into a file.
fn secret(case: &Case) -> String {
    std::fs::read_to_string(case.path("hook")).unwrap_or_default()
}

#[test]
fn an_alert_is_said_once_and_its_end_is_said_once() {
    let case = bad_day("");
    let dry = alerts(&case, &["--dry-run"]).expect(1);
    assert!(
        dry.stdout.starts_with("raised  Few clicks: Klickrate lag im Zeitraum 4. Mai 2026 bei 5,0"),
        "{}",
        dry.stdout
    );
    assert!(!case.path("store/alerts.json").exists(), "a dry run remembers nothing");
    let raised = alerts(&case, &["--json"]).expect(1);
    let alert: Value = serde_json::from_str(raised.stdout.trim()).unwrap();
    assert_eq!(alert["state"], "raised");
    assert_eq!((&alert["numerator"], &alert["denominator"]), (&10.into(), &200.into()));
    assert_eq!((&alert["period"], &alert["limit"]), (&"2026-05-04".into(), &0.2.into()));
    let again = alerts(&case, &[]).expect(0);
    assert!(again.stdout.starts_with("still   Few clicks"), "{}", again.stdout);
    day(&case, "2026-05-08", 100);
    day(&case, "2026-05-10", 100);
    let over = alerts(&case, &[]).expect(0);
    assert!(over.stdout.starts_with("over    Few clicks: vorbei seit 8. Mai 2026"), "{}", over.stdout);
    assert_eq!(alerts(&case, &[]).expect(0).stdout, "no alert\n");
}

#[test]
fn a_webhook_is_told_once_also_when_it_was_busy_first() {
    let server = receivers::web([Status(503), Status(429), Status(204)]);
    let case = bad_day("[alerts.webhook]\nurl_env = \"HOOK\"\ntoken_file = \"token\"\n");
    case.write("hook", format!("http://127.0.0.1:{}/secret-path", server.port));
    case.write("token", "secret-token\n");
    alerts(&case, &[]).expect(1);
    // Nobody listens any more: a second letter would fail.
    alerts(&case, &[]).expect(0);
    let got = server.got();
    assert_eq!(got.len(), 3);
    let last = &got[2];
    assert!(last.head.starts_with("POST /secret-path HTTP/1.1\r\n"), "{}", last.head);
    assert!(last.head.to_lowercase().contains("authorization: bearer secret-token\r\n"), "{}", last.head);
    assert_eq!((&last.body["language"], &last.body["alerts"][0]["name"]), (&"de".into(), &"Few clicks".into()));
    assert_eq!(last.body["text"], last.body["alerts"][0]["text"]);
}

#[test]
fn who_could_not_be_told_is_told_the_next_time() {
    let server = receivers::web([Status(404)]);
    let case = bad_day("[alerts.webhook]\nurl_env = \"HOOK\"\n");
    case.write("hook", format!("http://127.0.0.1:{}/secret-path", server.port));
    let failed =
        alerts(&case, &[]).expect(2).complains(&["webhook: it answered with status 404", "the next run tells"]);
    assert!(failed.stdout.starts_with("raised  Few clicks"), "what was found is said all the same: {}", failed.stdout);
    assert!(!failed.stderr.contains("secret-path"), "{}", failed.stderr);
    assert_eq!(server.got().len(), 1, "what was not found is not tried again");
    let server = receivers::web([Status(200)]);
    case.write("hook", format!("http://127.0.0.1:{}/", server.port));
    alerts(&case, &[]).expect(0);
    assert_eq!(server.got()[0].body["alerts"][0]["state"], "raised");
    case.write("hook", "");
    alerts(&case, &[]).expect(2).complains(&["HOOK holds no secret"]);
}

#[test]
fn a_webhook_that_hangs_does_not_hold_up_the_night() {
    let server = receivers::web([Hang(Duration::from_millis(1_500)), Status(200)]);
    let case = bad_day("[alerts.webhook]\nurl_env = \"HOOK\"\ntimeout = \"1s\"\n");
    case.write("hook", format!("http://localhost:{}/", server.port));
    alerts(&case, &[]).expect(1);
    assert_eq!(server.got().len(), 2);
}

#[test]
fn a_token_is_shown_to_nobody_who_may_listen() {
    let case = bad_day("[alerts.webhook]\nurl = \"http://alerts.example/\"\ntoken_file = \"token\"\n");
    case.write("token", "secret-token");
    let failed = alerts(&case, &[]).expect(2).complains(&["token could be read on the way"]);
    assert!(!failed.stderr.contains("secret-token"), "{}", failed.stderr);
}

#[test]
fn a_mail_is_sent_with_subject_and_text() {
    let server = receivers::mail(1);
    let case = bad_day(&format!(
        "[alerts.mail]\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"trichter <t@bot.example>\"\n\
         to = [\"a@desk.example\", \"b@desk.example\"]\n",
        server.port
    ));
    alerts(&case, &[]).expect(1);
    alerts(&case, &[]).expect(0);
    let said = server.got().remove(0);
    for line in [
        "MAIL FROM:<t@bot.example>",
        "RCPT TO:<a@desk.example>",
        "RCPT TO:<b@desk.example>",
        "Subject: trichter: 1 Warnung: Few clicks",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(said.contains(line), "no '{line}' in\n{said}");
    }
}

#[test]
fn what_does_not_exist_is_refused_before_anything_is_judged() {
    let case = bad_day("");
    for (alert, words) in [
        ("metric = \"click_rat\"\nbelow = \"1%\"", "did you mean 'click_rate'?"),
        ("metric = \"answer_seconds\"\nbelow = \"1%\"", "alerts judge rates"),
        ("metric = \"list_left_rate\"\nabove = \"1%\"", "whole months"),
        ("metric = \"click_rate\"\nby = [\"chanel\"]\nbelow = \"1%\"", "did you mean 'channel'?"),
        ("silent = \"1d\"\nby = [\"chanel\"]", "did you mean 'channel'?"),
    ] {
        case.write("trichter.toml", format!("[[alert]]\nname = \"x\"\n{alert}\n"));
        alerts(&case, &[]).expect(2).complains(&[words]);
    }
}

#[test]
fn rejects_and_violations_are_raised_once_each() {
    let case = Case::new();
    case.write(
        "trichter.toml",
        "[[alert]]\nname = \"Rejects\"\nrejects = \"5%\"\n[[alert]]\nname = \"Rules\"\nviolations = true\nby = [\"channel\"]\n",
    );
    day(&case, "2026-05-04", 100);
    day(&case, "2026-05-05", 100);
    assert_eq!(alerts(&case, &[]).expect(0).stdout, "no alert\n");
    let broken = "{\"kind\":\"message_received\",\"contact_id\":\"k\",\"at\":\"soon\",\"text\":\"N\"}\n";
    let broken: String = (0..40).map(|n| broken.replace('N', &n.to_string())).collect();
    let after_stop = "{\"kind\":\"opted_out_soft\",\"contact_id\":\"k1\",\"at\":\"2026-05-06T08:00:00Z\"}\n\
                      {\"kind\":\"message_sent\",\"contact_id\":\"k1\",\"message_id\":\"late\",\"at\":\"2026-05-06T12:00:00Z\"}\n\
                      {\"kind\":\"message_received\",\"contact_id\":\"k2\",\"at\":\"2026-05-07T12:00:00Z\"}\n";
    case.write("broken.ndjson", format!("{broken}{after_stop}"));
    case.ask(&["ingest", "broken.ndjson", "--store", "store", "--quiet"]);
    let raised = alerts(&case, &[]).expect(1);
    let lines: Vec<&str> = raised.stdout.lines().collect();
    let [rejects, rules] = lines.as_slice() else { panic!("{}", raised.stdout) };
    assert!(rejects.starts_with("raised  Rejects: 40 of 43 new records were rejected"), "{rejects}");
    assert!(rules.starts_with("raised  Rules (Channel generic): 1 message broke a rule until 6 May 2026"), "{rules}");
    alerts(&case, &[]).expect(0);
    day(&case, "2026-05-08", 100);
    let over = alerts(&case, &[]).expect(0);
    let n_over = over.stdout.lines().filter(|line| line.starts_with("over")).count();
    assert_eq!(n_over, 2, "{}", over.stdout);
}
