//! Ways, loops and options on paper.

use std::path::Path;

use super::*;
use crate::config::Config;
use crate::facts::Settings;
use crate::metrics::{Answer, Bound, Row as Found};

const CONFIG: &str = r#"
[[flow]]
name = "form"
questions = ["name", "age", "town", "end"]
options = { age = ["young", "old"], town = ["here"] }
"#;

fn row(segment: &[&str], counts: Counts) -> Found {
    let name = |name: &&str| (!name.is_empty()).then(|| (*name).to_owned());
    Found { segment: segment.iter().map(name).collect(), counts, measurable: true, bound: Bound::Exact, moments: None }
}

fn answer(metric: &str, by: &[&str], rows: Vec<Found>) -> Answer {
    Answer { metric: metric.to_owned(), by: by.iter().map(|&name| name.to_owned()).collect(), rows, n_shared: 0 }
}

fn rates<const N: usize>(metric: &str, by: [&str; N], rows: &[([&str; N], u64, u64)]) -> Answer {
    let rates = rows
        .iter()
        .map(|&(segment, numerator, denominator)| row(&segment, Counts::Rate(Rate { numerator, denominator })));
    answer(metric, &by, rates.collect())
}

fn values<const N: usize>(metric: &str, by: [&str; N], rows: &[([&str; N], &[i64])]) -> Answer {
    let distribution = |values: &[i64]| {
        let mut distribution = Distribution::default();
        for &value in values {
            *distribution.0.entry(value).or_default() += 1;
        }
        Counts::Distribution(distribution)
    };
    answer(metric, &by, rows.iter().map(|(segment, values)| row(segment, distribution(values))).collect())
}

/// The rows of a table, as the JSON has them.
fn found(config: &str, answers: &[Answer], table: &str) -> Vec<serde_json::Value> {
    let config = Config::parse(config, Path::new("trichter.toml")).unwrap();
    let setting = Setting { by: &[], config: &config, settings: &Settings::default() };
    let measured = MEASURE.of(&setting, &Answers::new(answers)).unwrap();
    let table = measured.tables.into_iter().find(|found| found.id == table).unwrap();
    serde_json::to_value(&table).unwrap()["rows"].as_array().unwrap().clone()
}

fn cells(rows: &[serde_json::Value], names: &[&str]) -> Vec<Vec<String>> {
    let cell = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        value if value.is_object() => format!("{} of {}", value["numerator"], value["denominator"]),
        value => value.to_string(),
    };
    rows.iter().map(|row| names.iter().map(|name| cell(&row[*name])).collect()).collect()
}

#[test]
fn conversations_count_up_to_their_furthest_question_in_the_declared_order() {
    // Ten conversations: 3 came to the name alone (1 is open), 2 to the age, 5 to the town, which 4 answered. Two skipped the
    // age, so only 5 of the 7 who came so far or further stood at it. Nobody came to the end.
    let furthest = rates(
        "question_furthest_rate",
        ["flow", "question", "outcome"],
        &[
            (["form", "age", "answered"], 0, 3),
            (["form", "age", "silent"], 2, 2),
            (["form", "name", "answered"], 0, 7),
            (["form", "name", "open"], 1, 1),
            (["form", "name", "silent"], 2, 2),
            (["form", "town", "answered"], 4, 4),
            (["form", "town", "silent"], 1, 1),
        ],
    );
    let columns = ["question", "order", "reached", "stood", "question_furthest_rate", "open"];
    let rows = found(CONFIG, &[furthest], "reached");
    assert_eq!(
        cells(&rows, &columns),
        [
            ["name", "paths-declared", "10 of 10", "10", "3", "1"],
            ["age", "paths-declared", "7 of 10", "5", "2", "0"],
            ["town", "paths-declared", "5 of 10", "5", "5", "0"],
            ["end", "paths-declared", "0 of 10", "0", "0", "0"],
            ["paths-answered-last", "paths-declared", "0 of 10", "null", "null", "null"],
        ]
    );
}

#[test]
fn without_a_declared_order_the_median_place_stands_in_and_says_so() {
    let furthest = rates(
        "question_furthest_rate",
        ["flow", "question", "outcome"],
        &[(["help", "a", "answered"], 2, 5), (["help", "b", "silent"], 1, 6), (["help", "c", "silent"], 3, 3)],
    );
    let positions = values(
        "question_positions",
        ["flow", "question"],
        &[(["help", "a"], &[2, 2, 2, 1, 3]), (["help", "b"], &[1, 1, 1, 1, 1, 2]), (["help", "c"], &[3, 3, 4])],
    );
    let rows = found("", &[furthest, positions], "reached");
    assert_eq!(
        cells(&rows, &["question", "order", "reached"]),
        [["b", "paths-observed", "6 of 6"], ["a", "paths-observed", "5 of 6"], ["c", "paths-observed", "3 of 6"]]
    );
}

#[test]
fn editions_of_a_flow_have_their_own_order() {
    let config = "[[flow]]\nname = \"f\"\nversion = \"2\"\nquestions = [\"b\", \"a\"]\n[[flow]]\nname = \"f\"\nquestions = [\"a\", \"b\"]\n";
    let furthest = rates(
        "question_furthest_rate",
        ["flow", "flow_version", "question", "outcome"],
        &[
            (["f", "1", "a", "silent"], 1, 3),
            (["f", "1", "b", "answered"], 2, 2),
            (["f", "2", "a", "answered"], 1, 1),
            (["f", "", "b", "silent"], 1, 1),
        ],
    );
    let rows = found(config, &[furthest], "reached");
    assert_eq!(
        cells(&rows, &["flow_version", "question", "reached"]),
        [
            ["null", "a", "4 of 4"],
            ["null", "b", "3 of 4"],
            ["null", "paths-answered-last", "2 of 4"],
            ["2", "b", "1 of 1"],
            ["2", "a", "1 of 1"],
            ["2", "paths-answered-last", "1 of 1"],
        ]
    );
}

