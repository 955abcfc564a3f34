//! Model in, charts out: picks what a picture shows, puts numbers into words and hands both to `charts`.
//!
//! Draws nothing itself.

mod answer_times;
mod cohorts;
mod comparison;
mod curves;
mod funnels;
mod leaving;
mod own;
mod paths;
mod times;
mod told;
mod transitions;

use std::collections::BTreeMap;

use jiff::civil::Date;

use self::told::Told;
use super::model::{Breakdown, Day, Figure, Flow, Question, Report, Stage};
use super::page::{Words, n_sent, segment_name, stage_name};
use super::text::{self, Language};
use crate::charts::{self, Alternative, Estimate, Outcome, ROWS_PER_CHART};
use crate::error::Result;

/// Rates of a segment, by the id of their metric.
type Figures = BTreeMap<String, Figure>;

/// Rows of a breakdown that are drawn; the table has all.
pub(super) const MOST_ROWS: usize = 40;

/// The charts of a section's part, in their order; none if there is nothing to show.
pub(super) fn charts(report: &Report, section: &str, index: usize, part: &str) -> Result<Vec<String>> {
    let words = Words::new(report);
    match (section, part) {
        ("campaign-funnel", _) => campaign_funnel(report, &words),
        ("questions", _) => report.flows.get(index).map_or(Ok(Vec::new()), |flow| questions(flow, index, &words)),
        ("comparison", table) => comparison::charts(report, table, &words),
        ("paths", "transitions") => transitions::charts(report, &words),
        ("paths", "reached") => paths::charts(report, words.language),
        ("funnels", _) => funnels::charts(report, index, words.language),
        ("campaigns", _) => {
            let sent = |figures: &Figures| sent(figures, words.language);
            rates(&report.campaigns, &["open_rate", "click_rate", "reply_rate"], section, &sent, &words)
        }
        ("own", _) => own::charts(report, index, &words),
        ("trend", _) => trend(report, &words),
        ("send_time", _) => times::charts(report, index, &words),
        ("opt-outs", "by-campaign") => opt_outs_by_campaign(&report.campaigns, &words),
        ("opt-outs", "by-day") => opt_outs_by_day(&report.days, &words),
        ("retention", _) => cohorts::charts(report, index, &words),
        ("answer-times", _) => answer_times::charts(report, &words),
        ("leaving", "curves") => curves::charts(report, &words),
        ("leaving", _) => leaving::charts(report, index, &words),
        _ => Ok(Vec::new()),
    }
}

fn campaign_funnel(report: &Report, words: &Words<'_>) -> Result<Vec<String>> {
    if report.campaign_funnel.is_empty() {
        return Ok(Vec::new());
    }
    let language = words.language;
    let steps: Vec<charts::Step> = report
        .campaign_funnel
        .iter()
        .map(|step| charts::Step {
            name: stage_name(step.stage, language),
            reached: step.n_messages.map(|n| (as_f64(n), as_f64(step.n_base))),
            open: 0.0,
            share: step.figure.as_ref().and_then(estimate),
            value: if step.stage == Stage::Sent {
                language.count_or_unmeasurable(step.n_messages)
            } else {
                language.value(step.figure.as_ref())
            },
            detail: if step.stage == Stage::Sent {
                language.say("chart-messages")
            } else {
                language.fraction(step.figure.as_ref())
            },
            told: told::stage(&report.campaign_funnel, step, language),
        })
        .collect();
    let told: Vec<String> = steps.iter().map(|step| format!("{}: {} {}", step.name, step.value, step.detail)).collect();
    let alternative = alternative("chart-campaign-funnel", language.say("section-campaign-funnel"), &told);
    Ok(vec![charts::funnel(&alternative, None, &steps)?])
}

