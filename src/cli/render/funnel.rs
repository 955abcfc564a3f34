//! Funnels, people and paths as text for a terminal, as JSON and as CSV. Counts nothing.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::csv_of;
use super::sheet::{Sheet, Shown};
use crate::error::Result;
use crate::event::Time;
use crate::funnel::paths::{Count, Paths};
use crate::funnel::people::Person;
use crate::funnel::{Answer, Unmeasurable};
use crate::rate::Rate;
use crate::report::{self, FunnelStep, Language, LeftOut, disarmed};

/// The funnel as a table for the terminal.
pub(in crate::cli) fn table(answer: &Answer) -> String {
    let numbers = ["reached", "went on", "lost", "open", "from start", "from previous", "median", "p90"];
    let mut sheet = Sheet::new(answer.by.iter().map(String::as_str).chain(["step"]).chain(numbers));
    for (cells, reached) in table_rows(answer) {
        sheet.add(cells, Some(reached));
    }
    let table = sheet.text();
    let window = Language::En.duration(answer.window_s);
    let name = report::text::printable(&answer.funnel);
    let mut text = format!("{name}: each {}, {}, within {window}\n{table}\n", answer.unit, answer.order);
    for one in &answer.unmeasurable {
        let _ = writeln!(text, "{}", left_out(one));
    }
    text
}

/// Names a channel whose contacts a funnel leaves out.
pub(in crate::cli) fn left_out(one: &Unmeasurable) -> String {
    let [channel, step] = [&one.channel, &one.step].map(|text| report::text::printable(text));
    format!("without {channel}, whose log cannot tell of '{step}'")
}

/// What was done on a part of the way, as tables for the terminal.
pub(in crate::cli) fn paths(found: &Paths, tells_going_on: bool) -> String {
    let language = Language::En;
    let share = |n: u64, of: u64| {
        let rate = Rate { numerator: n, denominator: of };
        rate.value().map_or_else(|| "–".to_owned(), |value| language.percent(value))
    };
    let sequences = found.sequences.iter().map(|(events, count)| (events.join(" → "), count));
    let nearest = found.nearest.iter().map(|(event, count)| (event.clone(), count));
    let mut text = format!("{} got there", language.count(found.units));
    if tells_going_on {
        let _ = write!(text, ", {} went on", language.count(found.went_on));
    }
    text.push('\n');
    for (heading, rows) in [("sequence", sequences.collect::<Vec<_>>()), ("nearest event", nearest.collect())] {
        let n_numbers = if tells_going_on { 3 } else { 2 };
        let mut sheet = Sheet::new([heading, "units", "share", "went on"].into_iter().take(1 + n_numbers));
        for (name, count) in rows {
            let numbers =
                [language.count(count.units), share(count.units, found.units), share(count.went_on, count.units)];
            let numbers = numbers.into_iter().take(n_numbers).map(Shown::Number);
            let name = Shown::Name(report::text::printable(&name));
            sheet.add(std::iter::once(name).chain(numbers).collect(), Some(as_f64(count.units)));
        }
        let table = sheet.text();
        let _ = writeln!(text, "{table}");
    }
    text
}

/// `{"funnel", "unit", "order", "window_s", "unmeasurable", "rows": [{"segment", "steps": [{"step", "reached", …}]}]}`.
pub(in crate::cli) fn json(answer: &Answer) -> Value {
    let rows: Vec<Value> = answer
        .rows
        .iter()
        .map(|row| {
            let segment: Map<String, Value> =
                answer.by.iter().cloned().zip(row.segment.iter().map(|value| json!(value))).collect();
            json!({ "segment": segment, "steps": row.steps.iter().map(FunnelStep::new).collect::<Vec<_>>() })
        })
        .collect();
    let unmeasurable: Vec<LeftOut> = answer.unmeasurable.iter().map(LeftOut::new).collect();
    json!({
        "funnel": answer.funnel,
        "unit": answer.unit,
        "order": answer.order,
        "window_s": answer.window_s,
        "unmeasurable": unmeasurable,
        "rows": rows,
    })
}

