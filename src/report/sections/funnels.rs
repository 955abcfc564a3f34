//! The chapter on funnels: what each tells, its steps as a table, and which channels it leaves out.
//!
//! Funnels that nobody entered have no part in it.

use super::{called, empty, of_one, table_part};
use crate::measures::Value;
use crate::rate::{Bound, Rate};
use crate::report::model::{Funnel, FunnelStep, Report, Share};
use crate::report::page::{Cell, Part, Section, Table, Words, step_name, typed};
use crate::report::text::{Language, printable};

/// The chapter; its parts are the funnels that were entered, in their order.
pub(super) fn section(report: &Report, words: &Words<'_>) -> Section {
    let entered = report.funnels.iter().filter(|funnel| funnel.is_entered());
    let mut parts: Vec<Part> = entered.map(|funnel| of_funnel(funnel, words)).collect();
    if parts.is_empty() {
        let sentence = match report.context.suppressed {
            None => "section-funnels.empty",
            Some(_) => "section-funnels.few",
        };
        parts.push(empty(words.language.say(sentence)));
    }
    super::section("funnels", parts, words.language)
}

const COLUMNS: [&str; 11] = [
    "step",
    "n_reached",
    "n_converted",
    "n_lost",
    "n_excluded",
    "n_open",
    "from_start",
    "from_previous",
    "median_s",
    "p90_s",
    "median_from_start_s",
];

fn of_funnel(funnel: &Funnel, words: &Words<'_>) -> Part {
    let language = words.language;
    let columns = ["reached", "went_on", "lost", "excluded", "open", "of_all", "of_previous"].into_iter();
    let columns = columns.chain(["median", "p90", "median_from_start"]).map(|name| words.number(name));
    let table = Table {
        columns: std::iter::once(words.label("step")).chain(columns).collect(),
        rows: funnel.steps.iter().enumerate().map(|(place, step)| row(funnel, place, step, language)).collect(),
        ..Table::default()
    };
    let table = table.named("funnels", &COLUMNS).shares(&["from_start", "from_previous"]);
    let of = called(Some(&funnel.funnel), funnel.title(language));
    let table = of_one(table, words.label("funnel"), of);
    let unit = language.say(match funnel.unit {
        "contact" => "funnel-each-contact",
        "conversation" => "funnel-each-conversation",
        _ => "funnel-each-attempt",
    });
    let window = language.duration(funnel.window_s);
    let rules = [("unit", unit.into()), ("order", order(&funnel.order, language).into()), ("window", window.into())];
    let rules = language.say_with("section-funnels.rules", &rules);
    Part {
        heading: funnel.title(language),
        lead: format!("{} {rules}", funnel.meaning(language)).trim_start().to_owned(),
        note: left_out(funnel, language),
        ..table_part(table)
    }
}

/// How steps had to follow each other; the dialects of other tools keep their names.
fn order(name: &str, language: Language) -> String {
    match name {
        "ordered" => language.say("funnel-order-ordered"),
        "adjacent" => language.say("funnel-order-adjacent"),
        "any" => language.say("funnel-order-any"),
        other => printable(other),
    }
}

fn row(funnel: &Funnel, place: usize, step: &FunnelStep, language: Language) -> Vec<Cell> {
    let counts = [step.reached, step.converted, step.lost, step.excluded, step.open];
    let times = [step.time_s.median, step.time_s.p90, step.time_from_start_s.median];
    let mut row = vec![called(Some(&step.step), step_name(funnel, step, language))];
    row.extend(counts.map(|count| typed(Value::Count(count), language)));
    let shares = [&step.from_start, &step.from_previous];
    // All that entered got to the first step: no share of anything.
    row.extend(shares.map(|share| if place == 0 { Cell::default() } else { cell(share, language) }));
    row.extend(times.map(|seconds| typed(seconds.map_or(Value::Unknown, Value::Seconds), language)));
    row
}

fn cell(share: &Share, language: Language) -> Cell {
    let [text, interval, fraction] = language.share(share);
    let rate = Rate { numerator: share.numerator, denominator: share.denominator };
    Cell { value: Value::Rate { rate, bound: Bound::Exact }, text, interval, fraction, pale: false }
}

/// Which channels are left out and why; empty if none is.
fn left_out(funnel: &Funnel, language: Language) -> String {
    if funnel.unmeasurable.is_empty() {
        return String::new();
    }
    let one = |channel: &str, step: &str| {
        let known = funnel.steps.iter().find(|known| known.step == step);
        let step = known.map_or_else(|| printable(step), |known| funnel.step_title(known, language));
        let named = [("channel", language.name(Some(channel)).into()), ("step", step.into())];
        language.say_with("section-funnels.channel", &named)
    };
    let all: Vec<String> = funnel.unmeasurable.iter().map(|left| one(&left.channel, &left.step)).collect();
    language.say_with("section-funnels.left-out", &[("channels", all.join(", ").into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn funnels_that_nobody_entered_have_no_part() {
        let report = fixture::small();
        let section = section(&report, &Words::new(&report));
        assert_eq!(report.funnels.len(), 2);
        let headings: Vec<&str> = section.parts.iter().map(|part| part.heading.as_str()).collect();
        assert_eq!(headings, ["Lead qualification"]);
    }

    #[test]
    fn a_part_says_what_is_counted_and_whom_it_leaves_out() {
        let report = fixture::small();
        let mut words = Words::new(&report);
        let english = of_funnel(&report.funnels[0], &words);
        assert!(english.lead.ends_with("Each conversation once, ordered, within 3\u{202f}d."), "{}", english.lead);
        assert_eq!(english.note, "Left out, because their logs cannot tell of a step: telegram (“voucher”).");
        words.language = Language::De;
        let funnel = of_funnel(&report.funnels[0], &words);
        assert!(funnel.lead.ends_with("Jedes Gespräch einmal, der Reihe nach, binnen 3\u{202f}d."), "{}", funnel.lead);
        let table = funnel.table.unwrap();
        let row: Vec<&str> = table.rows[1].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(row[..6], ["voucher (freiwillig)", "100", "50", "40", "5", "10"]);
        assert_eq!(row[6], "27,8\u{202f}%");
        assert_eq!(table.rows[0][6], Cell::default(), "the first step is no share of anything");
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}
