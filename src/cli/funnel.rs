//! `trichter funnel`: how far contacts get through steps, who was lost, and what they did instead.

use serde_json::{Map, Value, json};

use super::{Done, Reading, print, print_json, render, say};
use crate::config::Window;
use crate::error::{Error, Result};
use crate::event::Time;
use crate::funnel::{self, Answer, Attribution, Funnel, Order, Step, Unit, catalog, paths, people};
use crate::rate::{Distribution, Rate};
use crate::report::{self, Language};

/// Count a funnel: how many got to each step, went on, were lost or are still open, and how long it took.
///
/// FUNNEL is a name that 'trichter explain' lists, or a TOML file of your own; or name the steps with --step for a quick look.
///
/// Example: trichter funnel campaign --store /tmp/store --by campaign
///
/// Example: trichter funnel --store /tmp/store --step kind=message_sent --step 'kind=button_clicked|message_received' --window 24h
#[derive(clap::Args)]
pub(super) struct FunnelCommand {
    /// Name of a funnel, or a file ending in .toml.
    #[arg(value_name = "FUNNEL|FILE.toml", required_unless_present = "step", conflicts_with = "step")]
    funnel: Option<String>,
    #[command(flatten)]
    reading: Reading,
    /// A step of a quick look: [NAME:] COLUMN=VALUE, …; VALUE|VALUE are alternatives, VALUE* is a prefix, COLUMN!=VALUE is not so.
    #[arg(long, value_name = "CONDITIONS")]
    step: Vec<String>,
    /// Quick look: the time that the whole way may take.
    #[arg(long, value_name = "TIME", default_value = "7d", conflicts_with = "funnel", value_parser = Window::parse)]
    window: Window,
    /// Quick look: how steps must follow each other.
    #[arg(long, value_name = "ORDER", default_value = "ordered", conflicts_with = "funnel", value_parser = Order::parse)]
    order: Order,
    /// Quick look: what is counted.
    #[arg(long, value_enum, default_value = "contact", conflicts_with = "funnel")]
    unit: UnitName,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Form,
    /// List the contacts who were lost at this step, as CSV, without those who opted out.
    #[arg(long, value_name = "STEP", conflicts_with_all = ["format", "paths", "by"])]
    people: Option<String>,
    /// Tell what was done on a part of the way: before:STEP, after:STEP or between:STEP,STEP.
    #[arg(long, value_name = "PART", conflicts_with = "by")]
    paths: Option<String>,
    /// Paths: events of a sequence that are told apart.
    #[arg(long, value_name = "N", default_value = "4", requires = "paths", value_parser = clap::value_parser!(u8).range(1..=10))]
    depth: u8,
    /// Paths: how many of the most frequent sequences are shown.
    #[arg(long, value_name = "N", default_value = "20", requires = "paths")]
    top: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Table,
    Json,
    Csv,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum UnitName {
    Contact,
    Conversation,
    Attempt,
}

impl FunnelCommand {
    pub(super) fn run(&self) -> Result<Done> {
        let mut funnel = self.funnel()?;
        if !self.reading.by.is_empty() {
            funnel = funnel.broken_down(&self.reading.by)?;
        }
        if funnel.attribution == Attribution::All && funnel.by.is_empty() {
            return Err(Error::Usage("attribution 'all' is to the values of a column: name it with --by".into()));
        }
        let opened = self.reading.clone().or_as_of(funnel.as_of.as_deref()).open()?;
        if self.people.is_some() || self.paths.is_some() || matches!(self.format, Form::Csv) {
            // Tables and JSON of a funnel name them; what holds rows alone has no place for it.
            for one in funnel::unmeasurable(&funnel, opened.snapshot.channel_kinds()) {
                say(&render::left_out(&one));
            }
        }
        if let Some(step) = &self.people {
            let people = people::lost(&opened.snapshot, &funnel, opened.span(), funnel.step(step)?)?;
            print(&people_csv(&people)?)?;
            return Ok(Done::Well);
        }
        if let Some(part) = &self.paths {
            let part = paths::Part::parse(part, &funnel)?;
            let found = paths::paths(&opened.snapshot, &funnel, opened.span(), part, self.depth.into(), self.top)?;
            match self.format {
                Form::Table => print(&render::paths(&found, part.tells_going_on()))?,
                Form::Json => print_json(&paths_json(&funnel.name, &found))?,
                Form::Csv => print(&paths_csv(&found)?)?,
            }
            return Ok(Done::Well);
        }
        for answer in funnel::count(&opened.snapshot, &[funnel], opened.span(), opened.zone.0.clone())? {
            match self.format {
                Form::Table => print(&render::funnel(&answer))?,
                Form::Json => print_json(&json(&answer))?,
                Form::Csv => print(&csv(&answer)?)?,
            }
        }
        Ok(Done::Well)
    }

