//! `trichter kernel`: counts and facts of events that another engine hands in, as a filter; and how what it counted comes back.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{Breakdown, Done, Opened, Prices, Reading, print, report};
use crate::error::{Error, Result};
use crate::kernel::{Context, FunnelText, Kernel, Part, Source};
use crate::metrics::Ask;
use crate::{funnel, metrics};

/// The context beside counts.
pub(super) const CONTEXT: &str = "context.json";

/// Count events that another engine has distributed and sorted: the same kernel as a filter from standard input to standard output.
///
/// Both are Arrow IPC streams. Events are those of whole contacts, sorted by contact_key, at, position and event_id, with the
/// columns that the context names. 'trichter spark submit' does all this on Apache Spark.
///
/// Example: trichter kernel context --store /tmp/store > context.json
#[derive(clap::Args)]
pub(super) struct KernelCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print what no partition tells, for the kernel on every worker: the range, windows, flows, what is asked. As JSON.
    Context(Asking),
    /// Count in the events of one partition what the context asks: what a report needs, or a funnel. For 'trichter report --counts'
    /// and 'trichter funnel --counts'.
    #[command(visible_alias = "funnel")]
    Counts {
        /// What 'trichter kernel context' printed.
        #[arg(long, value_name = "FILE")]
        context: PathBuf,
    },
    /// Find the facts of one partition, the rows of one table.
    Facts {
        /// What 'trichter kernel context' printed.
        #[arg(long, value_name = "FILE")]
        context: PathBuf,
        /// The fact table.
        #[arg(long, value_name = "TABLE")]
        table: String,
    },
}

/// Arguments of what is to be counted elsewhere.
#[derive(clap::Args)]
pub(super) struct Asking {
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    breakdown: Breakdown,
    #[command(flatten)]
    prices: Prices,
    /// Count this funnel, a name or a TOML file, and nothing else. Default: what a report needs.
    #[arg(long, value_name = "FUNNEL|FILE.toml")]
    funnel: Option<String>,
}

impl KernelCommand {
    pub(super) fn run(&self) -> Result<Done> {
        match &self.command {
            Command::Context(asking) => print(&format!("{}\n", asking.context()?.1.to_json()))?,
            Command::Counts { context } => filter(context, |kernel, out| kernel.counts(std::io::stdin().lock(), out))?,
            Command::Facts { context, table } => {
                filter(context, |kernel, out| kernel.facts(table, std::io::stdin().lock(), out))?;
            }
        }
        Ok(Done::Well)
    }
}

fn filter(context: &Path, work: impl FnOnce(&Kernel, &mut dyn Write) -> Result<()>) -> Result<()> {
    let kernel = Kernel::new(&read(context)?)?;
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    work(&kernel, &mut out)?;
    out.flush().map_err(Error::write(Path::new("standard output")))
}

fn read(path: &Path) -> Result<Context> {
    Context::from_json(&std::fs::read_to_string(path).map_err(Error::read(path))?)
}

impl Asking {
    /// The store, and what is asked of it.
    pub(super) fn context(&self) -> Result<(Opened, Context)> {
        let mut opened = self.reading.open()?;
        opened.config.cost = self.prices.card(opened.store.place())?;
        let (asks, funnels) = match &self.funnel {
            Some(name) => (Vec::new(), vec![FunnelText::find(name, &self.breakdown.by)?]),
            None => (report::counted(&self.reading, &self.breakdown.by, &opened)?, FunnelText::all()?),
        };
        let context = context(&self.reading, &opened, &asks, funnels)?;
        Ok((opened, context))
    }
}

/// The context of what is asked of a store.
fn context(reading: &Reading, opened: &Opened, asks: &[Ask], funnels: Vec<FunnelText>) -> Result<Context> {
    let config = super::config_text(reading.config.as_deref(), Some(opened.store.place()))?;
    let (path, text) = config.unwrap_or_else(|| (super::CONFIG.into(), String::new()));
    let source = Source {
        config: (&text, &path),
        zone: opened.zone.name(),
        since: opened.settings.since,
        until: opened.settings.until,
        asks,
        funnels,
    };
    Context::of(&opened.store, &opened.snapshot, source)
}

/// The answers of a report out of counts that were made elsewhere.
pub(super) fn report(
    counts: &Path,
    reading: &Reading,
    opened: &Opened,
    asks: &[Ask],
) -> Result<(Vec<metrics::Answer>, Vec<funnel::Answer>)> {
    let counted = read(&counts.join(CONTEXT))?;
    context(reading, opened, asks, FunnelText::all()?)?.check(&counted)?;
    Kernel::new(&counted)?.answers(Part::all(counts)?)
}

/// The answer of a funnel out of counts that were made elsewhere, of it alone or with others.
pub(super) fn funnel(
    counts: &Path,
    reading: &Reading,
    opened: &Opened,
    name: &str,
    by: &[String],
) -> Result<Option<funnel::Answer>> {
    let counted = read(&counts.join(CONTEXT))?;
    context(reading, opened, &[], Vec::new())?.asking_as(&counted).check(&counted)?;
    let wanted = FunnelText::find(name, by)?;
    let place = counted.funnels.iter().position(|known| (&known.text, &known.by) == (&wanted.text, &wanted.by));
    let Some(place) = place else {
        return Err(Error::Elsewhere {
            message: format!("the counts are not of funnel '{name}', or of another breakdown"),
            remedy: "count it with 'trichter spark submit --funnel', and the same --by",
        });
    };
    let (_, mut funnels) = Kernel::new(&counted)?.answers(Part::all(counts)?)?;
    Ok((place < funnels.len()).then(|| funnels.swap_remove(place)))
}