fn outcomes(question: &Question) -> [(Outcome, &'static str, u64); 7] {
    [
        (Outcome::Answered, "outcome-answered", question.n_answered),
        (Outcome::Skipped, "outcome-skipped", question.n_skipped),
        (Outcome::Silent, "outcome-silent", question.n_silent),
        (Outcome::OptedOut, "outcome-opted-out", question.n_opted_out),
        (Outcome::HandedOver, "outcome-handed-over", question.n_handed_over),
        (Outcome::Failed, "outcome-failed", question.n_failed),
        (Outcome::Open, "outcome-open", question.n_open),
    ]
}

fn questions(flow: &Flow, index: usize, words: &Words<'_>) -> Result<Vec<String>> {
    let language = words.language;
    let largest = flow.questions.iter().map(|question| question.n_visits).max().unwrap_or_default();
    if largest == 0 {
        return Ok(Vec::new());
    }
    let outside = || language.say("chart-questions.outside");
    let name = flow.flow.as_deref().map_or_else(outside, |flow| short(&language.name(Some(flow))));
    let seen =
        |outcome| flow.questions.iter().flat_map(outcomes).any(|(other, _, count)| other == outcome && count > 0);
    let legend: Vec<(Outcome, String)> = flow.questions.first().map_or_else(Vec::new, |question| {
        let all = outcomes(question).into_iter().filter(|(outcome, ..)| seen(*outcome));
        all.map(|(outcome, key, _)| (outcome, language.say(key))).collect()
    });
    let bars: Vec<charts::Question> = flow
        .questions
        .iter()
        .enumerate()
        .map(|(place, question)| charts::Question {
            told: told::question(&flow.questions, place, language),
            name: short(&language.name(question.question.as_deref())),
            parts: outcomes(question).map(|(outcome, _, count)| (outcome, as_f64(count), language.count(count))).into(),
            value: language
                .say_with("chart-questions.left", &[("share", language.value(question.drop_off.as_ref()).into())]),
            detail: match language.fraction(question.drop_off.as_ref()) {
                fraction if question.n_open == 0 => fraction,
                fraction => {
                    let open = [("fraction", fraction.into()), ("open", question.n_open.into())];
                    language.say_with("chart-questions.open", &open)
                }
            },
        })
        .collect();
    bars.chunks(ROWS_PER_CHART)
        .enumerate()
        .map(|(chunk, bars)| {
            let told: Vec<String> =
                bars.iter().map(|bar| format!("{}: {}, {}", bar.name, bar.value, bar.detail)).collect();
            let id = format!("chart-questions-{index}-{chunk}");
            let title = language.say_with("chart-questions", &[("flow", name.clone().into())]);
            let alternative = alternative(&id, title, &told);
            charts::questions(&alternative, &legend, bars, as_f64(largest))
        })
        .collect()
}

/// How many messages a row of rates is about.
fn sent(figures: &Figures, language: Language) -> String {
    n_sent(figures).map_or_else(
        || language.say("chart-unknown-messages"),
        |n| language.say_with("chart-n-messages", &[("n", n.into())]),
    )
}

/// Rates side by side for each row of a breakdown; `base` says what a row rests on.
fn rates(
    breakdown: &Breakdown,
    metrics: &[&str],
    id: &str,
    base: &dyn Fn(&Figures) -> String,
    words: &Words<'_>,
) -> Result<Vec<String>> {
    let language = words.language;
    let metrics: Vec<&str> = metrics
        .iter()
        .copied()
        .filter(|&metric| {
            breakdown.rows.iter().any(|row| row.figures.get(metric).is_some_and(|figure| figure.value.is_some()))
        })
        .collect();
    if metrics.is_empty() {
        return Ok(Vec::new());
    }
    let panels: Vec<charts::Panel> = metrics
        .iter()
        .map(|&metric| {
            let end = axis_end(breakdown.rows.iter().filter_map(|row| row.figures.get(metric)));
            charts::Panel { name: words.title(metric), end, end_label: language.tick(end) }
        })
        .collect();
    let rows: Vec<charts::Row> = breakdown
        .rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| charts::Row {
            name: short(&segment_name(row, language)),
            detail: base(&row.figures),
            cells: metrics
                .iter()
                .map(|&metric| {
                    let figure = row.figures.get(metric);
                    let detail = [language.interval(figure), language.fraction(figure)].join("\n");
                    charts::Cell { estimate: figure.and_then(estimate), label: language.value(figure), detail }
                })
                .collect(),
        })
        .collect();
    let title = panels.iter().map(|panel| panel.name.as_str()).collect::<Vec<_>>().join(", ");
    let columns: Vec<String> = breakdown.by.iter().map(|column| language.column(column)).collect();
    let title = language.say_with("chart-rates", &[("rates", title.into()), ("columns", columns.join(", ").into())]);
    rows.chunks(ROWS_PER_CHART)
        .enumerate()
        .map(|(chunk, rows)| {
            let told: Vec<String> = rows
                .iter()
                .map(|row| {
                    let values: Vec<&str> = row.cells.iter().map(|cell| cell.label.as_str()).collect();
                    format!("{}: {}", row.name, values.join(", "))
                })
                .collect();
            let alternative = alternative(&format!("chart-{id}-{chunk}"), title.clone(), &told);
            charts::rates(&alternative, &panels, rows)
        })
        .collect()
}

