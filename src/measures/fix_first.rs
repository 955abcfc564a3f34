//! Fix this first: which question costs the most completions, with everything that comes after it taken into account.
//!
//! The question where most contacts leave is not always it: whoever is kept may leave at the next one.

use std::collections::BTreeMap;

use super::table::{Column, Row, Table, Value};
use super::{Measure, Setting, leaving};
use crate::error::Result;
use crate::metrics::{Answers, Ask};
use crate::statistics::routing::{Chain, Gain, Stop};

/// The measure.
pub(super) static MEASURE: Measure = Measure {
    id: "fix_first",
    name: "Fix this first",
    meaning: "For each question that fewer go on from than from the flow's median question: how many more conversations would have been completed if as many had gone on. The most rewarding first.",
    formula: "absorbing Markov chain of the observed transitions of a flow: (target / rate - 1) x expected visits x chance to complete from there, with returns; the target is the median of the flow's rates of going on",
    unit: "completed conversations",
    follows: "Kemeny and Snell 1960, absorbing chains; percentile interval of 500 multinomial draws of what followed each question (Efron 1979)",
    caveat: "Supposes that those who are kept go on as those did who stayed, and that only this question changes: gains do not add up. A question of another flow counts as leaving. Questions that nobody goes on from, and flows that nobody completes, have no estimate.",
    asks,
    tables,
};

/// A question by its place in the flow's list.
struct Flow<'a> {
    /// Values of the columns in front, and the flow.
    names: Vec<Option<&'a str>>,
    questions: Vec<Option<&'a str>>,
    stops: Vec<Stop>,
    /// All visits, also those of which nobody knows yet what follows.
    visits: Vec<u64>,
}

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    vec![
        setting.ask("question_open_rate", &["flow", "question"]),
        setting.ask("question_next_rate", &["flow", "question", "next_question", "completes"]),
    ]
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let mut rows: Vec<(f64, Row)> = Vec::new();
    for flow in flows(setting, answers) {
        let completed: u64 = flow.stops.iter().map(|stop| stop.arrived).sum();
        if completed == 0 {
            continue;
        }
        let gains = flow.chain().gains();
        for ((question, stop), gain) in flow.questions.iter().zip(&flow.stops).zip(gains) {
            let Some(Gain { target, arrivals, interval, .. }) = gain else { continue };
            let went_on = stop.next.iter().sum::<u64>() + stop.arrived;
            let own = [
                Value::name(*question),
                Value::rate(went_on, went_on + stop.lost),
                Value::Share { value: target, interval: None },
                Value::Number { value: arrivals, interval: Some(interval) },
                Value::Count(completed),
            ];
            let cells = flow.names.iter().map(|name| Value::name(*name)).chain(own).collect();
            rows.push((arrivals, Row::new(went_on + stop.lost, cells)));
        }
    }
    // Equal gains stay in the order of the flow.
    rows.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    let own = [
        Column::new("goes_on", "Go on"),
        Column::new("target", "Median of the flow"),
        Column::new("completions", "More completed"),
        Column::new("completed", "Completed now"),
    ];
    Ok(vec![Table {
        id: "questions",
        title: String::new(),
        columns: leaving::columns(setting, own),
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        note: String::new(),
    }])
}

/// Each flow with what followed its questions.
fn flows<'a>(setting: &Setting<'_>, answers: &Answers<'a>) -> Vec<Flow<'a>> {
    let [of_visits, of_next] = ["question_open_rate", "question_next_rate"];
    let all = setting.ask(of_visits, &["flow", "question"]);
    let next = setting.ask(of_next, &["flow", "question", "next_question", "completes"]);
    let mut flows: Vec<Flow<'a>> = Vec::new();
    let mut places: BTreeMap<Vec<Option<&str>>, usize> = BTreeMap::new();
    for row in answers.rows(&all) {
        let names = except(&all.by, &row.segment, &["question"]);
        let place = *places.entry(names.clone()).or_insert_with(|| {
            flows.push(Flow { names, questions: Vec::new(), stops: Vec::new(), visits: Vec::new() });
            flows.len() - 1
        });
        if let Some(flow) = flows.get_mut(place) {
            flow.questions.push(value(&all.by, &row.segment, "question"));
            flow.visits.push(row.counts.rate().map_or(0, |rate| rate.denominator));
        }
    }
    for flow in &mut flows {
        let n = flow.questions.len();
        flow.stops = vec![Stop { next: vec![0; n], ..Stop::default() }; n];
    }
    for row in answers.rows(&next) {
        let names = except(&next.by, &row.segment, &["question", "next_question", "completes"]);
        let Some(flow) = places.get(&names).and_then(|&place| flows.get_mut(place)) else { continue };
        let place = |name: Option<&str>| flow.questions.iter().position(|question| *question == name);
        let following = value(&next.by, &row.segment, "next_question");
        let to = following.and_then(|name| place(Some(name)));
        let Some(stop) = place(value(&next.by, &row.segment, "question")).and_then(|from| flow.stops.get_mut(from))
        else {
            continue;
        };
        let count = row.counts.rate().map_or(0, |rate| rate.denominator);
        let completes = value(&next.by, &row.segment, "completes") == Some("true");
        match to.and_then(|to| stop.next.get_mut(to)) {
            _ if completes => stop.arrived += count,
            Some(next) => *next += count,
            None => stop.lost += count,
        }
    }
    flows
}

