//! The chapters of the report, one function each: which table stands where and what is said about it.
//!
//! Knows nothing of markup and charts.

mod funnels;
mod measures;

use std::collections::BTreeMap;

use self::measures::DropOff;
use super::build::{CONVERSATION_RATES, MESSAGE_RATES, QUESTION_RATES};
use super::model::{Balance, Breakdown, Day, Figure, Report, Segment, Spread, Stage};
use super::page::{Cell, Column, Part, Section, Table, Words, n_sent, plain, segment_name, stage_name};
use super::text::{self, Language, NONE};

/// All chapters in their order.
pub(super) fn sections(report: &Report, words: &Words<'_>) -> Vec<Section> {
    let mut sections = vec![
        campaign_funnel(report, words),
        questions(report, words),
        funnels::section(report, words),
        answer_times(report, words),
        channels(report, words),
        campaigns(report, words),
        trend(report, words),
        opt_outs(report, words),
    ];
    sections.extend(report.breakdown.as_ref().map(|breakdown| own_breakdown(breakdown, words)));
    sections.extend(report.measures.iter().map(|measured| measures::section(measured, words)));
    sections.push(quality(report, words));
    sections
}

pub(super) fn campaign_funnel(report: &Report, words: &Words<'_>) -> Section {
    let rows = report.campaign_funnel.iter().map(|step| {
        let figure = step.figure.as_ref();
        let metric = match step.stage {
            Stage::Sent => String::new(),
            _ => figure.map(|figure| words.title(&figure.metric)).unwrap_or_default(),
        };
        vec![
            plain(stage_name(step.stage, words.language)),
            plain(words.language.count_or_unmeasurable(step.n_messages)),
            if step.stage == Stage::Sent { Cell::default() } else { words.cell(figure) },
            plain(metric),
        ]
    });
    let table = Table {
        columns: vec![words.label("step"), words.number("messages"), words.number("share"), words.label("rate")],
        rows: rows.collect(),
    };
    let bases: Vec<u64> =
        report.campaign_funnel.iter().skip(2).filter(|step| step.figure.is_some()).map(|step| step.n_base).collect();
    let mixed = bases.windows(2).any(|pair| pair.first() != pair.last());
    let note = if mixed { words.language.say("section-campaign-funnel.note") } else { String::new() };
    let parts = vec![part(table, note, words.language.say("section-campaign-funnel.empty"))];
    section("campaign-funnel", parts, words.language)
}

pub(super) fn questions(report: &Report, words: &Words<'_>) -> Section {
    let language = words.language;
    let within = DropOff::of(report, words);
    let parts = report.flows.iter().map(|flow| {
        let columns = ["visits", "answered", "skipped", "silent", "opted_out", "handed_over", "failed", "open"];
        let rows = flow.questions.iter().map(|question| {
            let counts = [
                question.n_visits,
                question.n_answered,
                question.n_skipped,
                question.n_silent,
                question.n_opted_out,
                question.n_handed_over,
                question.n_failed,
                question.n_open,
            ];
            let mut row =
                vec![plain(language.name(question.question.as_deref())), words.cell(question.drop_off.as_ref())];
            row.extend(within.as_ref().map(|within| within.cell(flow.flow.as_deref(), question.question.as_deref())));
            row.extend(counts.map(|count| plain(language.count(count))));
            row
        });
        let head = [words.label("question"), words.column("question_drop_off_rate")].into_iter();
        let head = head.chain(within.as_ref().map(DropOff::column));
        let columns = head.chain(columns.map(|name| words.number(name))).collect();
        let table = Table { columns, rows: rows.collect() };
        Part { heading: flow_heading(flow.flow.as_deref(), language), ..table_part(table) }
    });
    let mut parts: Vec<Part> = parts.collect();
    if parts.is_empty() {
        parts.push(empty(language.say("section-questions.empty")));
    }
    section("questions", parts, language)
}

pub(super) fn flow_heading(flow: Option<&str>, language: Language) -> String {
    flow.map_or_else(|| language.say("outside-flows"), |flow| language.name(Some(flow)))
}

