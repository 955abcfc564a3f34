//! `trichter explain`: what a number means, what a funnel asks for, what a channel can tell, what a table holds.

use std::fmt::Write;

use super::render::sheet::Sheet;
use super::{Done, Reading, print};
use crate::channels::{self, Abilities, Ability, Channel};
use crate::error::{Error, Result};
use crate::facts::{self, Grain};
use crate::funnel;
use crate::measures::{self, Measure};
use crate::metrics::Metric;
use crate::report::{Definition, Language};
use crate::store::schema;

mod vendors;

/// Explain a metric, a measure, a funnel, a channel or a fact table.
///
/// Without a name: the list of all of them. 'channels' shows side by side what each channel can tell, 'vendors' why the numbers of
/// others differ, with --store also what each of them would print for it.
///
/// Example: trichter explain open_rate
///
/// Example: trichter explain vendors --store /tmp/store
#[derive(clap::Args)]
pub(super) struct Explain {
    /// Id of a metric or measure, name of a funnel, a channel or a fact table, 'events', 'channels' or 'vendors'.
    name: Option<String>,
    /// List everything that can be explained.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Explain {
    pub(super) fn run(&self) -> Result<Done> {
        let text = match (self.name.as_deref(), &self.reading.store) {
            (Some("vendors"), Some(_)) => vendors::numbers(&Metric::all()?, &self.reading.open()?)?,
            (_, Some(_)) => {
                return Err(Error::Usage("only 'vendors' has numbers of a store; others have 'trichter query'".into()));
            }
            (Some(name), None) if !self.list => explain(name)?,
            _ => list()?,
        };
        print(&text)?;
        Ok(Done::Well)
    }
}

fn list() -> Result<String> {
    let mut text = String::from("Metrics\n");
    for metric in Metric::all()? {
        let _ = writeln!(text, "  {:<28} {}", metric.id, metric.meaning);
    }
    text.push_str("\nMeasures\n");
    for measure in measures::every() {
        let _ = writeln!(text, "  {:<28} {}", measure.id, Definition::of_measure(measure, Language::En).meaning);
    }
    text.push_str("\nFunnels\n");
    for funnel in funnel::catalog::all()? {
        let _ = writeln!(text, "  {:<28} {}", funnel.name, funnel.meaning);
    }
    text.push_str("\nChannels\n");
    for channel in channels::ALL {
        let _ = writeln!(text, "  {:<28} {}", channel.name, channel.title);
    }
    text.push_str("\nTables\n");
    let _ = writeln!(text, "  {:<28} one row per thing that happened", "events");
    for grain in facts::GRAINS {
        let _ = writeln!(text, "  {:<28} one row per {}", grain.name, grain.one_row_per);
    }
    Ok(text)
}

fn explain(name: &str) -> Result<String> {
    let metrics = Metric::all()?;
    if let Some(metric) = metrics.iter().find(|metric| metric.id == name) {
        return Ok(of_metric(metric, &metrics));
    }
    if let Some(measure) = measures::every().find(|measure| measure.id == name) {
        return Ok(of_measure(measure));
    }
    if let Some(text) = funnel::catalog::text(name) {
        return Ok(text.to_owned());
    }
    if let Some(channel) = channels::named(name) {
        return Ok(of_channel(channel));
    }
    if let Some(grain) = facts::grain(name) {
        return Ok(of_grain(grain));
    }
    match name {
        "events" => return Ok(of_events()),
        "channels" => return Ok(of_channels()),
        "vendors" => return Ok(vendors::table(&metrics)),
        _ => {}
    }
    let funnels = funnel::catalog::all()?.into_iter().map(|funnel| funnel.name);
    let of_measures = measures::every().map(|measure| measure.id.to_owned());
    let known = metrics.into_iter().map(|metric| metric.id).chain(of_measures).chain(funnels);
    let others = channels::ALL.iter().map(|channel| channel.name).chain(facts::GRAINS.iter().map(|grain| grain.name));
    let known =
        known.chain(others.map(str::to_owned)).chain(["events", "channels", "vendors"].map(str::to_owned)).collect();
    Err(Error::Unknown { what: "metric, measure, funnel, channel or table", name: name.to_owned(), known })
}