impl Flow<'_> {
    /// Who did not come from another question of the flow began at this one.
    fn chain(&self) -> Chain {
        let came = |place: usize| self.stops.iter().filter_map(|stop| stop.next.get(place)).sum();
        let begun = self.visits.iter().enumerate().map(|(place, visits)| visits.saturating_sub(came(place)));
        Chain::new(self.stops.clone(), begun.collect())
    }
}

/// The value of a column.
fn value<'a>(by: &[String], segment: &'a [Option<String>], name: &str) -> Option<&'a str> {
    by.iter().position(|known| known == name).and_then(|place| segment.get(place)?.as_deref())
}

/// The values of all other columns.
fn except<'a>(by: &[String], segment: &'a [Option<String>], names: &[&str]) -> Vec<Option<&'a str>> {
    let others = by.iter().zip(segment).filter(|(name, _)| !names.contains(&name.as_str()));
    others.map(|(_, value)| value.as_deref()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Windows};
    use crate::facts::Settings;
    use crate::metrics::{Answer, Counts, Rate, Row as Found};

    fn answer(metric: &str, by: &[&str], rows: &[(&[&str], u64)]) -> Answer {
        let rows = rows.iter().map(|(segment, count)| Found {
            segment: segment.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect(),
            counts: Counts::Rate(Rate { numerator: 0, denominator: *count }),
            measurable: true,
            lower_bound: false,
            moments: None,
        });
        Answer {
            metric: metric.to_owned(),
            by: by.iter().map(|&name| name.to_owned()).collect(),
            rows: rows.collect(),
            n_shared: 0,
        }
    }

    fn table(answers: &[Answer]) -> Table {
        let config = Config::default();
        let settings = Settings {
            compliance: crate::config::Compliance::default(),
            log_began: 0,
            windows: Windows::default(),
            last_questions: Vec::new(),
            observable: BTreeMap::new(),
            months: crate::facts::contact_months::Months::default(),
            horizon: 0,
            since: None,
            until: None,
        };
        let setting = Setting { by: &[], config: &config, settings: &settings };
        tables(&setting, &Answers::new(answers)).unwrap().remove(0)
    }

    #[test]
    fn three_questions_on_paper() {
        // 100 begin; 90 reach age, of which 10 are pending: 40 of 80 go on to town, where 32 of 40 complete. Rates 0.9, 0.5,
        // 0.8. At 0.8, of all 90 who reach it, 27 more would go on, and 0.8 of them complete: 21.6.
        let found = table(&[
            answer(
                "question_open_rate",
                &["flow", "question"],
                &[(&["lead", "name"], 100), (&["lead", "age"], 90), (&["lead", "town"], 40), (&["faq", "topic"], 7)],
            ),
            answer(
                "question_next_rate",
                &["flow", "question", "next_question", "completes"],
                &[
                    (&["lead", "name", "age", "false"], 90),
                    (&["lead", "name", "", "false"], 6),
                    (&["lead", "name", "topic", "false"], 4),
                    (&["lead", "age", "town", "false"], 40),
                    (&["lead", "age", "", "false"], 40),
                    (&["lead", "town", "", "true"], 32),
                    (&["lead", "town", "", "false"], 8),
                    (&["faq", "topic", "", "false"], 7),
                ],
            ),
        ]);
        assert_eq!(found.rows.len(), 1, "only what is below the median, and no flow without completions");
        let cells = &found.rows[0].cells;
        assert_eq!(cells[..3], [Value::name(Some("lead")), Value::name(Some("age")), Value::rate(40, 80)]);
        assert_eq!(cells[3], Value::Share { value: 0.8, interval: None });
        let Value::Number { value, interval: Some((low, high)) } = cells[4] else { panic!("{:?}", cells[4]) };
        assert!((value - 21.6).abs() < 1e-9 && low < value && value < high, "{value} {low} {high}");
        assert_eq!(cells[5], Value::Count(32));
    }

    #[test]
    fn nothing_asked_is_nothing_to_fix() {
        assert_eq!(table(&[]).rows, []);
    }
}
