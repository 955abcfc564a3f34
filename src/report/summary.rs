//! The summary: what a reader should know first, in a few statements.
//!
//! Chooses from the numbers what to say, and never says more than their intervals allow; the words are those of `words`.
//! What rests on few observations and what may still change is not spoken of.

use super::model::{Figure, Flow, Question, Report, Stage};
use super::page::Words;
use super::text::Language;
use super::words::Argument;
use crate::measures::{Measured, Row, Table, Value};
use crate::rate::Bound;

/// Differences that are told; the chapter has all.
const MOST_CHANGES: usize = 3;

/// The statements: reach, engagement, the worst question, opt-outs, what changed, what the data lack.
pub(super) fn summary(report: &Report, words: &Words<'_>) -> Vec<String> {
    let statements = [
        reach(report, words),
        headline(report, "engagement_rate", "summary-engaged", words),
        worst_question(report, words),
        opt_outs(report, words),
        changes(report, words),
        caveats(report, words),
    ];
    let statements: Vec<String> = statements.into_iter().map(|sentences| sentences.join(" ")).collect();
    let said: Vec<String> = statements.into_iter().filter(|statement| !statement.is_empty()).collect();
    if said.is_empty() { vec![words.language.say("summary-nothing")] } else { said }
}

/// A change of a share that shows in a number with one digit after the point.
const SEEN: f64 = 0.000_5;

/// What can be said of a share.
enum Told<'f> {
    Share(&'f Figure),
    /// The channels do not report it.
    Unmeasurable,
    /// There are too few observations.
    Nothing,
}

impl<'f> Told<'f> {
    fn of(figure: Option<&'f Figure>, words: &Words<'_>) -> Self {
        match figure {
            Some(figure) if !figure.measurable => Self::Unmeasurable,
            // Of what is at most so much, nothing is said.
            Some(figure) if figure.bound == Bound::Most => Self::Nothing,
            Some(figure) if figure.value.is_some() && figure.denominator >= words.minimum.max(1) => Self::Share(figure),
            _ => Self::Nothing,
        }
    }
}

/// A sentence about a share: as it is, as a lower bound, or that it is not known.
fn sentence(figure: Option<&Figure>, key: &str, words: &Words<'_>) -> Vec<String> {
    let language = words.language;
    match Told::of(figure, words) {
        Told::Nothing => Vec::new(),
        Told::Unmeasurable => vec![language.say(&format!("{key}.unmeasurable"))],
        Told::Share(figure) => {
            let key = if figure.bound == Bound::Least { format!("{key}.bounded") } else { key.to_owned() };
            vec![language.say_with(&key, &of_share(figure, language))]
        }
    }
}

fn of_share(figure: &Figure, language: Language) -> Vec<(&'static str, Argument)> {
    vec![
        ("share", language.percent(figure.value.unwrap_or_default()).into()),
        ("interval", language.interval(Some(figure)).into()),
        ("base", language.count(figure.denominator).into()),
        ("n", figure.denominator.into()),
    ]
}

fn find<'r>(report: &'r Report, metric: &str) -> Option<&'r Figure> {
    report.headlines.iter().find(|headline| headline.metric == metric)?.figure.as_ref()
}

fn headline(report: &Report, metric: &str, key: &str, words: &Words<'_>) -> Vec<String> {
    sentence(find(report, metric), key, words)
}

/// How many messages there were, how many arrived and how many were opened.
fn reach(report: &Report, words: &Words<'_>) -> Vec<String> {
    let step = |stage: Stage| report.campaign_funnel.iter().find(|step| step.stage == stage);
    let Some(n) = step(Stage::Sent).and_then(|step| step.n_messages).filter(|n| *n > 0) else { return Vec::new() };
    let mut sentences = vec![words.language.say_with("summary-sent", &[("n", n.into())])];
    for (stage, key) in [(Stage::Delivered, "summary-delivered"), (Stage::Opened, "summary-opened")] {
        sentences.extend(sentence(step(stage).and_then(|step| step.figure.as_ref()), key, words));
    }
    sentences
}

/// The drop-off of a question that can be judged: enough decided visits, and no more that are open.
fn judged<'f>(question: &'f Question, words: &Words<'_>) -> Option<&'f Figure> {
    match Told::of(question.drop_off.as_ref(), words) {
        Told::Share(figure) if question.n_open <= figure.denominator => Some(figure),
        _ => None,
    }
}

