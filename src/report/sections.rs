//! The chapters of the report, one function each: which table stands where and what is said about it.
//!
//! Knows nothing of markup and charts.

mod funnels;
mod measures;
pub(super) mod own;

use std::collections::BTreeMap;

use self::measures::DropOff;
use super::build::{CONVERSATION_RATES, MESSAGE_RATES, QUESTION_RATES};
use super::model::{Balance, Breakdown, Day, Figure, Report, Segment, Spread, Stage};
use super::page::{Cell, Column, Part, Section, Table, Words, count, n_sent, plain, segment_name, stage_name, typed};
use super::text::Language;
use crate::measures::Value;

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
    sections.extend(own::own(report, words));
    sections.extend(report.measures.iter().map(|measured| measures::section(measured, words)));
    sections.push(quality(report, words));
    report.context.brand.order(sections, |section| section.id)
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
            typed(count(step.n_messages), words.language),
            if step.stage == Stage::Sent { Cell::default() } else { words.cell(figure) },
            plain(metric),
        ]
    });
    let table = Table {
        columns: vec![words.label("step"), words.number("messages"), words.number("share"), words.label("rate")],
        rows: rows.collect(),
        ..Table::default()
    };
    let table = table.named("campaign_funnel", &["step", "n_messages"]).shares(&["share"]);
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
            let name = typed(Value::Name(question.question.clone()), language);
            let mut row = vec![name, words.cell(question.drop_off.as_ref())];
            row.extend(within.as_ref().map(|within| within.cell(flow.flow.as_deref(), question.question.as_deref())));
            row.extend(counts.map(|count| typed(Value::Count(count), language)));
            row
        });
        let head = [words.label("question"), words.column("question_drop_off_rate")].into_iter();
        let head = head.chain(within.as_ref().map(DropOff::column));
        let columns = head.chain(columns.map(|name| words.number(name))).collect();
        let table = Table { columns, rows: rows.collect(), ..Table::default() };
        let ids = within.as_ref().map(|_| "drop_off_within_window");
        let ids: Vec<&str> = ["question", "question_drop_off_rate"].into_iter().chain(ids).chain(VISITS).collect();
        let heading = flow_heading(flow.flow.as_deref(), language);
        let of = called(flow.flow.as_deref(), heading.clone());
        let table = of_one(table.named("questions", &ids), words.label("flow"), of);
        Part { heading, ..table_part(table) }
    });
    let mut parts: Vec<Part> = parts.collect();
    if parts.is_empty() {
        parts.push(empty(language.say("section-questions.empty")));
    }
    section("questions", parts, language)
}

/// The columns of counts of visits.
const VISITS: [&str; 8] =
    ["n_visits", "n_answered", "n_skipped", "n_silent", "n_opted_out", "n_handed_over", "n_failed", "n_open"];

pub(super) fn flow_heading(flow: Option<&str>, language: Language) -> String {
    flow.map_or_else(|| language.say("outside-flows"), |flow| language.name(Some(flow)))
}

fn answer_times(report: &Report, words: &Words<'_>) -> Section {
    let language = words.language;
    let mut rows = Vec::new();
    let mut row = |flow: Cell, name: Cell, spread: Option<&Spread>| {
        let n = spread.map_or(Value::Unknown, |spread| Value::Count(spread.n));
        let times = [|spread: &Spread| spread.median, |spread: &Spread| spread.p90, |spread: &Spread| spread.p99];
        let times = times.map(|pick| quantile(spread, pick));
        let values = std::iter::once(n).chain(times).map(|value| typed(value, language));
        rows.push([flow, name].into_iter().chain(values).collect::<Vec<_>>());
    };
    for flow in &report.flows {
        for question in &flow.questions {
            let name = typed(Value::Name(question.question.clone()), language);
            let heading = called(flow.flow.as_deref(), flow_heading(flow.flow.as_deref(), language));
            row(heading, name, question.answer_seconds.as_ref());
        }
    }
    if let Some(spread) = &report.first_response_seconds {
        let [all, first] = ["section-answer-times.total", "section-answer-times.first-response"];
        row(plain(language.say(all)), plain(language.say(first)), Some(spread));
    }
    let column = |name| Column { anchor: words.anchor("answer_seconds"), ..words.number(name) };
    let columns = [words.label("flow"), words.label("question"), words.number("answers")];
    let columns = columns.into_iter().chain(["median", "p90", "p99"].map(column)).collect();
    let table = Table { columns, rows, ..Table::default() };
    let table = table.named("answer_times", &["flow", "question", "n", "median_s", "p90_s", "p99_s"]);
    let parts = vec![part(table, String::new(), language.say("section-answer-times.empty"))];
    section("answer-times", parts, language)
}

/// A quantile of a spread.
fn quantile(spread: Option<&Spread>, pick: fn(&Spread) -> Option<i64>) -> Value {
    match spread {
        Some(spread) if !spread.measurable => Value::Unmeasurable,
        Some(spread) => pick(spread).map_or(Value::Unknown, Value::Seconds),
        None => Value::Unknown,
    }
}