fn answer_times(report: &Report, words: &Words<'_>) -> Section {
    let language = words.language;
    let mut rows = Vec::new();
    let mut row = |flow: String, name: String, spread: Option<&Spread>| {
        rows.push(vec![
            plain(flow),
            plain(name),
            plain(spread.map_or_else(|| NONE.to_owned(), |spread| language.count(spread.n))),
            plain(language.quantile(spread, |spread| spread.median)),
            plain(language.quantile(spread, |spread| spread.p90)),
            plain(language.quantile(spread, |spread| spread.p99)),
        ]);
    };
    for flow in &report.flows {
        for question in &flow.questions {
            let name = language.name(question.question.as_deref());
            row(flow_heading(flow.flow.as_deref(), language), name, question.answer_seconds.as_ref());
        }
    }
    if let Some(spread) = &report.first_response_seconds {
        let [all, first] = ["section-answer-times.total", "section-answer-times.first-response"];
        row(language.say(all), language.say(first), Some(spread));
    }
    let column = |name| Column { anchor: words.anchor("answer_seconds"), ..words.number(name) };
    let columns = [words.label("flow"), words.label("question"), words.number("answers")];
    let columns = columns.into_iter().chain(["median", "p90", "p99"].map(column)).collect();
    let parts = vec![part(Table { columns, rows }, String::new(), language.say("section-answer-times.empty"))];
    section("answer-times", parts, language)
}

fn channels(report: &Report, words: &Words<'_>) -> Section {
    // Few channels and many metrics: channels are the columns.
    let breakdown = &report.channels;
    let metrics = MESSAGE_RATES.iter().chain(CONVERSATION_RATES).chain(&["question_drop_off_rate"]).copied();
    let rows = metrics.filter(|&metric| breakdown.rows.iter().any(|row| row.figures.contains_key(metric)));
    let rows = rows.map(|metric| {
        let cells = breakdown.rows.iter().map(|row| words.cell(row.figures.get(metric)));
        std::iter::once(plain(words.title(metric))).chain(cells).collect()
    });
    let names = breakdown.rows.iter().map(|row| Column {
        title: segment_name(row, words.language),
        anchor: String::new(),
        numeric: true,
    });
    let table = Table { columns: std::iter::once(words.label("rate")).chain(names).collect(), rows: rows.collect() };
    let parts = vec![part(table, String::new(), words.language.say("section-channels.empty"))];
    section("channels", parts, words.language)
}

fn campaigns(report: &Report, words: &Words<'_>) -> Section {
    let metrics = [
        "delivery_rate",
        "open_rate",
        "click_rate",
        "reply_rate",
        "engagement_rate",
        "dismissed_rate",
        "unsubscribe_rate",
    ];
    let mut table = words.table(&report.campaigns, &metrics);
    with_sent(&mut table, report.campaigns.rows.iter().map(|row| &row.figures), words);
    let language = words.language;
    let small = match report.context.suppressed {
        None => "section-campaigns.pale",
        Some(_) => "section-campaigns.suppressed",
    };
    let small = language.say_with(small, &[("minimum", words.minimum.into())]);
    let parts = vec![part(table, String::new(), language.say("section-campaigns.empty"))];
    let lead = language.say_with("section-campaigns.lead", &[("small", small.into())]);
    Section { lead, ..section("campaigns", parts, language) }
}

fn trend(report: &Report, words: &Words<'_>) -> Section {
    let mut table = day_table(&report.days, &["delivery_rate", "open_rate", "click_rate", "reply_rate"], words);
    with_sent(&mut table, report.days.iter().map(|day| &day.figures), words);
    pale_immature(&mut table, &report.days);
    let n_immature = report.days.iter().filter(|day| !day.mature).count();
    let language = words.language;
    let window = language.duration(report.context.reply_window_s);
    let note = match n_immature {
        0 => String::new(),
        _ => language.say_with("section-trend.immature", &[("window", window.into())]),
    };
    let zone = report.context.zone.iana_name().unwrap_or("UTC").to_owned();
    let lead = language.say_with("section-trend.lead", &[("zone", zone.into())]);
    let parts = vec![part(table, note, language.say("section-trend.empty"))];
    Section { lead, ..section("trend", parts, language) }
}

fn opt_outs(report: &Report, words: &Words<'_>) -> Section {
    let metrics = ["unsubscribe_rate", "soft_unsubscribe_rate", "hard_unsubscribe_rate"];
    let has_any =
        |figures: &BTreeMap<String, Figure>| figures.get("unsubscribe_rate").is_some_and(|figure| figure.numerator > 0);
    let by_campaign = words.table(&report.campaigns, &metrics);
    let mut by_day = day_table(&report.days, &metrics, words);
    pale_immature(&mut by_day, &report.days);
    let language = words.language;
    let mut parts = Vec::new();
    if report.campaigns.rows.iter().any(|row| has_any(&row.figures)) {
        let heading = language.say("section-opt-outs.by-campaign");
        parts.push(Part { id: "by-campaign", heading, ..table_part(by_campaign) });
    }
    if report.days.iter().any(|day| has_any(&day.figures)) {
        let heading = language.say("section-opt-outs.by-day");
        parts.push(Part { id: "by-day", heading, ..table_part(by_day) });
    }
    if parts.is_empty() {
        parts.push(empty(language.say("section-opt-outs.empty")));
    }
    section("opt-outs", parts, language)
}

