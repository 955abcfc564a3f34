//! Reached: how many conversations came to a question of the flow or past it. Every conversation has one furthest question, so
//! the shares cannot rise from a question to the next.

use std::collections::BTreeMap;

use super::{Declared, names};
use crate::config::Flow;
use crate::measures::table::Message;
use crate::measures::{Column, Row, Setting, Table, Value, columns_of};
use crate::metrics::{Answers, Ask, Distribution};

/// Columns by which one script's conversations are told apart.
const WITHIN: &[&str] = &["flow_version", "question", "outcome"];

pub(super) fn asks(setting: &Setting<'_>) -> [Ask; 2] {
    let declared = Declared(&setting.config.flow);
    [
        setting.ask("question_furthest_rate", &declared.columns(&["question", "outcome"])),
        setting.ask("question_positions", &["flow", "question"]),
    ]
}

/// Conversations at one question.
#[derive(Clone, Copy, Default)]
struct At {
    stood: u64,
    /// It was their furthest; of these, how many are open, and how many answered it.
    furthest: u64,
    open: u64,
    answered: u64,
}

/// A flow in one order: values of the columns in front, and the conversations at each of its questions.
struct Script<'a> {
    front: Vec<Option<&'a str>>,
    declared: Option<&'a Flow>,
    /// In the order of the answer.
    questions: Vec<(Option<&'a str>, At)>,
}

pub(super) fn table<'a>(setting: &Setting<'a>, answers: &Answers<'a>) -> Table {
    let declared = Declared(&setting.config.flow);
    let [ask, positions] = asks(setting);
    let mut rows = Vec::new();
    for script in scripts(setting, answers, &ask) {
        let questions = script.ordered(answers, &positions);
        let all: u64 = questions.iter().map(|(_, at)| at.furthest).sum();
        if all == 0 {
            continue;
        }
        let edition = declared.has_editions().then(|| script.declared.and_then(|flow| flow.version.as_deref()));
        let order = if script.declared.is_some() { "paths-declared" } else { "paths-observed" };
        let row = |question: Value, reached: u64, own: [Value; 3]| {
            let front = names(script.front.iter().copied()).chain(names(edition));
            let cells = front.chain([question, Value::word(order), Value::rate(reached, all)]).chain(own);
            Row::new(all, cells.collect())
        };
        let mut reached = all;
        for (question, at) in &questions {
            let own = [at.stood, at.furthest, at.open].map(Value::Count);
            rows.push(row(Value::name(*question), reached, own));
            reached -= at.furthest;
        }
        if let (Some(_), Some((_, last))) = (script.declared, questions.last()) {
            let none = [Value::Unknown, Value::Unknown, Value::Unknown];
            rows.push(row(Value::word("paths-answered-last"), last.answered, none));
        }
    }
    let edition = declared.has_editions().then(|| Column::new("flow_version"));
    let own = [
        Column::new("question"),
        Column::new("order"),
        Column::new("reached"),
        Column::new("stood"),
        Column::of("question_furthest_rate"),
        Column::new("open"),
    ];
    Table {
        id: "reached",
        columns: columns_of(front(&ask)).into_iter().chain(edition).chain(own).collect(),
        rows,
        notes: vec![Message::of("paths-reached.note")],
        ..Table::default()
    }
}

fn front(ask: &Ask) -> impl Iterator<Item = &String> {
    ask.by.iter().filter(|name| !WITHIN.contains(&name.as_str()))
}

fn scripts<'a>(setting: &Setting<'a>, answers: &Answers<'a>, ask: &Ask) -> Vec<Script<'a>> {
    let mut scripts: Vec<Script<'a>> = Vec::new();
    let mut places = BTreeMap::new();
    for row in answers.rows(ask) {
        let declared = Declared(&setting.config.flow).of(ask.value(row, "flow"), ask.value(row, "flow_version"));
        let front = ask.others(row, WITHIN);
        let key = (front.clone(), declared.and_then(|flow| flow.version.as_deref()), declared.is_some());
        let place = *places.entry(key).or_insert_with(|| {
            scripts.push(Script { front, declared, questions: Vec::new() });
            scripts.len() - 1
        });
        let (Some(script), Some(rate)) = (scripts.get_mut(place), row.counts.rate()) else { continue };
        let question = ask.value(row, "question");
        let at = script.at(question);
        at.stood += rate.denominator;
        at.furthest += rate.numerator;
        match ask.value(row, "outcome") {
            Some("open") => at.open += rate.numerator,
            Some("answered") => at.answered += rate.numerator,
            _ => {}
        }
    }
    scripts
}

impl<'a> Script<'a> {
    fn at(&mut self, question: Option<&'a str>) -> &mut At {
        let place = self.questions.iter().position(|(known, _)| *known == question).unwrap_or_else(|| {
            self.questions.push((question, At::default()));
            self.questions.len() - 1
        });
        &mut self.questions[place].1
    }

    /// Its questions in the declared order, also those that nobody reached; else by the median of their place in the
    /// conversation, and of equals in the order of the answer.
    fn ordered(&self, answers: &Answers<'a>, positions: &Ask) -> Vec<(Option<&'a str>, At)> {
        if let Some(flow) = self.declared {
            let at = |question: &'a String| {
                let known = self.questions.iter().find(|(known, _)| *known == Some(question.as_str()));
                (Some(question.as_str()), known.map(|(_, at)| *at).unwrap_or_default())
            };
            return flow.questions.iter().map(at).collect();
        }
        let median = |question: Option<&str>| {
            let mut rows = answers.rows(positions).iter();
            let of_question = rows.find(|row| {
                positions.others(row, &["question"]) == self.front && positions.value(row, "question") == question
            });
            let median = |distribution: &Distribution| distribution.quantile(0.5);
            of_question.and_then(|row| row.counts.distribution()).and_then(median).unwrap_or(i64::MAX)
        };
        let mut questions = self.questions.clone();
        questions.sort_by_key(|(question, _)| median(*question));
        questions
    }
}
