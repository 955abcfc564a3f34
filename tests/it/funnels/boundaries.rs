//! Boundaries: small logs on which a funnel is easily wrong, each with the counts that a person finds.

use std::fmt::Write;

use serde_json::Value;

use crate::case::Case;

/// A log of events `contact day kind [message] [campaign] [account]`, the day as `4` or `4T10:00`, in May 2026.
fn store(case: &Case, log: &str) {
    let mut text = String::from("channel,account,contact_id,at,kind,campaign,message_id\n");
    for line in log.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace().map(|word| if word == "-" { "" } else { word });
        let mut next = || words.next().unwrap_or_default();
        let (contact, at, kind, message, campaign, account) = (next(), next(), next(), next(), next(), next());
        let (day, time) = at.split_once('T').unwrap_or((at, "08:00"));
        let account = if account.is_empty() { "a" } else { account };
        writeln!(text, "shop,{account},{contact},2026-05-{day:0>2}T{time}:00Z,{kind},{campaign},{message}").unwrap();
    }
    case.write("log.csv", text);
    case.write("plain.toml", "[privacy]\ncontact_ids = \"plain\"\n");
    case.ask(&["ingest", "log.csv", "--store", "store", "--config", "plain.toml", "--quiet"]);
}

/// `name kind` for each step.
fn funnel(case: &Case, head: &str, steps: &[(&str, &str)], tail: &str) {
    let mut text = format!("name = \"f\"\n{head}\n");
    for (name, kind) in steps {
        writeln!(text, "[[step]]\nname = \"{name}\"\nwhere = {{ kind = \"{kind}\" }}").unwrap();
    }
    case.write("f.toml", text + tail);
}

/// Reached, lost, excluded and open of each step.
fn counts(case: &Case, more: &[&str]) -> Vec<[u64; 4]> {
    let arguments = [&["funnel", "f.toml", "--store", "store", "--format", "json"], more].concat();
    let answer: Value = serde_json::from_str(&case.ask(&arguments)).unwrap();
    let steps = answer["rows"][0]["steps"].as_array().unwrap().iter();
    steps.map(|step| ["reached", "lost", "excluded", "open"].map(|key| step[key].as_u64().unwrap())).collect()
}

fn reached(case: &Case, more: &[&str]) -> Vec<u64> {
    counts(case, more).iter().map(|step| step[0]).collect()
}

const SENT: (&str, &str) = ("sent", "message_sent");
const DELIVERED: (&str, &str) = ("delivered", "message_delivered");
const OPENED: (&str, &str) = ("opened", "message_opened");
const WROTE: (&str, &str) = ("wrote", "message_received");
const PAID: (&str, &str) = ("paid", "payment");

#[test]
fn a_free_step_may_be_filled_by_an_event_of_another_value() {
    let case = Case::new();
    store(&case, "ann 4 message_sent m1\nann 4T09:00 message_delivered m1\nann 4T10:00 message_sent m2");
    let hold = "window = \"7d\"\nhold = { column = \"message_id\", steps = [\"sent\", \"delivered\"] }";
    funnel(&case, hold, &[SENT, DELIVERED, ("again", "message_sent")], "");
    assert_eq!(reached(&case, &[]), [1, 1, 1]);
}

#[test]
fn a_unit_that_never_came_to_a_held_step_has_entered_all_the_same() {
    let case = Case::new();
    store(
        &case,
        "ann 4 message_received r1\nbob 4 message_received r2\nbob 5 message_sent m1\nbob 6 message_delivered m1",
    );
    let hold = "window = \"7d\"\nhold = { column = \"message_id\", steps = [\"sent\", \"delivered\"] }";
    funnel(&case, hold, &[WROTE, SENT, DELIVERED], "");
    assert_eq!(reached(&case, &[]), [2, 1, 1]);
}

#[test]
fn an_exclusion_counts_whatever_message_it_names() {
    let case = Case::new();
    store(
        &case,
        "bob 4 message_sent m1\nbob 4T09:00 opted_out_soft r1\nbob 4T10:00 message_opened m1\nend 20 opted_in",
    );
    let hold = "window = \"7d\"\nhold = \"message_id\"";
    funnel(&case, hold, &[SENT, OPENED], "[[exclude]]\nwhere = { kind = \"opted_out_soft\" }\n");
    assert_eq!(counts(&case, &[]), [[1, 1, 1, 0], [0, 0, 0, 0]]);
}

#[test]
fn what_happens_after_the_window_excludes_nobody() {
    let case = Case::new();
    store(&case, "bob 4 message_sent m1\nbob 14 handover_to_human\nend 20 opted_in");
    for order in ["ordered", "any"] {
        let head = format!("window = \"1d\"\norder = \"{order}\"");
        funnel(&case, &head, &[SENT, OPENED], "[[exclude]]\nwhere = { kind = \"handover_to_human\" }\n");
        // Opened is never told of on this channel, so it must be asked for otherwise.
        case.write(
            "f.toml",
            std::fs::read_to_string(case.path("f.toml")).unwrap().replace("message_opened", "payment"),
        );
        assert_eq!(counts(&case, &[])[0], [1, 1, 0, 0], "{order}");
    }
}

#[test]
fn a_conversation_that_is_over_is_not_open() {
    let case = Case::new();
    store(&case, "ann 4 message_received r1\nbob 6T07:00 message_received r2\nend 6T08:00 opted_in");
    funnel(&case, "window = \"3d\"\nunit = \"conversation\"", &[WROTE, ("answered", "message_sent")], "");
    assert_eq!(counts(&case, &[])[0], [2, 1, 0, 1]);
}

