//! The chapters of the report, one function each: which table stands where and what is said about it.
//!
//! Knows nothing of markup and charts.

mod funnels;
mod measures;

use std::collections::BTreeMap;

use super::build::{CONVERSATION_RATES, MESSAGE_RATES, QUESTION_RATES};
use super::model::{Balance, Breakdown, Day, Figure, Report, Segment, Spread, Stage};
use super::page::{
    Cell, Column, Part, Section, Table, Words, count, label, n_sent, number, plain, segment_name, stage_name, typed,
};
use super::text::{self, Language};
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
    sections.extend(report.measures.iter().map(|measured| measures::section(measured, words)));
    sections.push(quality(report, words));
    sections
}

fn campaign_funnel(report: &Report, words: &Words<'_>) -> Section {
    let rows = report.campaign_funnel.iter().map(|step| {
        let figure = step.figure.as_ref();
        let metric = match step.stage {
            Stage::Sent => String::new(),
            _ => figure.map(|figure| words.title(&figure.metric)).unwrap_or_default(),
        };
        vec![
            plain(stage_name(step.stage).to_owned()),
            typed(count(step.n_messages), words.language),
            if step.stage == Stage::Sent { Cell::default() } else { words.cell(figure) },
            plain(metric),
        ]
    });
    let table = Table {
        columns: vec![label("Step"), number("Messages"), number("Share"), label("Rate")],
        rows: rows.collect(),
        ..Table::default()
    };
    let table = table.named("campaign_funnel", &["step", "n_messages", "share", "rate"]).shares(&["share"]);
    let bases: Vec<u64> =
        report.campaign_funnel.iter().skip(2).filter(|step| step.figure.is_some()).map(|step| step.n_base).collect();
    let mixed = bases.windows(2).any(|pair| pair.first() != pair.last());
    Section {
        id: "campaign-funnel",
        title: "Campaign funnel",
        lead: "How far messages got. Each solid bar is what reached the step, the pale bar behind it what could have; \
               the stroke is the 95 % interval."
            .to_owned(),
        parts: vec![part(
            table,
            if mixed {
                "The steps stand on different numbers of messages, because not every channel reports every step."
            } else {
                ""
            },
            "No messages were sent in this range.",
        )],
    }
}

fn questions(report: &Report, words: &Words<'_>) -> Section {
    let language = words.language;
    let within = measures::DropOff::of(report, words);
    let parts = report.flows.iter().map(|flow| {
        let columns =
            ["Visits", "Answered", "Skipped", "Silent", "Opted out", "Handed over", "Failed", "Open"].map(number);
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
        let head = [label("Question"), words.column("question_drop_off_rate")].into_iter();
        let head = head.chain(within.as_ref().map(|within| number(within.title)));
        let table = Table { columns: head.chain(columns).collect(), rows: rows.collect(), ..Table::default() };
        let ids = within.as_ref().map(|_| "drop_off_within_window");
        let ids: Vec<&str> = ["question", "question_drop_off_rate"].into_iter().chain(ids).chain(VISITS).collect();
        let heading = flow_heading(flow.flow.as_deref());
        let of = Column { id: "flow".to_owned(), ..label("Flow") };
        let table = of_one(table.named("questions", &ids), of, called(flow.flow.as_deref(), heading.clone()));
        Part { heading, ..part(table, "", "") }
    });
    let mut parts: Vec<Part> = parts.collect();
    if parts.is_empty() {
        parts.push(part(Table::default(), "", "No questions were asked in this range."));
    }
    Section {
        id: "questions",
        title: "Where contacts leave",
        lead:
            "How each visit to a question ended, in the flow's order. Drop-off counts visits that ended silent, opted \
               out, handed over or failed; visits that are still open (hatched) are not drop-off. Within the decision window \
             it is what the open visits will have come to if they go on as the others did: see Leaving."
                .to_owned(),
        parts,
    }
}

/// The columns of counts of visits.
const VISITS: [&str; 8] =
    ["n_visits", "n_answered", "n_skipped", "n_silent", "n_opted_out", "n_handed_over", "n_failed", "n_open"];

