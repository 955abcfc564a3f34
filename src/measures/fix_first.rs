//! Fix this first: which question costs the most completions, with everything that comes after it taken into account.
//!
//! The question where most contacts leave is not always it: whoever is kept may leave at the next one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::table::{Column, Message, Row, Table, Value};
use super::{Measure, Setting, columns_of};
use crate::error::Result;
use crate::metrics::{Answers, Ask};
use crate::statistics::routing::{Chain, Gain, Stop};

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "fix_first", asks, tables };

const QUESTION: &[&str] = &["flow", "question"];
const NEXT: &[&str] = &["flow", "question", "next_question", "completes", "changes_flow"];

/// A flow with its questions; what belongs to one of them stands at its place.
struct Flow<'a> {
    /// Values of the columns in front, and the flow.
    names: Vec<Option<&'a str>>,
    questions: Vec<Option<&'a str>>,
    stops: Vec<Stop>,
    /// How many came into the flow here.
    begun: Vec<u64>,
}

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    vec![setting.ask("question_entered_rate", QUESTION), setting.ask("question_next_rate", NEXT)]
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let target = setting.config.report.target;
    let mut rows: Vec<(f64, Row)> = Vec::new();
    for Flow { names, questions, stops, begun } in flows(setting, answers) {
        let completed: u64 = stops.iter().map(|stop| stop.arrived).sum();
        if completed == 0 {
            continue;
        }
        let gains = Chain::new(stops.clone(), begun).gains(target.map(|target| target.0));
        for ((question, stop), gain) in questions.iter().zip(&stops).zip(gains) {
            let Some(Gain { target, arrivals, interval, .. }) = gain else { continue };
            let went_on = stop.next.iter().sum::<u64>() + stop.arrived + stop.turned_off;
            let own = [
                Value::rate(went_on, went_on + stop.lost),
                Value::Count(stop.turned_off),
                Value::Share { value: target, interval: None },
                Value::Number { value: arrivals, interval: Some(interval) },
                Value::Count(completed),
            ];
            let place = names.iter().chain([question]).map(|name| Value::name(*name));
            rows.push((arrivals, Row::new(went_on + stop.lost, place.chain(own).collect())));
        }
    }
    // Equal gains stay in the order of the flow; what arithmetic alone tells apart is equal.
    rows.sort_by_key(|(arrivals, _)| Reverse(millionths(*arrivals)));
    let entered = setting.ask("question_entered_rate", QUESTION);
    let target = if target.is_some() { "fix_first-stated-target" } else { "fix_first-median-target" };
    let own = [
        Column::new("question"),
        Column::new("goes_on"),
        Column::new("to_another_flow"),
        Column::new("target").saying(Message::of(target)),
        Column::new("completions"),
        Column::new("completed"),
    ];
    Ok(vec![Table {
        id: "questions",
        columns: columns_of(entered.by.iter().filter(|name| *name != "question")).into_iter().chain(own).collect(),
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        ..Table::default()
    }])
}

/// A number of conversations in whole millionths.
#[expect(clippy::cast_possible_truncation, reason = "far below 2^63, and saturating above")]
fn millionths(number: f64) -> i64 {
    (number * 1e6).round() as i64
}