fn of_metric(metric: &Metric, metrics: &[Metric]) -> String {
    let mut text = format!(
        "{name} ({id})\n\n  {meaning}\n\n  unit      {unit}\n  counted   over the table {table}\n  follows   {follows}\n  caveat    {caveat}\n\n{sql}\n",
        name = metric.name,
        id = metric.id,
        meaning = metric.meaning,
        unit = metric.unit,
        table = metric.table,
        follows = metric.follows,
        caveat = metric.caveat,
        sql = metric.sql.trim(),
    );
    if !metric.vendors.is_empty() {
        let _ = writeln!(text, "\nCounted so by\n  {}", metric.vendors.join("\n  "));
    }
    let others: Vec<&Metric> =
        metrics.iter().filter(|other| other.base() == metric.base() && other.id != metric.id).collect();
    if !others.is_empty() {
        text.push_str("\nOther conventions of it\n");
        for other in others {
            let _ = writeln!(text, "  {:<36} {}", other.id, other.meaning);
        }
        let _ = writeln!(text, "\n'trichter query {}@*' asks for all of them.", metric.base());
    }
    text
}

fn of_measure(measure: &Measure) -> String {
    let Definition { id, title, meaning, formula, unit, source, caveat } =
        Definition::of_measure(measure, Language::En);
    format!(
        "{title} ({id})\n\n  {meaning}\n\n  formula   {formula}\n  unit      {unit}\n  follows   {source}\n  caveat    {caveat}\n"
    )
}

/// What each channel can tell, side by side.
fn of_channels() -> String {
    let mut sheet = Sheet::new(["channel"].into_iter().chain(Abilities::NAMES));
    for channel in channels::ALL.iter().filter(|channel| !channel.is_any_platform()) {
        sheet.add_words([channel.name].into_iter().chain(channel.abilities.all().map(Ability::words)));
    }
    let table = sheet.text();
    format!(
        "{table}\n\
         lower bound     not every case is reported, so numbers are at least this, shown with ≥, and what is left over is at most that, shown with ≤\n\
         needs send log  the platform does not tell; a log of what the business sent does\n\
         never           shown as n/a, which is not zero\n\n\
         A log of no known platform ('generic', and tables declared in trichter.toml) tells what it holds.\n"
    )
}

fn of_channel(channel: &Channel) -> String {
    let mut text = format!("{} ({})\n\nIts logs can tell\n", channel.title, channel.name);
    for kind in channel.kinds {
        let _ = writeln!(text, "  {:<22} {}", kind.name(), kind.meaning());
    }
    text.push_str("\nHow well\n");
    for (name, ability) in Abilities::NAMES.into_iter().zip(channel.abilities.all()) {
        let _ = writeln!(text, "  {name:<22} {}", ability.words());
    }
    if !channel.reports_opens() {
        text.push_str("\nOpens cannot be seen: open rates are n/a, never 0 %.\n");
    }
    if !channel.reports_deliveries() {
        text.push_str("\nDeliveries cannot be seen: the delivery rate is n/a, and a message that did not fail counts as having reached the contact.\n");
    }
    text.push_str("\nMind\n");
    for caveat in channel.caveats {
        let _ = writeln!(text, "  - {caveat}");
    }
    text
}

fn of_grain(grain: &Grain) -> String {
    let mut text = format!(
        "{}: one row per {}\n\nA row belongs to the day and to the range of time of its {}.\n\n",
        grain.name, grain.one_row_per, grain.anchor
    );
    for column in grain.columns {
        let _ = writeln!(text, "  {:<24} {:<8} {}", column.name, column.form.name(), column.meaning);
    }
    text
}

fn of_events() -> String {
    let mut text = String::from("events: one row per thing that happened\n\n");
    for column in schema::COLUMNS {
        let _ = writeln!(text, "  {:<16} {}", column.name, column.meaning);
    }
    let _ = writeln!(text, "  {:<16} month of `at` in UTC, the partition", schema::PARTITION);
    text
}
