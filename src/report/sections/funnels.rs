//! The chapter on funnels: what each tells, its steps as a table, and which channels it leaves out.
//!
//! Funnels that nobody entered have no part in it.

use super::{of_one, part};
use crate::measures::Value;
use crate::rate::{Bound, Rate};
use crate::report::model::{Funnel, FunnelStep, Report, Share};
use crate::report::page::{
    Cell, Column, Part, Section, Table, Words, capitalised, label, number, plain, step_name, typed,
};
use crate::report::text::{self, Language, printable};

/// The chapter; its parts are the funnels that were entered, in their order.
pub(super) fn section(report: &Report, words: &Words<'_>) -> Section {
    let entered = report.funnels.iter().filter(|funnel| funnel.is_entered());
    let mut parts: Vec<Part> = entered.map(|funnel| of_funnel(funnel, words.language)).collect();
    if parts.is_empty() {
        let empty = match report.context.suppressed {
            None => "Nobody entered any of the funnels in this range.",
            Some(_) => "Nobody, or too few to be shown, entered any of the funnels in this range.",
        };
        parts.push(part(Table::default(), "", empty));
    }
    Section {
        id: "funnels",
        title: "Funnels",
        lead:
            "How far contacts got, step by step. The solid bar is what reached the step, the pale one what was lost on \
               the way from the step before, the hatched one what may still come. The share in bold is of all that \
               entered, the stroke is the 95 % interval of the share of the step before; neither counts what is still \
               open."
                .to_owned(),
        parts,
    }
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

fn of_funnel(funnel: &Funnel, language: Language) -> Part {
    let columns = ["Reached", "Went on", "Lost", "Excluded", "Open", "Of all", "Of the step before"].map(number);
    let times = ["Median", "90 % within", "Median from the start"].map(number);
    let table = Table {
        columns: [label("Step")].into_iter().chain(columns).chain(times).collect(),
        rows: funnel.steps.iter().enumerate().map(|(place, step)| row(place, step, language)).collect(),
        ..Table::default()
    };
    let table = table.named("funnels", &COLUMNS).shares(&["from_start", "from_previous"]);
    let of = Column { id: "funnel".to_owned(), ..label("Funnel") };
    let table = of_one(table, of, typed(Value::name(Some(&funnel.funnel)), language));
    let rules =
        format!("{}, {}, within {}.", unit(funnel.unit), printable(&funnel.order), language.duration(funnel.window_s));
    Part {
        heading: capitalised(&printable(&funnel.funnel)),
        lead: format!("{} {rules}", printable(&funnel.meaning)).trim_start().to_owned(),
        ..part(table, &left_out(funnel), "")
    }
}

fn row(place: usize, step: &FunnelStep, language: Language) -> Vec<Cell> {
    let counts = [step.reached, step.converted, step.lost, step.excluded, step.open];
    let times = [step.time_s.median, step.time_s.p90, step.time_from_start_s.median];
    let mut row = vec![plain(step_name(step))];
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

/// What is counted, in words.
fn unit(unit: &str) -> String {
    match unit {
        "attempt" => "Every attempt".to_owned(),
        unit => format!("Each {unit} once"),
    }
}

/// Which channels are left out and why; empty if none is.
fn left_out(funnel: &Funnel) -> String {
    if funnel.unmeasurable.is_empty() {
        return String::new();
    }
    let one = |channel: &str, step: &str| format!("{} (“{}”)", text::name(Some(channel)), printable(step));
    let all: Vec<String> = funnel.unmeasurable.iter().map(|left| one(&left.channel, &left.step)).collect();
    format!("Left out, because their logs cannot tell of a step: {}.", all.join(", "))
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
        let funnel = of_funnel(&report.funnels[0], Language::De);
        assert!(funnel.lead.ends_with("Each conversation once, ordered, within 3\u{202f}T."), "{}", funnel.lead);
        assert_eq!(funnel.note, "Left out, because their logs cannot tell of a step: telegram (“voucher”).");
        let table = funnel.table.unwrap();
        let row: Vec<&str> = table.rows[1].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(row[..6], ["voucher (optional)", "100", "50", "40", "5", "10"]);
        assert_eq!(row[6], "27,8\u{202f}%");
        assert_eq!(table.rows[0][6], Cell::default(), "the first step is no share of anything");
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}
