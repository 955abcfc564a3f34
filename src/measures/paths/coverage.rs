//! Coverage: questions and options of declared flows that nobody used.

use std::collections::BTreeMap;

use super::Declared;
use crate::config::Flow;
use crate::measures::table::Message;
use crate::measures::{Column, Row, Setting, Table, Value, columns_of};
use crate::metrics::{Answers, Ask, Rate};

/// Columns by which options are told apart.
const WITHIN: &[&str] = &["flow_version", "question", "chosen_option"];

pub(super) fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    let options = has_options(setting).then(|| of_options(setting));
    [of_questions(setting)].into_iter().chain(options).collect()
}

fn of_questions(setting: &Setting<'_>) -> Ask {
    setting.ask("question_next_rate", &Declared(&setting.config.flow).columns(&["question"]))
}

fn of_options(setting: &Setting<'_>) -> Ask {
    setting.ask("question_option_rate", &Declared(&setting.config.flow).columns(&["question", "chosen_option"]))
}

fn has_options(setting: &Setting<'_>) -> bool {
    setting.config.flow.iter().any(|flow| !flow.options.is_empty())
}

/// Declared questions that no visit of the range was to, and those after which nobody went on.
pub(super) fn questions(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let ask = of_questions(setting);
    let declared = Declared(&setting.config.flow);
    let mut rows = Vec::new();
    for flow in &setting.config.flow {
        for question in &flow.questions {
            let mut rate = Rate::default();
            for row in answers.rows(&ask) {
                let of = declared.of(ask.value(row, "flow"), ask.value(row, "flow_version"));
                if of.is_some_and(|of| std::ptr::eq(of, flow)) && ask.value(row, "question") == Some(question) {
                    rate.add(row.counts.rate().unwrap_or_default());
                }
            }
            let what = match (rate.numerator, rate.denominator) {
                (_, 0) => "paths-never-reached",
                (0, _) => "paths-dead-end",
                _ => continue,
            };
            let cells = vec![
                Value::name(Some(&flow.name)),
                Value::name(flow.version.as_deref()),
                Value::name(Some(question)),
                Value::word(what),
                Value::Count(rate.denominator),
            ];
            rows.push(Row { cells, ..Row::default() });
        }
    }
    let columns = ["flow", "flow_version", "question", "finding", "n_visits"].map(Column::new).into();
    let note = match (setting.config.flow.is_empty(), rows.is_empty()) {
        (true, _) => Some("paths-coverage.no-flow"),
        (_, true) => Some("paths-coverage.none"),
        _ => None,
    };
    Table { id: "coverage", columns, rows, notes: note.map(Message::of).into_iter().collect(), ..Table::default() }
}

/// How often each declared option was chosen, at questions that were asked.
pub(super) fn options(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let (ask, declared) = (of_options(setting), Declared(&setting.config.flow));
    let front = ask.by.iter().filter(|name| !WITHIN.contains(&name.as_str()));
    let edition = declared.has_editions().then(|| Column::new("flow_version"));
    let own =
        [Column::new("question"), Column::new("option"), Column::of("question_option_rate"), Column::new("finding")];
    let mut rows = Vec::new();
    for script in scripts(setting, answers, &ask) {
        let flow = script.flow;
        for question in &flow.questions {
            let (Some(options), Some(chosen)) = (flow.options.get(question), script.chosen.get(question.as_str()))
            else {
                continue;
            };
            let known: u64 = chosen.values().sum();
            for option in options {
                let n = chosen.get(&Some(option.as_str())).copied().unwrap_or_default();
                let (share, finding) = match (n, known) {
                    (_, 0) => (Value::Unmeasurable, Value::word("paths-no-answers")),
                    (0, _) => (Value::rate(n, known), Value::word("paths-never-chosen")),
                    _ => (Value::rate(n, known), Value::Text(String::new())),
                };
                let edition = declared.has_editions().then_some(flow.version.as_deref());
                let place = script.front.iter().copied().chain(edition).chain([Some(question.as_str()), Some(option)]);
                let cells = place.map(Value::name).chain([share, finding]);
                rows.push(Row::new(known, cells.collect()));
            }
        }
    }
    let undeclared = (!has_options(setting)).then(|| Message::of("paths-options.undeclared"));
    Table {
        id: "options",
        columns: columns_of(front).into_iter().chain(edition).chain(own).collect(),
        rows,
        notes: undeclared.into_iter().collect(),
        ..Table::default()
    }
}

/// Known answers by option; `None` is another answer than the declared ones.
type Chosen<'a> = BTreeMap<Option<&'a str>, u64>;

/// What was chosen at the questions of a flow.
struct Script<'a> {
    front: Vec<Option<&'a str>>,
    flow: &'a Flow,
    chosen: BTreeMap<&'a str, Chosen<'a>>,
}

fn scripts<'a>(setting: &Setting<'a>, answers: &Answers<'a>, ask: &Ask) -> Vec<Script<'a>> {
    let mut scripts: Vec<Script<'a>> = Vec::new();
    let mut places: BTreeMap<(Vec<Option<&str>>, Option<&str>), usize> = BTreeMap::new();
    for row in answers.rows(ask) {
        let flow = Declared(&setting.config.flow).of(ask.value(row, "flow"), ask.value(row, "flow_version"));
        let (Some(flow), Some(question), Some(rate)) = (flow, ask.value(row, "question"), row.counts.rate()) else {
            continue;
        };
        let front = ask.others(row, WITHIN);
        let place = *places.entry((front.clone(), flow.version.as_deref())).or_insert_with(|| {
            scripts.push(Script { front, flow, chosen: BTreeMap::new() });
            scripts.len() - 1
        });
        let Some(script) = scripts.get_mut(place) else { continue };
        *script.chosen.entry(question).or_default().entry(ask.value(row, "chosen_option")).or_default() +=
            rate.denominator;
    }
    scripts
}
