//! Cohorts, the growth of the list and the history of permission: what was planted is found, nothing else is, and the books
//! balance.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use trichter::metrics::{Ask, Counts};

use crate::case::Case;
use crate::pipeline::Pipeline;

/// Forty contacts opt in on the fifth of each month from January to April and write on the sixth of every month from then on.
/// The log ends on 20 April.
fn cohorts(leaving: &str) -> String {
    let mut log = String::from("kind,at,contact,message_id\n");
    for cohort in 1..=4 {
        for contact in 0..40 {
            let name = format!("{cohort}-{contact}");
            writeln!(log, "opted_in,2026-{cohort:02}-05T12:00:00Z,{name},").unwrap();
            for month in cohort..=4 {
                writeln!(log, "message_received,2026-{month:02}-06T12:00:00Z,{name},{name}-{month}").unwrap();
            }
        }
    }
    log + leaving + "message_sent,2026-04-20T12:00:00Z,1-0,last\n"
}

/// The rows of a measure's tables, by the id of the table.
fn measured(log: &str, measure: &str) -> BTreeMap<String, Vec<Value>> {
    let case = Case::new();
    case.write("log.csv", log);
    case.ask(&["ingest", "log.csv", "--store", "store", "--quiet"]);
    let text = case.ask(&["query", measure, "--store", "store", "--format", "json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    let measured = answer.as_array().map_or(&answer, |all| &all[0]);
    let tables = measured["tables"].as_array().unwrap().iter();
    tables.map(|table| (table["id"].as_str().unwrap().into(), table["rows"].as_array().unwrap().clone())).collect()
}

fn counts(cell: &Value) -> Option<(u64, u64)> {
    Some((cell.get("numerator")?.as_u64()?, cell.get("denominator")?.as_u64()?))
}

fn triangle(rows: &[Value]) -> Vec<Vec<Option<(u64, u64)>>> {
    let ages = ["month_0", "month_1", "month_2", "month_3"];
    rows.iter().map(|row| ages.map(|age| counts(&row[age])).to_vec()).collect()
}

/// Half of February's cohort blocks in March.
fn blocks() -> String {
    let blocks = (0..20).map(|contact| format!("opted_out_hard,2026-03-10T12:00:00Z,2-{contact},\n"));
    blocks.collect::<Vec<_>>().concat()
}

#[test]
fn a_cohort_that_loses_half_in_its_second_month_shows_it_and_no_other_does() {
    let tables = measured(&cohorts(&blocks()), "retention");
    let (all, half) = (Some((40, 40)), Some((20, 40)));
    let expected = [vec![all; 4], vec![all, half, half, None], vec![all, all, None, None], vec![all, None, None, None]];
    assert_eq!(triangle(&tables["reachable"]), expected);
    let last = tables["reachable"].last().unwrap();
    assert_eq!(
        (&last["basis"], &last["cohort"], &last["immature"]),
        (&json!("opt_in"), &json!("2026-04"), &json!(true))
    );

    // Whoever blocked still wrote, as the log has it; April is not over.
    let active = triangle(&tables["active"]);
    assert_eq!(active[1], [all, all, all, None]);
    let (march, april) = (&tables["active"][0]["month_2"], &tables["active"][0]["month_3"]);
    assert_eq!((&march["lower_bound"], &april["lower_bound"]), (&json!(false), &json!(true)));
}

#[test]
fn a_list_that_nobody_leaves_keeps_everybody_and_what_no_log_tells_is_not_zero() {
    let tables = measured(&cohorts(""), "retention");
    assert!(triangle(&tables["reachable"]).concat().into_iter().flatten().all(|cell| cell == (40, 40)));
    for (number, month) in measured(&cohorts(""), "list_growth")["months"].iter().enumerate() {
        let number = number as u64;
        assert_eq!((&month["start"], &month["end"]), (&json!(40 * number), &json!(40 * (number + 1))));
        assert_eq!((&month["joined"], &month["left_soft"]), (&json!(40), &json!(0)));
        // A log without any block does not tell of blocks.
        assert_eq!(month["left_hard"], "n/a");
    }
}

#[test]
fn growth_of_the_list_is_told_month_by_month() {
    let months = &measured(&cohorts(&blocks()), "list_growth")["months"];
    let row = |number: usize| {
        let month = &months[number];
        ["start", "joined", "resumed", "left_soft", "left_hard", "end"].map(|name| month[name].as_u64().unwrap())
    };
    assert_eq!(
        (0..4).map(row).collect::<Vec<_>>(),
        [[0, 40, 0, 0, 0, 40], [40, 40, 0, 0, 0, 80], [80, 40, 0, 0, 20, 100], [100, 40, 0, 0, 0, 140]]
    );
    assert_eq!(months[0]["net_growth"], Value::Null);
    assert_eq!(
        (&months[2]["net_growth"]["value"], &months[2]["list_left_rate"]["value"]),
        (&json!(0.25), &json!(0.25))
    );
    assert_eq!((&months[2]["immature"], &months[3]["immature"]), (&Value::Null, &json!(true)));
}

#[test]
fn start_and_comings_and_goings_add_up_to_the_end_which_is_the_next_start() {
    for seed in [1, 2] {
        let pipeline = Pipeline::simulated(300, 120, seed);
        let by = ["channel", "month"];
        let moves = ["list_joined_rate", "list_resumed_rate", "list_left_rate", "reachable_contact_rate"];
        let answers = pipeline.answer(&moves.map(|metric| Ask::new(metric, &by)), None, None);
        let mut before: BTreeMap<Option<String>, u64> = BTreeMap::new();
        let mut n_left = 0;
        for row in &answers[0].rows {
            let of = |place: usize| {
                let row = answers[place].rows.iter().find(|other| other.segment == row.segment);
                row.and_then(|row| row.counts.rate()).unwrap()
            };
            let Counts::Rate(joined) = row.counts else { panic!("no rate") };
            let (resumed, left, end) = (of(1).numerator, of(2).numerator, of(3).numerator);
            let start = joined.denominator;
            assert_eq!(start + joined.numerator + resumed, end + left, "{:?}", row.segment);
            let known = before.insert(row.segment[0].clone(), end).unwrap_or_default();
            assert_eq!(start, known, "{:?}", row.segment);
            n_left += left;
        }
        assert!(n_left > 0, "nobody ever left");
    }
}

/// A log of half a year in which anything may come first: being written to, writing, agreeing, stopping, a country.
fn anything(seed: u64) -> String {
    let mut log = String::from("kind,at,contact,channel,account,topic,country\n");
    let mut state = seed;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for contact in 0..120 {
        for _ in 0..2 + below(6) {
            let kinds = ["message_sent", "message_received", "opted_in", "opted_out_soft", "opted_out_hard"];
            let kind = kinds[usize::try_from(below(5)).unwrap()];
            let topic = if kind == "opted_in" { ["shop", "till"][usize::try_from(below(2)).unwrap()] } else { "" };
            let (month, day, hour, account) = (1 + below(6), 1 + below(28), below(24), ["a", "b"][contact % 2]);
            let country = ["", "", "DE", "FR"][usize::try_from(below(4)).unwrap()];
            writeln!(
                log,
                "{kind},2026-{month:02}-{day:02}T{hour:02}:00:00Z,{contact},shop,{account},{topic},{country}"
            )
            .unwrap();
        }
    }
    log
}

/// What was said by the end of a range of the months that were over then: by metric, breakdown and segment.
fn said(pipeline: &Pipeline, asks: &[Ask], until: &str) -> BTreeMap<String, Counts> {
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let mut said = BTreeMap::new();
    for (ask, answer) in asks.iter().zip(pipeline.answer(asks, None, Some(at(until)))) {
        for row in answer.rows {
            let cohort = ask.value(&row, "cohort").or(ask.value(&row, "month")).unwrap();
            let age: i32 = ask.value(&row, "age").map_or(0, |age| age.parse().unwrap());
            let begins: jiff::civil::Date = format!("{cohort}-01").parse().unwrap();
            let ends = begins.checked_add(jiff::Span::new().months(age + 1)).unwrap();
            if at(&format!("{ends}T00:00:00Z")) <= at(until) {
                said.insert(format!("{} by {:?}: {:?}", ask.metric, ask.by, row.segment), row.counts);
            }
        }
    }
    said
}

#[test]
fn what_was_said_of_a_month_that_is_over_is_said_ever_after() {
    let ends = ["2026-02-01", "2026-02-17", "2026-03-01", "2026-03-31", "2026-05-01", "2026-06-20", "2026-08-01"];
    let metrics = [
        "reachable_contact_rate",
        "active_contact_rate",
        "engaged_contact_rate",
        "list_joined_rate",
        "list_resumed_rate",
        "list_left_rate",
    ];
    let breakdowns: [&[&str]; 5] = [
        &["month"],
        &["channel", "month"],
        &["basis", "cohort", "age"],
        &["country", "month"],
        &["opted_in_source", "cohort", "age"],
    ];
    let asks = metrics.iter().flat_map(|metric| breakdowns.map(|by| Ask::new(metric, by))).collect::<Vec<_>>();
    let mut pipelines = vec![Pipeline::simulated(200, 150, 5)];
    for seed in 1..=6 {
        let pipeline = Pipeline::new("");
        std::fs::write(pipeline.path("log.csv"), anything(seed)).unwrap();
        pipeline.ingest("log.csv");
        pipelines.push(pipeline);
    }
    for pipeline in &pipelines {
        let mut before = BTreeMap::new();
        for until in ends {
            let now = said(pipeline, &asks, &format!("{until}T00:00:00Z"));
            for (cell, counts) in &before {
                assert_eq!(now.get(cell), Some(counts), "{cell} of the months before, told until {until}");
            }
            before = now;
        }
        assert!(before.len() > 100, "little was said");
    }
}

#[test]
fn permission_is_told_stretch_by_stretch_with_its_evidence() {
    let log = "\
kind,at,contact,channel,account,message_id,topic,text
message_sent,2026-03-01T12:00:00Z,ada,whatsapp,a,m1,,
opted_in,2026-03-02T12:00:00Z,ada,whatsapp,a,,web-form,
opted_out_soft,2026-03-05T12:00:00Z,ada,whatsapp,a,,marketing_messages,
opted_out_soft,2026-03-06T12:00:00Z,ada,whatsapp,a,,news,
opted_out_soft,2026-03-07T12:00:00Z,ada,whatsapp,a,,news,
opted_in,2026-03-10T12:00:00Z,ada,whatsapp,a,,offer,
message_received,2026-03-12T12:00:00Z,ada,whatsapp,a,i1,,STOP
opted_out_hard,2026-03-13T12:00:00Z,ada,whatsapp,a,,,
opted_out_soft,2026-03-14T12:00:00Z,ada,whatsapp,a,,,
opted_in,2026-03-15T12:00:00Z,ada,whatsapp,b,,,
opted_out_soft,2026-03-03T12:00:00Z,ben,whatsapp,a,,marketing_messages,
";
    let case = Case::new();
    case.write("log.csv", log);
    case.write("trichter.toml", "[privacy]\ncontact_ids = \"plain\"\n");
    case.ask(&["ingest", "log.csv", "--store", "store", "--config", "trichter.toml", "--quiet"]);
    let text = case.ask(&["export", "-", "--tables", "permissions", "--store", "store", "--format", "ndjson"]);
    let mut rows: Vec<String> = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let day = |name: &str| row[name].as_str().map_or("-", |text| text.get(8..10).unwrap()).to_owned();
        let word = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        assert!(word("source").ends_with("log.csv"), "{row}");
        let names = ["contact_id", "account", "reach", "state", "topic", "evidence"].map(word);
        rows.push(format!("{} {}..{} {}", names.join(" "), day("began_at"), day("ended_at"), row["line"]));
    }
    rows.sort();
    let mut expected = [
        "ada a everything unknown - - 01..02 2",
        "ada a everything opted_in web-form - 02..12 3",
        "ada a everything stopped - de.keyword.stop 12..13 8",
        "ada a everything blocked - - 13..- 9",
        "ada a marketing stopped marketing_messages - 05..10 4",
        "ada a topic stopped news - 06..- 5",
        "ada b everything opted_in - - 15..- 11",
        "ben a everything unknown - - 03..- 12",
        "ben a marketing stopped marketing_messages - 03..- 12",
    ];
    expected.sort_unstable();
    assert_eq!(rows, expected);
}

#[test]
fn permission_has_no_gap_and_who_has_opted_out_may_not_be_written_to() {
    let pipeline = Pipeline::simulated(400, 60, 4);
    let rows = pipeline.rows("permissions");
    let whose = |row: &BTreeMap<&str, String>| (row["contact_key"].clone(), row.get("account").cloned());
    let mut before: BTreeMap<_, Option<String>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["reach"] == "everything") {
        let ended = before.insert(whose(row), row.get("ended_at").cloned());
        assert!(ended.is_none_or(|ended| ended.as_ref() == row.get("began_at")), "a gap before {row:?}");
    }
    assert!(before.len() > 300 && before.values().all(Option::is_none), "the last stretch holds");
    let opt_outs = pipeline.rows("opt_outs");
    let lasting: Vec<_> = opt_outs.iter().filter(|row| !row.contains_key("resumed_at")).map(whose).collect();
    assert!(lasting.len() > 10);
    for who in lasting {
        let forbids = |row: &&BTreeMap<&str, String>| {
            row["holds"] == "true" && row["state"] != "unknown" && row["state"] != "opted_in"
        };
        assert!(rows.iter().filter(forbids).any(|row| whose(row) == who), "{who:?} may be written to");
    }
}