/// One line per segment and step.
pub(in crate::cli) fn csv(answer: &Answer) -> Result<String> {
    let numbers = [
        "step",
        "optional",
        "reached",
        "converted",
        "lost",
        "excluded",
        "open",
        "from_start_numerator",
        "from_start_denominator",
        "from_start",
        "from_start_low",
        "from_start_high",
        "from_previous_numerator",
        "from_previous_denominator",
        "from_previous",
        "from_previous_low",
        "from_previous_high",
        "time_median_s",
        "time_p90_s",
    ];
    let mut rows = Vec::new();
    for row in &answer.rows {
        for step in &row.steps {
            let segment = row.segment.iter().map(|value| disarmed(value.as_deref().unwrap_or_default()));
            let mut cells: Vec<String> = segment.collect();
            cells.extend([disarmed(&step.step), step.optional.to_string()]);
            cells.extend([step.reached, step.converted, step.lost, step.excluded, step.open].map(|n| n.to_string()));
            for rate in [step.from_start, step.from_previous] {
                let interval = rate.interval();
                let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
                cells.extend([rate.numerator.to_string(), rate.denominator.to_string(), number(rate.value())]);
                cells.extend([number(interval.map(|both| both.0)), number(interval.map(|both| both.1))]);
            }
            let time = |q| step.seconds.quantile(q).map(|seconds| seconds.to_string()).unwrap_or_default();
            cells.extend([time(0.5), time(0.9)]);
            rows.push(cells);
        }
    }
    csv_of(answer.by.iter().map(String::as_str).chain(numbers), rows)
}

/// The people who were lost at a step, as CSV.
pub(in crate::cli) fn people(people: &[Person]) -> Result<String> {
    let row = |person: &Person| {
        let [entered, lost] = [person.entered_at, person.lost_at].map(|at| Time(at).to_string());
        let account = person.account.as_deref().unwrap_or_default();
        let [channel, contact, account] = [&person.channel, &person.contact_id, account].map(disarmed);
        [channel, contact, account, entered, lost]
    };
    csv_of(["channel", "contact_id", "account", "entered_at", "lost_at"], people.iter().map(row))
}

/// `{"funnel", "units", "went_on", "sequences", "nearest", "links"}`.
pub(in crate::cli) fn paths_json(funnel: &str, found: &Paths) -> Value {
    let sequence = |(events, count): &(Vec<String>, Count)| json!({ "events": events, "units": count.units, "went_on": count.went_on });
    let nearest =
        |(event, count): &(String, Count)| json!({ "event": event, "units": count.units, "went_on": count.went_on });
    let link = |((place, from, to), units): &((usize, String, String), u64)| json!({ "place": place, "from": from, "to": to, "units": units });
    json!({
        "funnel": funnel,
        "units": found.units,
        "went_on": found.went_on,
        "sequences": found.sequences.iter().map(sequence).collect::<Vec<_>>(),
        "nearest": found.nearest.iter().map(nearest).collect::<Vec<_>>(),
        "links": found.links.iter().map(link).collect::<Vec<_>>(),
    })
}

/// The sequences of paths, as CSV.
pub(in crate::cli) fn paths_csv(found: &Paths) -> Result<String> {
    let row = |(events, count): &(Vec<String>, Count)| {
        [disarmed(&events.join(" > ")), count.units.to_string(), count.went_on.to_string()]
    };
    csv_of(["sequence", "units", "went_on"], found.sequences.iter().map(row))
}

/// The cells of every step, and how many reached it.
fn table_rows(answer: &Answer) -> Vec<(Vec<Shown>, f64)> {
    let language = Language::En;
    let rate = |rate: Rate| match (rate.value(), rate.interval()) {
        (Some(value), Some((low, high))) => {
            format!("{} ({} – {})", language.percent(value), language.percent(low), language.percent(high))
        }
        _ => "–".to_owned(),
    };
    let mut rows = Vec::new();
    for row in &answer.rows {
        for step in &row.steps {
            let segment = row.segment.iter();
            let segment = segment.map(|value| report::text::printable(value.as_deref().unwrap_or("(unknown)")));
            let name = if step.optional { format!("{} (optional)", step.step) } else { step.step.clone() };
            let mut cells: Vec<Shown> = segment.chain([report::text::printable(&name)]).map(Shown::Name).collect();
            cells.push(Shown::Main(language.count(step.reached)));
            cells.extend([step.converted, step.lost, step.open].map(|n| Shown::Number(language.count(n))));
            cells.extend([rate(step.from_start), rate(step.from_previous)].map(Shown::Number));
            let time = |q| step.seconds.quantile(q).map_or_else(|| "–".to_owned(), |s| language.duration(s));
            cells.extend([time(0.5), time(0.9)].map(Shown::Beside));
            rows.push((cells, as_f64(step.reached)));
        }
    }
    rows
}

/// Counts stay far below 2^53, where doubles stop being exact.
#[expect(clippy::cast_precision_loss)]
fn as_f64(count: u64) -> f64 {
    count as f64
}
