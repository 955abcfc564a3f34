//! Charts of the ways through flows: for each flow its questions in their order, who went on to which, and who ended there.

use std::collections::BTreeMap;

use super::{Words, alternative, as_f64};
use crate::charts::{self, Arc, Names, Node};
use crate::error::Result;
use crate::measures::{Row, Value};
use crate::report::model::{Flow, Report};

/// Arcs that fewer took than one in so many of the flow's most visited question are in the table alone.
const FEWEST: u64 = 100;
/// Questions up to which a flow is drawn.
const MOST_QUESTIONS: usize = 40;

/// What followed a question, in visits.
#[derive(Default)]
struct Followed<'r> {
    next: BTreeMap<&'r str, u64>,
    /// To another flow, or completed.
    out: u64,
    ended: u64,
}

/// One chart for each flow of at least two questions, in the order of the report.
pub(super) fn charts(report: &Report, words: &Words<'_>) -> Result<Vec<String>> {
    let measured = report.measures.iter().find(|measured| measured.measure.id == "paths");
    let Some(table) = measured.and_then(|measured| measured.tables.iter().find(|table| table.id == "transitions"))
    else {
        return Ok(Vec::new());
    };
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let Some(places) = ["flow", "question", "next_question", "n_next", "n_other_flow", "n_completed", "n_ended"]
        .into_iter()
        .map(place)
        .collect::<Option<Vec<usize>>>()
    else {
        return Ok(Vec::new());
    };
    let drawn = report.flows.iter().filter(|flow| (2..=MOST_QUESTIONS).contains(&flow.questions.len()));
    drawn
        .enumerate()
        .filter_map(|(number, flow)| chart(number, flow, &table.rows, &places, words).transpose())
        .collect()
}

fn chart(number: usize, flow: &Flow, rows: &[Row], places: &[usize], words: &Words<'_>) -> Result<Option<String>> {
    let &[of_flow, question, next, n_next, n_other, n_completed, n_ended] = places else { return Ok(None) };
    let language = words.language;
    let name = |row: &'_ Row, place: usize| match row.cells.get(place) {
        Some(Value::Name(name)) => name.clone(),
        _ => None,
    };
    let count = |row: &Row, place: usize| match row.cells.get(place) {
        Some(Value::Count(count)) => *count,
        _ => 0,
    };
    let mut followed: BTreeMap<&str, Followed<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|row| name(row, of_flow) == flow.flow) {
        let Some(Value::Name(Some(from))) = row.cells.get(question) else { continue };
        let followed = followed.entry(from).or_default();
        followed.out += count(row, n_other) + count(row, n_completed);
        followed.ended += count(row, n_ended);
        if let Some(Value::Name(Some(to))) = row.cells.get(next) {
            *followed.next.entry(to).or_default() += count(row, n_next);
        }
    }
    let names: Vec<Option<&str>> = flow.questions.iter().map(|question| question.question.as_deref()).collect();
    let (mut nodes, mut arcs) = (Vec::new(), Vec::new());
    let largest = flow.questions.iter().map(|question| question.n_visits).max().unwrap_or_default();
    for (from, question) in flow.questions.iter().enumerate() {
        let found = question.question.as_deref().and_then(|name| followed.get(name));
        let (mut onward, mut elsewhere) = (0, found.map_or(0, |found| found.out));
        for (&to, &n) in found.into_iter().flat_map(|found| &found.next) {
            match names.iter().position(|name| *name == Some(to)) {
                Some(to) if to == from + 1 => onward += n,
                to => {
                    elsewhere += n;
                    let is_drawn = to.filter(|_| n > 0 && n.saturating_mul(FEWEST) >= largest);
                    arcs.extend(is_drawn.map(|to| Arc { from, to, count: as_f64(n), label: language.count(n) }));
                }
            }
        }
        let left = found.map_or(0, |found| found.ended);
        let open = question.n_visits.saturating_sub(onward + elsewhere + left);
        let visits = language.say_with("chart-leaving.visits", &[("n", question.n_visits.into())]);
        nodes.push(Node {
            name: language.name(question.question.as_deref()),
            detail: language.say_with("chart-flow.detail", &[("visits", visits.into()), ("n", left.into())]),
            onward: as_f64(onward),
            elsewhere: as_f64(elsewhere),
            left: as_f64(left),
            open: as_f64(open),
        });
    }
    if followed.is_empty() {
        return Ok(None);
    }
    let told: Vec<String> = nodes.iter().map(|node| format!("{}: {}", node.name, node.detail)).collect();
    let outside = || language.say("chart-questions.outside");
    let flow = flow.flow.as_deref().map_or_else(outside, |flow| language.name(Some(flow)));
    let title = language.say_with("chart-flow", &[("flow", flow.into())]);
    let [onward, elsewhere, left, open] =
        ["chart-flow.onward", "chart-flow.elsewhere", "chart-flow.left", "chart-flow.open"]
            .map(|key| language.say(key));
    let names = Names { onward, elsewhere, left, open };
    charts::flow_graph(&alternative(&format!("chart-flow-{number}"), title, &told), &names, &nodes, &arcs).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::{Column, Measure, Measured, Table};
    use crate::report::fixture;

    #[test]
    fn who_goes_back_and_who_skips_has_an_arc_and_who_ends_is_told() {
        let mut report = fixture::small();
        let name = |name: &str| Value::name(Some(name));
        let row = |from: &str, to: Option<&str>, counts: [u64; 4]| {
            let front = [name("lead"), name(from), Value::name(to)];
            Row::new(10, front.into_iter().chain(counts.map(Value::Count)).collect())
        };
        let question = |name: &str, n| {
            let mut question = fixture::awkward().flows[0].questions[0].clone();
            (question.question, question.n_visits) = (Some(name.to_owned()), n);
            question
        };
        let questions = vec![question("a", 100), question("b", 70), question("c", 60)];
        report.flows = vec![Flow { flow: Some("lead".to_owned()), questions }];
        let rows = vec![
            row("a", Some("b"), [60, 0, 0, 0]),
            row("a", Some("c"), [20, 0, 0, 0]),
            row("a", None, [0, 0, 0, 15]),
            row("b", Some("a"), [10, 0, 0, 0]),
            row("c", None, [0, 0, 50, 10]),
        ];
        let names = ["flow", "question", "next_question", "n_next", "n_other_flow", "n_completed", "n_ended"];
        let table = Table { id: "transitions", columns: names.map(Column::new).into(), rows, ..Table::default() };
        report.measures = vec![Measured { measure: Measure::named("paths").unwrap(), tables: vec![table] }];
        let found = charts(&report, &Words::new(&report)).unwrap();
        let [svg] = found.as_slice() else { panic!("{found:?}") };
        assert!(svg.contains("100 visits · 15 ended here"), "{svg}");
        // Two arcs have heads: from the first to the third, and back from the second.
        assert_eq!(svg.matches("<polyline").count() - svg.matches("l-grid").count(), 2, "{svg}");
        for label in [">\n20\n<", ">\n10\n<"] {
            assert!(svg.contains(label), "{label} {svg}");
        }
        report.measures.clear();
        assert!(charts(&report, &Words::new(&report)).unwrap().is_empty());
    }
}