/// Where most leave in the flow with the most visits, how sure that is, and what it would bring to mend the question that
/// costs the most completions.
fn worst_question(report: &Report, words: &Words<'_>) -> Vec<String> {
    let n_visits = |flow: &&Flow| flow.questions.iter().map(|question| question.n_visits).sum::<u64>();
    // Of as many visits, the first flow.
    let flow = report.flows.iter().rev().max_by_key(n_visits);
    let mut sentences = flow.map_or_else(Vec::new, |flow| worst_of(flow, words));
    sentences.extend(gain(report, words));
    sentences
}

fn worst_of(flow: &Flow, words: &Words<'_>) -> Vec<String> {
    let language = words.language;
    let told = flow.questions.iter().filter_map(|question| Some((question, judged(question, words)?)));
    let told: Vec<(&Question, &Figure)> = told.collect();
    let value = |figure: &Figure| figure.value.unwrap_or_default();
    let worst = told.iter().rev().max_by(|(_, left), (_, right)| value(left).total_cmp(&value(right)));
    let Some(&(question, figure)) = worst.filter(|(_, figure)| figure.numerator > 0) else { return Vec::new() };
    let name = flow.flow.as_deref();
    let flow = name.map_or_else(|| language.say("outside-flows"), |name| language.name(Some(name)));
    let mut arguments = of_share(figure, language);
    arguments.push(("question", language.name(question.question.as_deref()).into()));
    arguments.push(("flow", flow.into()));
    let others = told.iter().filter(|(other, _)| !std::ptr::eq(*other, question));
    let highest = others.map(|(_, other)| other.high.unwrap_or(1.0)).reduce(f64::max);
    let rank = highest.map(|highest| match figure.low.unwrap_or_default() {
        // The least that it can be is twice the most that any other can be.
        low if low >= 2.0 * highest => "summary-question.twice",
        low if low > highest => "summary-question.most",
        _ => "summary-question.close",
    });
    let sentence = language.say_with("summary-question", &arguments);
    std::iter::once(sentence).chain(rank.map(|key| language.say(key))).collect()
}

fn table<'r>(report: &'r Report, measure: &str, table: &str) -> Option<&'r Table> {
    let is_it = |measured: &&Measured| measured.measure.id == measure;
    report.measures.iter().find(is_it)?.tables.iter().find(|known| known.id == table)
}

fn cell<'r>(table: &Table, row: &'r Row, column: &str) -> Option<&'r Value> {
    row.cells.get(table.columns.iter().position(|known| known.name == column)?)
}

/// Whether a row may be spoken of.
fn is_sure(row: &Row, words: &Words<'_>) -> bool {
    !row.immature && row.n.is_some_and(|n| n >= words.minimum)
}

/// What it would bring to mend the question that costs most, if it surely brings anything.
fn gain(report: &Report, words: &Words<'_>) -> Option<String> {
    let language = words.language;
    let table = table(report, "fix_first", "questions")?;
    let row = table.rows.iter().find(|row| is_sure(row, words))?;
    let Some(Value::Number { value, interval: Some((low, high)) }) = cell(table, row, "completions") else {
        return None;
    };
    if *low <= 0.0 || value.round() < 1.0 {
        return None;
    }
    let written = |column: &str| cell(table, row, column).map(|value| language.written(value)[0].clone());
    let stated = language.say("fix_first-stated-target");
    let is_stated = table.columns.iter().any(|column| column.name == "target" && column.title == stated);
    let arguments = [
        ("n", whole(*value).into()),
        ("low", language.count(whole(low.floor())).into()),
        ("high", language.count(whole(high.ceil())).into()),
        ("question", written("question")?.into()),
        ("target", written("target")?.into()),
        ("now", written("goes_on")?.into()),
    ];
    Some(language.say_with(if is_stated { "summary-target" } else { "summary-median" }, &arguments))
}

/// A count of an estimate.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of conversations, not negative")]
fn whole(number: f64) -> u64 {
    number.max(0.0).round() as u64
}

/// Opt-outs of a thousand messages that reached somebody.
fn opt_outs(report: &Report, words: &Words<'_>) -> Vec<String> {
    let language = words.language;
    let figure = match Told::of(find(report, "unsubscribe_rate"), words) {
        Told::Share(figure) => figure,
        Told::Unmeasurable => return vec![language.say("summary-opt-outs.unmeasurable")],
        Told::Nothing => return Vec::new(),
    };
    let of_thousand = |share: Option<f64>| language.decimal(1_000.0 * share.unwrap_or_default());
    let key = match (figure.numerator, figure.bound == Bound::Least) {
        // Where some opt-outs cannot be seen, that none was is nothing to tell.
        (0, true) => return Vec::new(),
        (0, false) => "summary-opt-outs.none",
        (_, true) => "summary-opt-outs.bounded",
        (_, false) => "summary-opt-outs",
    };
    let arguments = [
        ("thousand", language.count(1_000).into()),
        ("base", language.count(figure.denominator).into()),
        ("rate", of_thousand(figure.value).into()),
        ("low", of_thousand(figure.low).into()),
        ("high", of_thousand(figure.high).into()),
    ];
    vec![language.say_with(key, &arguments)]
}