#[test]
fn whoever_came_to_a_question_came_in_one_way() {
    // 20 visits: 9 came into the flow here, 7 of them for the first time in the conversation, of which 3 resumed; 4 came back.
    let by = ["flow", "question"];
    let place = ["form", "age"];
    let answers = [
        rates("question_entered_rate", by, &[(place, 9, 20)]),
        rates("question_resumed_rate", by, &[(place, 3, 7)]),
        rates("question_back_rate", by, &[(place, 4, 20)]),
    ];
    let rows = found("", &answers, "entries");
    let columns = ["fresh", "resumed", "returned", "back", "onward", "question_resumed_rate"];
    assert_eq!(cells(&rows, &columns), [["4", "3", "2", "4", "7", "3 of 7"]]);
}

#[test]
fn passes_stand_side_by_side() {
    let by = ["flow", "question"];
    let answers = [
        rates("question_drop_off_rate", by, &[(["form", "age"], 5, 20)]),
        rates("question_drop_off_rate@first_pass", by, &[(["form", "age"], 4, 10)]),
        rates("question_drop_off_rate@best_pass", by, &[(["form", "age"], 1, 10)]),
    ];
    let columns = ["question_drop_off_rate@first_pass", "question_drop_off_rate@best_pass", "question_drop_off_rate"];
    assert_eq!(cells(&found("", &answers, "passes"), &columns), [["4 of 10", "1 of 10", "5 of 20"]]);
}

#[test]
fn loops_stand_by_what_they_cost() {
    let by = ["flow", "question", "loop_kind"];
    let [again, back, straight] =
        [["form", "age", "asked_again"], ["form", "age", "back_and_forth"], ["form", "age", ""]];
    let answers = [
        rates("question_loop_rate", by, &[(again, 2, 2), (back, 3, 3), (straight, 0, 15)]),
        rates("loop_same_answer_rate", by, &[(again, 1, 2), (back, 0, 0)]),
        values("loop_seconds", by, &[(again, &[60, 80]), (back, &[60, 90, 600])]),
        values("loop_acts", by, &[(again, &[4, 4]), (back, &[2, 2, 3])]),
    ];
    let columns =
        ["loop_kind", "question_loop_rate", "loop_same_answer_rate", "loop_seconds", "total_seconds", "loop_acts"];
    assert_eq!(
        cells(&found("", &answers, "loops"), &columns),
        [
            ["paths-back-and-forth", "3 of 20", "n/a", "90", "750", "7"],
            ["paths-asked-again", "2 of 20", "1 of 2", "60", "140", "8"]
        ]
    );
    let clean = [rates("question_loop_rate", by, &[(straight, 0, 15)])];
    assert_eq!(found("", &clean, "loops"), Vec::<serde_json::Value>::new());
}

#[test]
fn another_flow_is_not_the_end() {
    let answers = [rates(
        "question_next_rate",
        ["flow", "question", "next_question", "changes_flow"],
        &[
            (["form", "age", "town", "false"], 5, 5),
            (["form", "age", "topic", "true"], 2, 2),
            (["form", "age", "", "true"], 0, 1),
            (["form", "age", "", "false"], 3, 7),
        ],
    )];
    let columns = ["next_question", "n_next", "n_other_flow", "n_completed", "n_ended"];
    assert_eq!(
        cells(&found("", &answers, "transitions"), &columns),
        [
            ["town", "5", "0", "0", "0"],
            ["topic", "0", "2", "0", "0"],
            ["null", "0", "1", "0", "0"],
            ["paths-the-end", "0", "0", "3", "4"]
        ]
    );
}

#[test]
fn declared_questions_and_options_that_nobody_used_are_told() {
    let answers = [
        rates(
            "question_next_rate",
            ["flow", "question"],
            &[(["form", "name"], 9, 10), (["form", "age"], 5, 9), (["form", "town"], 0, 5)],
        ),
        rates(
            "question_option_rate",
            ["flow", "question", "chosen_option"],
            &[(["form", "age", "old"], 6, 6), (["form", "age", ""], 0, 2), (["form", "town", ""], 0, 0)],
        ),
    ];
    assert_eq!(
        cells(&found(CONFIG, &answers, "coverage"), &["question", "finding"]),
        [["town", "paths-dead-end"], ["end", "paths-never-reached"]]
    );
    assert_eq!(
        cells(&found(CONFIG, &answers, "options"), &["question", "option", "question_option_rate", "finding"]),
        [
            ["age", "young", "0 of 8", "paths-never-chosen"],
            ["age", "old", "6 of 8", ""],
            ["town", "here", "n/a", "paths-no-answers"]
        ]
    );
}

#[test]
fn where_nothing_was_asked_nothing_is_told() {
    for table in ["reached", "passes", "entries", "loops", "transitions", "coverage", "options"] {
        assert_eq!(found("", &[], table), Vec::<serde_json::Value>::new(), "{table}");
    }
}