/// Each flow with what followed its questions.
fn flows<'a>(setting: &Setting<'_>, answers: &Answers<'a>) -> Vec<Flow<'a>> {
    let entered = setting.ask("question_entered_rate", QUESTION);
    let next = setting.ask("question_next_rate", NEXT);
    let mut flows: Vec<Flow<'a>> = Vec::new();
    let mut places: BTreeMap<Vec<Option<&str>>, usize> = BTreeMap::new();
    for row in answers.rows(&entered) {
        let names = entered.others(row, &["question"]);
        let place = *places.entry(names.clone()).or_insert_with(|| {
            flows.push(Flow { names, questions: Vec::new(), stops: Vec::new(), begun: Vec::new() });
            flows.len() - 1
        });
        if let Some(flow) = flows.get_mut(place) {
            flow.questions.push(entered.value(row, "question"));
            flow.begun.push(row.counts.rate().map_or(0, |rate| rate.numerator));
        }
    }
    for flow in &mut flows {
        let n = flow.questions.len();
        flow.stops = vec![Stop { next: vec![0; n], ..Stop::default() }; n];
    }
    for row in answers.rows(&next) {
        let names = next.others(row, &["question", "next_question", "completes", "changes_flow"]);
        let Some(flow) = places.get(&names).and_then(|&place| flows.get_mut(place)) else { continue };
        let place = |name: Option<&str>| flow.questions.iter().position(|question| *question == name);
        let following = next.value(row, "next_question").and_then(|name| place(Some(name)));
        let Some(stop) = place(next.value(row, "question")).and_then(|from| flow.stops.get_mut(from)) else {
            continue;
        };
        let count = row.counts.rate().map_or(0, |rate| rate.denominator);
        let is = |flag: &str| next.value(row, flag) == Some("true");
        match following.and_then(|to| stop.next.get_mut(to)) {
            _ if is("completes") => stop.arrived += count,
            _ if is("changes_flow") => stop.turned_off += count,
            Some(next) => *next += count,
            None => stop.lost += count,
        }
    }
    flows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::facts::Settings;
    use crate::metrics::{Answer, Bound, Counts, Rate, Row as Found};

    fn answer(metric: &str, by: &[&str], rows: &[(&[&str], u64, u64)]) -> Answer {
        let rows = rows.iter().map(|&(segment, numerator, denominator)| Found {
            segment: segment.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect(),
            counts: Counts::Rate(Rate { numerator, denominator }),
            measurable: true,
            bound: Bound::Exact,
            moments: None,
        });
        Answer {
            metric: metric.to_owned(),
            by: by.iter().map(|&name| name.to_owned()).collect(),
            rows: rows.collect(),
            n_shared: 0,
        }
    }

    fn table_of(config: &str, by: &[&str], answers: &[Answer]) -> Table {
        let config = Config::parse(config, std::path::Path::new("trichter.toml")).unwrap();
        let by: Vec<String> = by.iter().map(|&name| name.to_owned()).collect();
        let setting = Setting { by: &by, config: &config, settings: &Settings::default() };
        tables(&setting, &Answers::new(answers)).unwrap().remove(0)
    }

    fn table(answers: &[Answer]) -> Table {
        table_of("", &[], answers)
    }

    fn completions(row: &Row) -> f64 {
        let Value::Number { value, interval: Some((low, high)) } = row.cells[row.cells.len() - 2] else {
            panic!("{row:?}")
        };
        assert!(low <= value && value <= high, "{low} {value} {high}");
        value
    }

    /// 100 begin; 90 reach age, of which 10 are pending: 40 of 80 go on to town, where 32 of 40 complete. Of the name, 4 go on
    /// to another flow, whose question is called town as well.
    fn lead() -> [Answer; 2] {
        [
            answer(
                "question_entered_rate",
                QUESTION,
                &[
                    (&["lead", "name"], 100, 100),
                    (&["lead", "age"], 0, 90),
                    (&["lead", "town"], 0, 40),
                    (&["faq", "town"], 4, 4),
                ],
            ),
            answer(
                "question_next_rate",
                NEXT,
                &[
                    (&["lead", "name", "age", "false", "false"], 90, 90),
                    (&["lead", "name", "", "false", "false"], 0, 6),
                    (&["lead", "name", "town", "false", "true"], 4, 4),
                    (&["lead", "age", "town", "false", "false"], 40, 40),
                    (&["lead", "age", "", "false", "false"], 0, 40),
                    (&["lead", "town", "", "true", "false"], 32, 32),
                    (&["lead", "town", "", "false", "false"], 0, 8),
                    (&["faq", "town", "", "false", "false"], 0, 4),
                ],
            ),
        ]
    }

    #[test]
    fn three_questions_on_paper() {
        // Rates 0.94, 0.5, 0.8. At 0.8, of all 90 who reach the age 27 more would go on, and 0.8 of them complete: 21.6.
        let found = table(&lead());
        assert_eq!(found.rows.len(), 1, "only what is below the median, and no flow without completions");
        let cells = &found.rows[0].cells;
        assert_eq!(cells[..3], [Value::name(Some("lead")), Value::name(Some("age")), Value::rate(40, 80)]);
        assert_eq!(cells[3..5], [Value::Count(0), Value::Share { value: 0.8, interval: None }]);
        assert!((completions(&found.rows[0]) - 21.6).abs() < 1e-9);
        assert_eq!(cells[6], Value::Count(32));
    }

    #[test]
    fn a_stated_target_ranks_every_question_below_it() {
        // Age: 90 x 0.5 x 0.8 = 36. Town: 90 x 0.5 x 0.2 = 9. Name: 94 of 100 go on, 90 of them to the age, where 0.4 of
        // those who come complete: 90 x 6 / 94 x 0.4 = 2.3.
        let found = table_of("[report]\ntarget = \"100%\"\n", &[], &lead());
        let ranked: Vec<&Value> = found.rows.iter().map(|row| &row.cells[1]).collect();
        assert_eq!(ranked, [&Value::name(Some("age")), &Value::name(Some("town")), &Value::name(Some("name"))]);
        for (row, expected) in found.rows.iter().zip([36.0, 9.0, 540.0 / 94.0 * 0.4]) {
            assert!((completions(row) - expected).abs() < 1e-9, "{row:?}");
        }
        assert_eq!(found.rows[2].cells[3], Value::Count(4), "to another flow");
        assert_eq!(found.columns[4].says, Some(Message::of("fix_first-stated-target")));
    }

    #[test]
    fn who_began_counts_in_the_segment_in_which_they_began() {
        // Asked on Monday, 100 go on to the age, which 60 of them are asked on Tuesday: only 40 of its visits are Monday's.
        // On Tuesday nobody begins, so nothing is to be won there.
        let day = |day: &'static str, rest: [&'static str; 2]| [day, rest[0], rest[1]];
        let [monday, tuesday] = ["2026-03-02", "2026-03-03"];
        let entered = [
            (day(monday, ["lead", "name"]), 125, 125),
            (day(monday, ["lead", "age"]), 0, 40),
            (day(tuesday, ["lead", "age"]), 0, 60),
        ];
        let entered: Vec<(&[&str], u64, u64)> =
            entered.iter().map(|(segment, n, of)| (segment.as_slice(), *n, *of)).collect();
        let found = table_of(
            "[report]\ntarget = \"90%\"\n",
            &["day"],
            &[
                answer("question_entered_rate", &["day", "flow", "question"], &entered),
                answer(
                    "question_next_rate",
                    &["day", "flow", "question", "next_question", "completes", "changes_flow"],
                    &[
                        (&[monday, "lead", "name", "age", "false", "false"], 100, 100),
                        (&[monday, "lead", "name", "", "false", "false"], 0, 25),
                        (&[monday, "lead", "age", "", "true", "false"], 20, 20),
                        (&[monday, "lead", "age", "", "false", "false"], 0, 20),
                        (&[tuesday, "lead", "age", "", "true", "false"], 30, 30),
                        (&[tuesday, "lead", "age", "", "false", "false"], 0, 30),
                    ],
                ),
            ],
        );
        // Monday, name 0.8 to 0.9: 125 x 0.1 x 0.5 = 6.25; age 0.5 to 0.9: 125 x 0.8 x 0.4 = 40, although 40 were asked.
        let gains: Vec<f64> = found.rows.iter().map(completions).collect();
        assert_eq!(found.rows.len(), 3, "{found:?}");
        for (gain, expected) in gains.iter().zip([40.0, 6.25, 0.0]) {
            assert!((gain - expected).abs() < 1e-9, "{gains:?}");
        }
    }

    #[test]
    fn equal_gains_stay_in_the_order_of_the_flow() {
        // Either branch: 50 come, 30 of them complete.
        let branch = |name: &'static str| {
            [("true", 30, 30), ("false", 0, 20)].map(|(completes, n, of)| (["f", name, "", completes, "false"], n, of))
        };
        let mut next = vec![(["f", "a", "b", "false", "false"], 50, 50), (["f", "a", "c", "false", "false"], 50, 50)];
        next.extend(["b", "c"].into_iter().flat_map(branch));
        let next: Vec<(&[&str], u64, u64)> =
            next.iter().map(|(segment, n, of)| (segment.as_slice(), *n, *of)).collect();
        let entered: [(&[&str], u64, u64); 3] = [(&["f", "a"], 100, 100), (&["f", "c"], 0, 50), (&["f", "b"], 0, 50)];
        let answers = [answer("question_entered_rate", QUESTION, &entered), answer("question_next_rate", NEXT, &next)];
        let found = table_of("[report]\ntarget = \"70%\"\n", &[], &answers);
        let ranked: Vec<&Value> = found.rows.iter().map(|row| &row.cells[1]).collect();
        assert_eq!(ranked, [&Value::name(Some("c")), &Value::name(Some("b"))]);
    }

    #[test]
    fn columns_of_the_caller_come_first_also_if_they_are_its_own() {
        let [entered, next] = lead();
        let turned = |answer: Answer| {
            let by = [answer.by[1].clone(), answer.by[0].clone()]
                .into_iter()
                .chain(answer.by[2..].iter().cloned())
                .collect();
            let rows = answer.rows.into_iter().map(|mut row| {
                row.segment.swap(0, 1);
                row
            });
            Answer { by, rows: rows.collect(), ..answer }
        };
        let found = table_of("", &["question"], &[turned(entered), turned(next)]);
        let place = |name: &str| found.columns.iter().position(|column| column.name == name).unwrap();
        assert_eq!(found.rows[0].cells[place("question")], Value::name(Some("age")));
        assert_eq!(found.rows[0].cells[place("flow")], Value::name(Some("lead")));
    }

    #[test]
    fn nothing_asked_is_nothing_to_fix() {
        assert_eq!(table(&[]).rows, []);
    }
}