fn own_breakdown(breakdown: &Breakdown, words: &Words<'_>) -> Section {
    let metrics: Vec<&str> = MESSAGE_RATES.iter().chain(QUESTION_RATES).copied().collect();
    let language = words.language;
    let columns: Vec<String> = breakdown.by.iter().map(|column| language.column(column)).collect();
    let parts = vec![part(words.table(breakdown, &metrics), String::new(), language.say("section-breakdown.empty"))];
    let lead = language.say_with("section-breakdown.lead", &[("columns", columns.join(", ").into())]);
    Section { lead, ..section("breakdown", parts, language) }
}

fn quality(report: &Report, words: &Words<'_>) -> Section {
    let language = words.language;
    let mut parts = Vec::new();
    if let Some(balance) = &report.context.balance {
        let Balance { received, accepted, ignored, rejected, events_stored, reasons } = balance;
        let rows = [
            ("section-quality.received", received),
            ("section-quality.accepted", accepted),
            ("section-quality.ignored", ignored),
            ("section-quality.rejected", rejected),
            ("section-quality.stored", events_stored),
        ];
        let rows = rows.map(|(key, count)| vec![plain(language.say(key)), plain(language.count(*count))]);
        let table = Table { columns: vec![words.label("balance"), words.number("count")], rows: rows.into() };
        let note = if balance.is_even() { "section-quality.even" } else { "section-quality.uneven" };
        let heading = language.say("section-quality.balance");
        parts.push(Part { heading, note: language.say(note), ..table_part(table) });
        let rows =
            reasons.iter().map(|(reason, count)| vec![plain(text::printable(reason)), plain(language.count(*count))]);
        let table = Table { columns: vec![words.label("reason"), words.number("records")], rows: rows.collect() };
        let heading = language.say("section-quality.reasons");
        parts.push(Part { heading, ..part(table, String::new(), language.say("section-quality.no-reasons")) });
    }
    let rows = report.unmeasurable.iter().map(|channel| {
        let metrics: Vec<String> = channel.metrics.iter().map(|metric| words.title(metric)).collect();
        vec![plain(language.name(channel.channel.as_deref())), plain(metrics.join(", "))]
    });
    let table = Table { columns: vec![words.label("channel"), words.label("unmeasurable")], rows: rows.collect() };
    let heading = language.say("section-quality.unmeasurable");
    parts.push(Part { heading, ..part(table, String::new(), language.say("section-quality.all-measurable")) });
    section("quality", parts, language)
}

/// A chapter with its own title and lead.
fn section(id: &'static str, parts: Vec<Part>, language: Language) -> Section {
    let key = format!("section-{id}");
    Section { id, title: language.say(&key), lead: language.say(&format!("{key}.lead")), parts }
}

/// A table with a note, or a sentence if the table has no rows.
fn part(table: Table, note: String, sentence: String) -> Part {
    if table.rows.is_empty() { empty(sentence) } else { Part { note, ..table_part(table) } }
}

/// A table alone.
fn table_part(table: Table) -> Part {
    Part { table: (!table.rows.is_empty()).then_some(table), ..Part::default() }
}

/// What is said instead of a table.
fn empty(note: String) -> Part {
    Part { note, ..Part::default() }
}

/// Puts the number of messages right after the segment.
fn with_sent<'a>(table: &mut Table, figures: impl Iterator<Item = &'a BTreeMap<String, Figure>>, words: &Words<'_>) {
    if table.rows.is_empty() {
        return;
    }
    table.columns.insert(1.min(table.columns.len()), words.number("messages"));
    for (row, figures) in table.rows.iter_mut().zip(figures) {
        row.insert(1.min(row.len()), plain(words.language.count_or_unmeasurable(n_sent(figures))));
    }
}

/// A row per day, with the days written out.
fn day_table(days: &[Day], metrics: &[&str], words: &Words<'_>) -> Table {
    let rows = days.iter().map(|day| Segment { segment: vec![day.day.clone()], figures: day.figures.clone() });
    let mut table = words.table(&Breakdown { by: vec!["day".to_owned()], rows: rows.collect() }, metrics);
    for (row, day) in table.rows.iter_mut().zip(days) {
        if let (Some(cell), Some(name)) = (row.first_mut(), &day.day) {
            cell.text = words.language.day(name);
        }
    }
    table
}

/// Marks the rows of days that may still change.
fn pale_immature(table: &mut Table, days: &[Day]) {
    for (row, day) in table.rows.iter_mut().zip(days) {
        for cell in row.iter_mut() {
            cell.pale |= !day.mature;
        }
    }
}