fn flow_heading(flow: Option<&str>) -> String {
    flow.map_or_else(|| "Questions outside any flow".to_owned(), |flow| text::name(Some(flow)))
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
            let heading = called(flow.flow.as_deref(), flow_heading(flow.flow.as_deref()));
            row(heading, name, question.answer_seconds.as_ref());
        }
    }
    if let Some(spread) = &report.first_response_seconds {
        row(plain("All conversations".to_owned()), plain("First response".to_owned()), Some(spread));
    }
    let column = |title| Column { anchor: words.anchor("answer_seconds"), ..number(title) };
    let columns = vec![
        label("Flow"),
        label("Question"),
        number("Answers"),
        column("Median"),
        column("90 % within"),
        column("99 % within"),
    ];
    Section {
        id: "answer-times",
        title: "Answer times",
        lead: "From the question to its answer. Half of all answers came within the median.".to_owned(),
        parts: vec![part(
            Table { columns, rows, ..Table::default() }
                .named("answer_times", &["flow", "question", "n", "median_s", "p90_s", "p99_s"]),
            "",
            "No question was answered in this range.",
        )],
    }
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
    let names = breakdown.rows.iter().map(|row| number(&segment_name(row)));
    let table = Table {
        columns: std::iter::once(label("Rate")).chain(names).collect(),
        rows: rows.collect(),
        ..Table::default()
    };
    Section {
        id: "channels",
        title: "Channels",
        lead: "“n/a” marks what a channel does not report: it is unknown, not zero. “≥” marks a lower bound: the channel reports some of it only; “≤” an upper one, of what is left over.".to_owned(),
        parts: vec![Part {
            upright: Some(upright).filter(|table| !table.rows.is_empty()),
            ..part(table.named("channels", &["rate"]), "", "No channel has messages in this range.")
        }],
    }
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
    with_sent(&mut table, report.campaigns.rows.iter().map(|row| &row.figures), words.language);
    let minimum = words.language.count(words.minimum);
    let small = match report.context.suppressed {
        None => format!("Pale shares, here and elsewhere, rest on fewer than {minimum} observations."),
        Some(_) => format!("Shares of fewer than {minimum} observations are left out, here and elsewhere."),
    };
    Section {
        id: "campaigns",
        title: "Campaigns",
        lead: format!("Where the intervals of two campaigns overlap, their difference may be chance. {small}"),
        parts: vec![part(table.named("campaigns", &[]), "", "No message of this range belongs to a campaign.")],
    }
}

fn trend(report: &Report, words: &Words<'_>) -> Section {
    let mut table = day_table(&report.days, &["delivery_rate", "open_rate", "click_rate", "reply_rate"], words);
    with_sent(&mut table, report.days.iter().map(|day| &day.figures), words.language);
    pale_immature(&mut table, &report.days);
    let n_immature = report.days.iter().filter(|day| !day.mature).count();
    let note = match n_immature {
        0 => String::new(),
        _ => format!(
            "Pale days may still change: their reply window of {} was not over at the last event.",
            words.language.duration(report.context.reply_window_s)
        ),
    };
    let zone = report.context.zone.iana_name().unwrap_or("UTC");
    Section {
        id: "trend",
        title: "Trend",
        lead: format!("By day of sending in {zone}. Bands are 95 % intervals."),
        parts: vec![part(table.named("trend", &[]), &note, "No day of this range has messages.")],
    }
}

fn opt_outs(report: &Report, words: &Words<'_>) -> Section {
    let metrics = ["unsubscribe_rate", "soft_unsubscribe_rate", "hard_unsubscribe_rate"];
    let has_any =
        |figures: &BTreeMap<String, Figure>| figures.get("unsubscribe_rate").is_some_and(|figure| figure.numerator > 0);
    let by_campaign = words.table(&report.campaigns, &metrics).named("opt_outs_by_campaign", &[]);
    let mut by_day = day_table(&report.days, &metrics, words).named("opt_outs_by_day", &[]);
    pale_immature(&mut by_day, &report.days);
    let empty = "No opt-out is attributed to a message of this range.";
    let mut parts = Vec::new();
    if report.campaigns.rows.iter().any(|row| has_any(&row.figures)) {
        parts.push(Part { heading: "By campaign".to_owned(), ..part(by_campaign, "", empty) });
    }
    if report.days.iter().any(|day| has_any(&day.figures)) {
        parts.push(Part { heading: "By day of the message".to_owned(), ..part(by_day, "", empty) });
    }
    if parts.is_empty() {
        parts.push(part(Table::default(), "", empty));
    }
    Section {
        id: "opt-outs",
        title: "Opt-outs",
        lead: "Soft: the contact wrote or tapped that no more messages are wanted. Hard: the platform says that the \
               contact blocked the business. Each is counted for the last message before it."
            .to_owned(),
        parts,
    }
}