fn trend(report: &Report, words: &Words<'_>) -> Result<Vec<String>> {
    let language = words.language;
    let days = dated(&report.days);
    let counts: Vec<u64> = days.iter().map(|(_, day)| n_sent(&day.figures).unwrap_or_default()).collect();
    let largest = counts.iter().copied().max().unwrap_or_default();
    if largest == 0 {
        return Ok(Vec::new());
    }
    let points: Vec<charts::Point> = days
        .iter()
        .zip(&counts)
        .map(|((offset, day), &count)| charts::Point {
            label: language.short_day(day.day.as_deref().unwrap_or_default()),
            offset: *offset,
            count: as_f64(count),
            mature: day.mature,
            told: told::day(day, count, words),
        })
        .collect();
    let mut told = vec![language.say_with("chart-trend.most", &[("n", largest.into())])];
    let mut series = Vec::new();
    for metric in ["open_rate", "click_rate", "reply_rate"] {
        let figures: Vec<Option<&Figure>> = days.iter().map(|(_, day)| day.figures.get(metric)).collect();
        let estimates: Vec<Option<Estimate>> = figures.iter().map(|figure| figure.and_then(estimate)).collect();
        if estimates.iter().all(Option::is_none) {
            continue;
        }
        let end = axis_end(figures.iter().flatten().copied());
        let last = days
            .iter()
            .zip(&figures)
            .rev()
            .find(|((_, day), figure)| day.mature && figure.is_some_and(|figure| figure.value.is_some()));
        let last_label = last.map_or_else(String::new, |((_, day), figure)| {
            let day = language.short_day(day.day.as_deref().unwrap_or_default());
            language.say_with("chart-trend.last", &[("value", language.value(*figure).into()), ("day", day.into())])
        });
        told.push(format!("{}: {last_label}", words.title(metric)));
        series.push(charts::Series {
            name: words.title(metric),
            end,
            end_label: language.tick(end),
            last_label,
            estimates,
        });
    }
    let alternative = alternative("chart-trend", language.say("chart-trend"), &told);
    let trend =
        charts::Trend { title: language.say("chart-trend.sent"), largest: language.count(largest), points, series };
    Ok(vec![charts::trend(&alternative, &trend)?])
}

fn opt_outs_by_campaign(breakdown: &Breakdown, words: &Words<'_>) -> Result<Vec<String>> {
    let language = words.language;
    let bars: Vec<charts::Bar> = breakdown
        .rows
        .iter()
        .filter(|row| soft_and_hard(&row.figures) != (0, 0))
        .take(MOST_ROWS)
        .map(|row| {
            let (soft, hard) = soft_and_hard(&row.figures);
            charts::Bar {
                name: short(&segment_name(row, language)),
                soft: as_f64(soft),
                hard: as_f64(hard),
                value: language.count(soft + hard),
                detail: language.say_with(
                    "chart-opt-outs.detail",
                    &[
                        ("soft", soft.into()),
                        ("hard", hard.into()),
                        ("share", language.value(row.figures.get("unsubscribe_rate")).into()),
                    ],
                ),
            }
        })
        .collect();
    let legend = LEGEND.map(|key| language.say(key));
    let largest = bars.iter().map(|bar| bar.soft + bar.hard).fold(0.0, f64::max);
    bars.chunks(ROWS_PER_CHART)
        .enumerate()
        .map(|(chunk, bars)| {
            let told: Vec<String> = bars.iter().map(|bar| format!("{}: {}", bar.name, bar.detail)).collect();
            let id = format!("chart-opt-outs-campaign-{chunk}");
            let alternative = alternative(&id, language.say("chart-opt-outs"), &told);
            charts::opt_outs_by_segment(&alternative, legend.each_ref().map(String::as_str), bars, largest)
        })
        .collect()
}

