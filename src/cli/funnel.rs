//! `trichter funnel`: how far contacts get through steps, who was lost, and what they did instead.

use std::path::PathBuf;

use super::{Breakdown, Done, Form, Reading, Written, kernel, print, print_json, render, say};
use crate::config::Window;
use crate::error::{Error, Result};
use crate::funnel::{self, Attribution, Funnel, Order, Unit, catalog, paths, people};

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
    #[command(flatten)]
    breakdown: Breakdown,
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
    #[command(flatten)]
    written: Written,
    /// List the contacts who were lost at this step, as CSV, without those who opted out.
    #[arg(long, value_name = "STEP", conflicts_with_all = ["format", "json", "csv", "paths", "by"])]
    people: Option<String>,
    /// Tell what was done on a part of the way: before:STEP, after:STEP or between:STEP,STEP.
    #[arg(long, value_name = "PART", conflicts_with = "by")]
    paths: Option<String>,
    /// Take the counts from this folder, where 'trichter spark submit' wrote them, and read no events.
    #[arg(long, value_parser = super::on_disk, value_name = "DIR", requires = "funnel", conflicts_with_all = ["people", "paths"])]
    counts: Option<PathBuf>,
    /// Paths: events of a sequence that are told apart.
    #[arg(long, value_name = "N", default_value = "4", requires = "paths", value_parser = clap::value_parser!(u8).range(1..=10))]
    depth: u8,
    /// Paths: how many of the most frequent sequences are shown.
    #[arg(long, value_name = "N", default_value = "20", requires = "paths")]
    top: usize,
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
        if !self.breakdown.by.is_empty() {
            funnel = funnel.broken_down(&self.breakdown.by)?;
        }
        if funnel.attribution == Attribution::All && funnel.by.is_empty() {
            return Err(Error::Usage("attribution 'all' is to the values of a column: name it with --by".into()));
        }
        let opened = self.reading.clone().or_as_of(funnel.as_of.as_deref()).open()?;
        if self.people.is_some() || self.paths.is_some() || matches!(self.written.form(), Form::Csv) {
            // Tables and JSON of a funnel name them; what holds rows alone has no place for it.
            for one in funnel::unmeasurable(&funnel, opened.snapshot.channel_kinds()) {
                say(&render::funnel::left_out(&one));
            }
        }
        if let Some(step) = &self.people {
            let people = people::lost(&opened.snapshot, &funnel, opened.span(), funnel.step(step)?)?;
            print(&render::funnel::people(&people)?)?;
            return Ok(Done::Well);
        }
        if let Some(part) = &self.paths {
            let part = paths::Part::parse(part, &funnel)?;
            let found = paths::paths(&opened.snapshot, &funnel, opened.span(), part, self.depth.into(), self.top)?;
            match self.written.form() {
                Form::Table => print(&render::funnel::paths(&found, part.tells_going_on()))?,
                Form::Json => print_json(&render::funnel::paths_json(&funnel.name, &found))?,
                Form::Csv => print(&render::funnel::paths_csv(&found)?)?,
            }
            return Ok(Done::Well);
        }
        let answers = match (&self.counts, &self.funnel) {
            (Some(counts), Some(name)) => {
                kernel::funnel(counts, &self.reading, &opened, name, &self.breakdown.by)?.into_iter().collect()
            }
            _ => funnel::count(&opened.snapshot, &[funnel], opened.span(), opened.zone.0.clone())?,
        };
        for answer in answers {
            match self.written.form() {
                Form::Table => print(&render::funnel::table(&answer))?,
                Form::Json => print_json(&render::funnel::json(&answer))?,
                Form::Csv => print(&render::funnel::csv(&answer)?)?,
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