fn channels(report: &Report, words: &Words<'_>) -> Section {
    // Few channels and many metrics: channels are the columns.
    let breakdown = &report.channels;
    let metrics = MESSAGE_RATES.iter().chain(CONVERSATION_RATES).chain(&["question_drop_off_rate"]).copied();
    let upright = words.table(breakdown, &metrics.clone().collect::<Vec<_>>()).named("channels", &[]);
    let rows = metrics.filter(|&metric| breakdown.rows.iter().any(|row| row.figures.contains_key(metric)));
    let rows = rows.map(|metric| {
        let cells = breakdown.rows.iter().map(|row| words.cell(row.figures.get(metric)));
        std::iter::once(plain(words.title(metric))).chain(cells).collect()
    });
    let names = breakdown.rows.iter().map(|row| Column {
        title: segment_name(row, words.language),
        numeric: true,
        ..Column::default()
    });
    let columns = std::iter::once(words.label("rate")).chain(names).collect();
    let table = Table { columns, rows: rows.collect(), ..Table::default() }.named("channels", &[]);
    let part = part(table, String::new(), words.language.say("section-channels.empty"));
    let parts = vec![Part { upright: Some(upright).filter(|table| !table.rows.is_empty()), ..part }];
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
    let table = table.named("campaigns", &[]);
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
    let parts = vec![part(table.named("trend", &[]), note, language.say("section-trend.empty"))];
    Section { lead, ..section("trend", parts, language) }
}

fn opt_outs(report: &Report, words: &Words<'_>) -> Section {
    let metrics = ["unsubscribe_rate", "soft_unsubscribe_rate", "hard_unsubscribe_rate"];
    let has_any =
        |figures: &BTreeMap<String, Figure>| figures.get("unsubscribe_rate").is_some_and(|figure| figure.numerator > 0);
    let by_campaign = words.table(&report.campaigns, &metrics).named("opt_outs_by_campaign", &[]);
    let mut by_day = day_table(&report.days, &metrics, words).named("opt_outs_by_day", &[]);
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
    let table = words.table(breakdown, &metrics).named("breakdown", &[]);
    let parts = vec![part(table, String::new(), language.say("section-breakdown.empty"))];
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
        let rows = rows.map(|(key, count)| vec![plain(language.say(key)), typed(Value::Count(*count), language)]);
        let columns = vec![words.label("balance"), words.number("count")];
        let table = Table { columns, rows: rows.into(), ..Table::default() }.named("balance", &["what", "n"]);
        let note = if balance.is_even() { "section-quality.even" } else { "section-quality.uneven" };
        let heading = language.say("section-quality.balance");
        parts.push(Part { heading, note: language.say(note), ..table_part(table) });
        let rows = reasons.iter().map(|(reason, count)| {
            vec![typed(Value::name(Some(reason)), language), typed(Value::Count(*count), language)]
        });
        let columns = vec![words.label("reason"), words.number("records")];
        let table = Table { columns, rows: rows.collect(), ..Table::default() };
        let table = table.named("reasons", &["reason", "n_records"]);
        let heading = language.say("section-quality.reasons");
        parts.push(Part { heading, ..part(table, String::new(), language.say("section-quality.no-reasons")) });
    }
    let rows = report.unmeasurable.iter().map(|channel| {
        let metrics: Vec<String> = channel.metrics.iter().map(|metric| words.title(metric)).collect();
        vec![typed(Value::Name(channel.channel.clone()), language), plain(metrics.join(", "))]
    });
    let columns = vec![words.label("channel"), words.label("unmeasurable")];
    let table = Table { columns, rows: rows.collect(), ..Table::default() }.named("unmeasurable", &[]);
    let heading = language.say("section-quality.unmeasurable");
    let upright = Some(unmeasurable(report, words)).filter(|table| !table.rows.is_empty());
    let part = part(table, String::new(), language.say("section-quality.all-measurable"));
    parts.push(Part { heading, upright, ..part });
    section("quality", parts, language)
}

/// A row for each metric that a channel cannot report.
fn unmeasurable(report: &Report, words: &Words<'_>) -> Table {
    let row = |channel: &Option<String>, metric: &String| {
        let metric = Cell { value: Value::Metric(metric.clone()), ..plain(words.title(metric)) };
        vec![typed(Value::Name(channel.clone()), words.language), metric]
    };
    let rows = report.unmeasurable.iter().flat_map(|one| one.metrics.iter().map(|metric| row(&one.channel, metric)));
    let columns = vec![words.label("channel"), words.label("rate")];
    Table { columns, rows: rows.collect(), ..Table::default() }.named("unmeasurable", &["channel", "metric"])
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

/// The table with a column of what all of it is about, which the page says in a heading.
fn of_one(table: Table, column: Column, cell: Cell) -> Table {
    Table { of: vec![(column, cell)], ..table }
}

/// A name out of the log that is called otherwise on the page.
fn called(name: Option<&str>, text: String) -> Cell {
    Cell { value: Value::name(name), ..plain(text) }
}

/// Puts the number of messages right after the segment.
fn with_sent<'a>(table: &mut Table, figures: impl Iterator<Item = &'a BTreeMap<String, Figure>>, words: &Words<'_>) {
    if table.rows.is_empty() {
        return;
    }
    let column = Column { id: "n_messages".to_owned(), ..words.number("messages") };
    table.columns.insert(1.min(table.columns.len()), column);
    for (row, figures) in table.rows.iter_mut().zip(figures) {
        row.insert(1.min(row.len()), typed(count(n_sent(figures)), words.language));
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
    table.immature = days.iter().map(|day| !day.mature).collect();
    for (row, day) in table.rows.iter_mut().zip(days) {
        for cell in row.iter_mut() {
            cell.pale |= !day.mature;
        }
    }
}