fn opt_outs_by_day(days: &[Day], words: &Words<'_>) -> Result<Vec<String>> {
    let columns: Vec<charts::Column> = dated(days)
        .into_iter()
        .map(|(offset, day)| {
            let (soft, hard) = soft_and_hard(&day.figures);
            charts::Column {
                label: words.language.short_day(day.day.as_deref().unwrap_or_default()),
                offset,
                soft: as_f64(soft),
                hard: as_f64(hard),
                value: words.language.count(soft + hard),
            }
        })
        .collect();
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let told: Vec<String> = columns.iter().map(|column| format!("{}: {}", column.label, column.value)).collect();
    let title = words.language.say("chart-opt-outs.by-day");
    let alternative = alternative("chart-opt-outs-day", title, &told);
    let legend = LEGEND.map(|key| words.language.say(key));
    Ok(vec![charts::opt_outs_by_day(&alternative, legend.each_ref().map(String::as_str), &columns)?])
}

const LEGEND: [&str; 2] = ["chart-opt-outs.soft", "chart-opt-outs.hard"];

fn soft_and_hard(figures: &BTreeMap<String, Figure>) -> (u64, u64) {
    let count = |metric: &str| figures.get(metric).map_or(0, |figure| figure.numerator);
    (count("soft_unsubscribe_rate"), count("hard_unsubscribe_rate"))
}

/// Days with their distance from the first. Days that are unknown have no place on an axis.
fn dated(days: &[Day]) -> Vec<(i32, &Day)> {
    dated_by(days, &|day| n_sent(&day.figures).unwrap_or_default())
}

/// The same, where it is told otherwise how much happened on a day.
fn dated_by<'d>(days: &'d [Day], count: &dyn Fn(&Day) -> u64) -> Vec<(i32, &'d Day)> {
    let dates = |day: &Day| day.day.as_deref().and_then(|day| day.parse::<Date>().ok());
    let Some(first) = days.iter().filter_map(dates).min() else { return Vec::new() };
    let offset = |date: Date| first.until(date).ok().map(|span| span.get_days());
    let mut dated: Vec<(i32, &Day)> = days.iter().filter_map(|day| Some((dates(day).and_then(offset)?, day))).collect();
    dated.sort_by_key(|(offset, _)| *offset);
    within_range(&mut dated, count);
    dated
}

/// Takes away stray days at both ends: a day on which hardly anything happened, far from its neighbour, would press all others
/// flat. The table beside the chart keeps them.
fn within_range(dated: &mut Vec<(i32, &Day)>, count: &dyn Fn(&Day) -> u64) {
    const FAR: i32 = 14;
    let most = dated.iter().map(|(_, day)| count(day)).sum::<u64>() / 1_000;
    let is_stray = |end: &(i32, &Day), next: &(i32, &Day)| count(end.1) <= most && (next.0 - end.0).abs() > FAR;
    while let [first, second, ..] = dated.as_slice()
        && is_stray(first, second)
    {
        dated.remove(0);
    }
    while let [.., second, last] = dated.as_slice()
        && is_stray(last, second)
    {
        dated.pop();
    }
    let start = dated.first().map_or(0, |(offset, _)| *offset);
    for (offset, _) in dated.iter_mut() {
        *offset -= start;
    }
}

fn estimate(figure: &Figure) -> Option<Estimate> {
    figure.value.map(|value| Estimate { value, interval: figure.low.zip(figure.high) })
}

/// The end of an axis from zero: the next handsome share above the largest value and the intervals of segments that are
/// not tiny; those of the tiny would press everything else flat and are cut at the edge.
fn axis_end<'a>(figures: impl Iterator<Item = &'a Figure>) -> f64 {
    const TINY: u64 = 50;
    let ends = figures.map(|figure| {
        let high = figure.high.filter(|_| figure.denominator >= TINY).unwrap_or_default();
        high.max(figure.value.unwrap_or_default())
    });
    end_above(ends.fold(0.0, f64::max))
}

/// The same for estimates of which it is not known on how many observations they rest.
fn axis_of(estimates: impl Iterator<Item = Estimate>) -> f64 {
    end_above(estimates.map(|estimate| estimate.value).fold(0.0, f64::max))
}

fn end_above(largest: f64) -> f64 {
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8].into_iter().find(|end| largest <= *end).unwrap_or_else(|| {
        // Ratios, such as clicks per message, may go beyond one.
        largest.max(1.0).ceil()
    })
}

fn alternative(id: &str, title: String, told: &[String]) -> Alternative {
    Alternative { id: id.to_owned(), title, description: told.join("; ") }
}

/// A name as charts and their descriptions have it; the table has the whole.
fn short(name: &str) -> String {
    text::cut(name, text::LONGEST_NAME)
}

/// Counts stay far below 2^53, where doubles stop being exact.
#[expect(clippy::cast_precision_loss)]
fn as_f64(count: u64) -> f64 {
    count as f64
}