    fn funnel(&self) -> Result<Funnel> {
        if let Some(name) = &self.funnel {
            return catalog::find(name);
        }
        let unit = match self.unit {
            UnitName::Contact => Unit::Contact,
            UnitName::Conversation => Unit::Conversation,
            UnitName::Attempt => Unit::Attempt,
        };
        Funnel::quick(&self.step, self.window, self.order, unit)
    }
}

/// `{"funnel", "unit", "order", "window_s", "unmeasurable", "rows": [{"segment", "steps": [{"step", "reached", …}]}]}`.
fn json(answer: &Answer) -> Value {
    let rows: Vec<Value> = answer
        .rows
        .iter()
        .map(|row| {
            let segment: Map<String, Value> =
                answer.by.iter().cloned().zip(row.segment.iter().map(|value| json!(value))).collect();
            json!({ "segment": segment, "steps": row.steps.iter().map(step_json).collect::<Vec<_>>() })
        })
        .collect();
    let unmeasurable: Vec<Value> =
        answer.unmeasurable.iter().map(|one| json!({ "channel": one.channel, "step": one.step })).collect();
    json!({
        "funnel": answer.funnel,
        "unit": answer.unit,
        "order": answer.order,
        "window_s": answer.window_s,
        "unmeasurable": unmeasurable,
        "rows": rows,
    })
}

fn step_json(step: &Step) -> Value {
    json!({
        "step": step.step,
        "optional": step.optional,
        "reached": step.reached,
        "converted": step.converted,
        "lost": step.lost,
        "excluded": step.excluded,
        "open": step.open,
        "from_start": rate_json(step.from_start),
        "from_previous": rate_json(step.from_previous),
        "time_s": times_json(&step.seconds),
        "time_from_start_s": times_json(&step.seconds_from_start),
    })
}

fn rate_json(rate: Rate) -> Value {
    let interval = rate.interval();
    json!({
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "value": rate.value(),
        "low": interval.map(|(low, _)| low),
        "high": interval.map(|(_, high)| high),
    })
}

fn times_json(seconds: &Distribution) -> Value {
    let bins: Vec<Value> =
        seconds.histogram().into_iter().map(|(from, to, n)| json!({ "from": from, "to": to, "n": n })).collect();
    json!({ "n": seconds.n(), "median": seconds.quantile(0.5), "p90": seconds.quantile(0.9), "histogram": bins })
}

/// One line per segment and step.
fn csv(answer: &Answer) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| Error::Usage(error.to_string());
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
    writer.write_record(answer.by.iter().map(String::as_str).chain(numbers)).map_err(broken)?;
    for row in &answer.rows {
        for step in &row.steps {
            let segment = row.segment.iter().map(|value| value.clone().unwrap_or_default());
            let mut cells: Vec<String> = segment.collect();
            cells.extend([step.step.clone(), step.optional.to_string()]);
            cells.extend([step.reached, step.converted, step.lost, step.excluded, step.open].map(|n| n.to_string()));
            for rate in [step.from_start, step.from_previous] {
                let interval = rate.interval();
                let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
                cells.extend([rate.numerator.to_string(), rate.denominator.to_string(), number(rate.value())]);
                cells.extend([number(interval.map(|both| both.0)), number(interval.map(|both| both.1))]);
            }
            let time = |q| step.seconds.quantile(q).map(|seconds| seconds.to_string()).unwrap_or_default();
            cells.extend([time(0.5), time(0.9)]);
            writer.write_record(cells).map_err(broken)?;
        }
    }
    text(writer)
}

fn people_csv(people: &[people::Person]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| Error::Usage(error.to_string());
    writer.write_record(["channel", "contact_id", "account", "entered_at", "lost_at"]).map_err(broken)?;
    for person in people {
        let account = person.account.as_deref().unwrap_or_default();
        let [entered, lost] = [person.entered_at, person.lost_at].map(|at| Time(at).to_string());
        writer.write_record([&person.channel, &person.contact_id, account, &entered, &lost]).map_err(broken)?;
    }
    text(writer)
}

fn paths_json(funnel: &str, found: &paths::Paths) -> Value {
    let sequence = |(events, count): &(Vec<String>, paths::Count)| json!({ "events": events, "units": count.units, "went_on": count.went_on });
    let nearest = |(event, count): &(String, paths::Count)| json!({ "event": event, "units": count.units, "went_on": count.went_on });
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

fn paths_csv(found: &paths::Paths) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| Error::Usage(error.to_string());
    writer.write_record(["sequence", "units", "went_on"]).map_err(broken)?;
    for (events, count) in &found.sequences {
        writer
            .write_record([events.join(" > "), count.units.to_string(), count.went_on.to_string()])
            .map_err(broken)?;
    }
    text(writer)
}

fn text(writer: csv::Writer<Vec<u8>>) -> Result<String> {
    let bytes = writer.into_inner().map_err(|error| Error::Usage(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A funnel as a table for the terminal.
pub(super) fn table_rows(answer: &Answer) -> Vec<Vec<String>> {
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
            let mut cells: Vec<String> =
                segment.map(|value| report::text::printable(value.as_deref().unwrap_or("(unknown)"))).collect();
            let name = if step.optional { format!("{} (optional)", step.step) } else { step.step.clone() };
            cells.push(report::text::printable(&name));
            cells.extend([step.reached, step.converted, step.lost, step.open].map(|n| language.count(n)));
            cells.extend([rate(step.from_start), rate(step.from_previous)]);
            let time = |q| step.seconds.quantile(q).map_or_else(|| "–".to_owned(), |s| language.duration(s));
            cells.extend([time(0.5), time(0.9)]);
            rows.push(cells);
        }
    }
    rows
}