#[test]
fn a_range_of_time_splits_conversations_for_counts_and_lists_alike() {
    let case = Case::new();
    store(
        &case,
        "ann 1 message_sent m0\nann 2 opted_in\nann 2T01:00 message_received r1\nann 2T20:00 payment\nend 20 opted_in",
    );
    funnel(&case, "window = \"3d\"\nunit = \"conversation\"", &[WROTE, PAID], "");
    let range = ["--since", "2026-05-02"];
    assert_eq!(reached(&case, &range), [1, 1]);
    let list = [&["funnel", "f.toml", "--store", "store", "--people", "wrote"][..], &range].concat();
    assert_eq!(case.ask(&list).lines().count(), 1, "nobody was lost");
}

#[test]
fn an_event_without_a_value_can_begin_where_steps_have_no_order() {
    let case = Case::new();
    store(&case, "ann 4 message_received r1\nann 5 message_sent m1 x");
    funnel(
        &case,
        "window = \"7d\"\norder = \"any\"",
        &[WROTE, SENT],
        "[breakdown]\nby = \"campaign\"\nattribution = \"all\"\n",
    );
    assert_eq!(reached(&case, &[]), [1, 1]);
}

#[test]
fn who_got_further_another_time_or_is_on_the_way_again_is_not_to_be_written_to() {
    let case = Case::new();
    store(
        &case,
        "ann 1 message_sent m1\nann 20T06:00 message_sent m2\nbob 1 message_sent m3\nbob 9 message_sent m4\nbob 9T09:00 payment\n\
         cem 1 message_sent m5 - b\ncem 5 message_sent m6 - a\nend 20 opted_in",
    );
    funnel(&case, "window = \"1d\"\nunit = \"attempt\"", &[SENT, PAID], "");
    let list = case.ask(&["funnel", "f.toml", "--store", "store", "--people", "sent"]);
    assert_eq!(
        list,
        "channel,contact_id,account,entered_at,lost_at\nshop,cem,a,2026-05-05T08:00:00Z,2026-05-05T08:00:00Z\n"
    );
    let last = ["funnel", "f.toml", "--store", "store", "--people", "paid"];
    case.run(&last).expect(2).complains(&["'paid' is the last step"]);
}

#[test]
fn paths_of_a_conversation_end_with_it() {
    let case = Case::new();
    store(&case, "ann 4 message_received r1\nann 9 message_received r2\nann 9T08:01 fallback\nend 20 opted_in");
    funnel(&case, "window = \"7d\"\nunit = \"conversation\"", &[WROTE, PAID], "");
    let text = case.ask(&["funnel", "f.toml", "--store", "store", "--paths", "after:wrote", "--format", "csv"]);
    assert_eq!(text, "sequence,units,went_on\n(nothing),1,0\nfallback,1,0\n");
}

#[test]
fn a_contact_with_very_many_events_takes_no_time_worth_speaking_of() {
    let case = Case::new();
    let mut log = String::new();
    for number in 0..20_000_u32 {
        let (day, hour, minute) = (1 + number / 1_440, number / 60 % 24, number % 60);
        writeln!(log, "ann {day}T{hour:02}:{minute:02} message_sent m{number} x").unwrap();
        writeln!(log, "ann {day}T{hour:02}:{minute:02} message_received r{number}").unwrap();
    }
    store(&case, &log);
    let begun = std::time::Instant::now();
    for (order, steps) in
        [("ordered", &[SENT, WROTE, PAID][..]), ("any", &[SENT, WROTE, PAID, ("sent2", "message_sent")])]
    {
        funnel(
            &case,
            &format!("window = \"1h\"\norder = \"{order}\"\nhold = {{ column = \"message_id\", steps = [\"sent\"] }}"),
            steps,
            "",
        );
        assert_eq!(reached(&case, &[])[0], 1);
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    let case = Case::new();
    store(&case, "ann 4 message_sent m1");
    let file = |head: &str, steps: &[(&str, &str)], words: &str| {
        funnel(&case, head, steps, "");
        case.run(&["funnel", "f.toml", "--store", "store"]).expect(2).complains(&[words]);
    };
    let held = |hold: &str| format!("window = \"1d\"\nhold = {hold}");
    file(&held("{ column = \"campaign\", steps = [] }"), &[SENT, PAID], "'hold' names no step");
    file(&held("{ column = \"campaign\", stpes = [\"sent\"] }"), &[SENT, PAID], "f.toml:3: write hold");
    file("window = \"1d\"", &[("first", "message_sent")], "a step cannot be called 'first'");
    file("window = \"1d\"\nunit = \"contacts\"", &[SENT], "unknown variant `contacts`; did you mean 'contact'?");
    let look = |step: &str, words: &str| {
        case.run(&["funnel", "--store", "store", "--step", step]).expect(2).complains(&[words]);
    };
    look("kind=massage_*", "no kind of event fits");
    look("campaign=x*|y", "mixes alternatives and a prefix");
    case.run(&["funnel", "campaign", "--window", "3d", "--store", "store"]).expect(2).complains(&["--window"]);
    let by = ["funnel", "campaign", "--store", "store", "--by", "dayy"];
    case.run(&by).expect(2).complains(&["no column or part of time 'dayy'; did you mean 'day'?"]);
}