fn own_breakdown(breakdown: &Breakdown, words: &Words<'_>) -> Section {
    let metrics: Vec<&str> = MESSAGE_RATES.iter().chain(QUESTION_RATES).copied().collect();
    Section {
        id: "breakdown",
        title: "Your breakdown",
        lead: format!("By {}.", breakdown.by.join(", ")),
        parts: vec![part(
            words.table(breakdown, &metrics).named("breakdown", &[]),
            "",
            "This range has no rows for it.",
        )],
    }
}

fn quality(report: &Report, words: &Words<'_>) -> Section {
    let language = words.language;
    let mut parts = Vec::new();
    if let Some(balance) = &report.context.balance {
        let Balance { received, accepted, ignored, rejected, events_stored, reasons } = balance;
        let rows = [
            ("Records received", received),
            ("… accepted", accepted),
            ("… ignored", ignored),
            ("… rejected", rejected),
            ("Events stored", events_stored),
        ];
        let rows = rows.map(|(name, count)| vec![plain(name.to_owned()), typed(Value::Count(*count), language)]);
        let table = Table { columns: vec![label("Balance"), number("Count")], rows: rows.into(), ..Table::default() };
        let table = table.named("balance", &["what", "n"]);
        let note = if balance.is_even() {
            "The sum comes out: nothing got lost on the way. A record that was delivered or read several times counts once."
        } else {
            "The sum does not come out. Please treat all numbers with care."
        };
        parts.push(Part { heading: "Balance of records and events".to_owned(), ..part(table, note, "") });
        let rows = reasons.iter().map(|(reason, count)| {
            vec![typed(Value::name(Some(reason)), language), typed(Value::Count(*count), language)]
        });
        let columns = vec![label("Reason"), number("Records")];
        let table = Table { columns, rows: rows.collect(), ..Table::default() };
        let table = table.named("reasons", &["reason", "n_records"]);
        parts.push(Part {
            heading: "Why records were ignored or rejected".to_owned(),
            ..part(table, "", "No record was ignored or rejected.")
        });
    }
    let rows = report.unmeasurable.iter().map(|channel| {
        let metrics: Vec<String> = channel.metrics.iter().map(|metric| words.title(metric)).collect();
        vec![typed(Value::Name(channel.channel.clone()), language), plain(metrics.join(", "))]
    });
    let columns = vec![label("Channel"), label("Cannot be measured")];
    let table = Table { columns, rows: rows.collect(), ..Table::default() };
    let table = table.named("unmeasurable", &["channel", "metrics"]);
    parts.push(Part {
        heading: "What the channels cannot report".to_owned(),
        upright: Some(unmeasurable(report, words)).filter(|table| !table.rows.is_empty()),
        ..part(table, "", "Every channel of this range reports all that is counted here.")
    });
    Section {
        id: "quality",
        title: "Data quality",
        lead: "Where every record went, and what the numbers cannot know.".to_owned(),
        parts,
    }
}

/// A row for each metric that a channel cannot report.
fn unmeasurable(report: &Report, words: &Words<'_>) -> Table {
    let row = |channel: &Option<String>, metric: &String| {
        let metric = Cell { value: Value::Metric(metric.clone()), ..plain(words.title(metric)) };
        vec![typed(Value::Name(channel.clone()), words.language), metric]
    };
    let rows = report.unmeasurable.iter().flat_map(|one| one.metrics.iter().map(|metric| row(&one.channel, metric)));
    let columns = vec![label("Channel"), label("Rate")];
    Table { columns, rows: rows.collect(), ..Table::default() }.named("unmeasurable", &["channel", "metric"])
}

/// A table with a note, or a sentence if the table has no rows.
fn part(table: Table, note: &str, empty: &str) -> Part {
    if table.rows.is_empty() {
        Part { note: empty.to_owned(), ..Part::default() }
    } else {
        Part { table: Some(table), note: note.to_owned(), ..Part::default() }
    }
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
fn with_sent<'a>(table: &mut Table, figures: impl Iterator<Item = &'a BTreeMap<String, Figure>>, language: Language) {
    if table.rows.is_empty() {
        return;
    }
    let column = Column { id: "n_messages".to_owned(), ..number("Messages") };
    table.columns.insert(1.min(table.columns.len()), column);
    for (row, figures) in table.rows.iter_mut().zip(figures) {
        row.insert(1.min(row.len()), typed(count(n_sent(figures)), language));
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