/// Which headline rates differ from what they are compared with, or are told otherwise by an earlier version.
fn changes(report: &Report, words: &Words<'_>) -> Vec<String> {
    let language = words.language;
    if let Some(table) = table(report, "comparison", "revisions") {
        return revisions(table, words);
    }
    let Some(table) = table(report, "comparison", "differences") else { return Vec::new() };
    let compared = table.rows.iter().filter(|row| is_sure(row, words));
    let judged: Vec<(&Row, &Value)> = compared.filter_map(|row| Some((row, cell(table, row, "verdict")?))).collect();
    let judged = || judged.iter().filter(|(_, verdict)| matches!(verdict, Value::Verdict { .. }));
    if judged().next().is_none() {
        return Vec::new();
    }
    let names = |row: &Row| {
        let names = row.cells.iter().filter_map(|cell| match cell {
            Value::Metric(metric) => Some(words.title(metric)),
            Value::Name(name) => Some(language.name(name.as_deref())),
            _ => None,
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let one = |(row, verdict): &(&Row, &Value)| {
        let [verdict, ..] = language.written(verdict);
        language.say_with("summary-changed.one", &[("name", names(row).into()), ("verdict", verdict.into())])
    };
    let differs = judged().filter(|(_, verdict)| matches!(verdict, Value::Verdict { differs: true, .. }));
    let changes: Vec<String> = differs.take(MOST_CHANGES).map(one).collect();
    let key = if changes.is_empty() { "summary-changed.none" } else { "summary-changed" };
    let title = table.title.clone();
    vec![language.say_with(key, &[("title", title.into()), ("changes", changes.join("; ").into())])]
}

/// Which headline rates an earlier version of the store told otherwise, the largest change first, and why.
fn revisions(table: &Table, words: &Words<'_>) -> Vec<String> {
    let language = words.language;
    let sure = table.rows.iter().filter(|row| is_sure(row, words));
    let mut changed: Vec<(&Row, f64)> = sure
        .filter_map(|row| match cell(table, row, "difference") {
            Some(Value::Points { value, .. }) => Some((row, *value)),
            _ => None,
        })
        .collect();
    if changed.is_empty() {
        return Vec::new();
    }
    changed.retain(|(_, difference)| difference.abs() >= SEEN);
    changed.sort_by(|(_, left), (_, right)| right.abs().total_cmp(&left.abs()));
    let one = |(row, _): &(&Row, f64)| {
        let written = |column| cell(table, row, column).map(|value| language.written(value)[0].clone());
        let name = cell(table, row, "metric").map(|value| match value {
            Value::Metric(metric) => words.title(metric),
            value => language.written(value)[0].clone(),
        });
        let arguments = [
            ("name", name.unwrap_or_default().into()),
            ("difference", written("difference").unwrap_or_default().into()),
            ("why", written("why").unwrap_or_default().into()),
        ];
        language.say_with("summary-changed.revised", &arguments)
    };
    let changes: Vec<String> = changed.iter().take(MOST_CHANGES).map(one).collect();
    let key = if changes.is_empty() { "summary-changed.same" } else { "summary-changed" };
    let title = table.title.clone();
    vec![language.say_with(key, &[("title", title.into()), ("changes", changes.join("; ").into())])]
}

/// What the data lack.
fn caveats(report: &Report, words: &Words<'_>) -> Vec<String> {
    let language = words.language;
    let mut sentences = Vec::new();
    if let Some(balance) = &report.context.balance {
        if !balance.is_even() {
            sentences.push(language.say("summary-uneven"));
        }
        if balance.rejected > 0 {
            let counts = [("n", balance.rejected.into()), ("all", balance.received.into())];
            sentences.push(language.say_with("summary-rejected", &counts));
        }
    }
    let channels: Vec<String> =
        report.unmeasurable.iter().map(|channel| language.name(channel.channel.as_deref())).collect();
    if !channels.is_empty() {
        sentences.push(language.say_with("summary-channels", &[("channels", channels.join(", ").into())]));
    }
    let rules: Vec<String> = report.context.retention.iter().map(|(what, age)| format!("{what}: {age}")).collect();
    if !rules.is_empty() {
        sentences.push(language.say_with("summary-retention", &[("rules", rules.join(", ").into())]));
    }
    sentences
}

#[cfg(test)]
mod tests;
