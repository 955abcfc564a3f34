//! The kernel with one context: counts and facts of a partition, and the answers that the counts of all partitions are.

use std::io::{Read, Write};
use std::path::Path;

use arrow_ipc::writer::StreamWriter;
use jiff::tz::TimeZone;

use super::context::{AskText, Context};
use super::input;
use super::part::{self, Part, State};
use crate::config::{Config, Zone, counted};
use crate::error::{Error, Result};
use crate::export::of_shards::OfShards;
use crate::export::table::{self, Class};
use crate::facts::Settings;
use crate::funnel::{self, Funnel, Span};
use crate::metrics::{self, Ask, Metric, Scope};
use crate::store::Extent;

/// What counts, ready for any partition.
pub struct Kernel {
    context: String,
    n_rows: u64,
    extent: Extent,
    config: Config,
    settings: Settings,
    span: Span,
    asks: Vec<Ask>,
    metrics: Vec<Metric>,
    funnels: Vec<Funnel>,
}

impl Kernel {
    /// The kernel of a context.
    ///
    /// # Errors
    /// A metric, funnel or configuration cannot be used.
    pub fn new(context: &Context) -> Result<Self> {
        let mut config = counted::read(&context.config)?;
        config.report.zone = Zone::parse(&context.timezone).map_err(Error::Usage)?;
        let extent = context.extent();
        let settings = Settings::of(&config, &extent, context.since, context.until);
        let end = extent.horizon.unwrap_or_default();
        let span = Span::new(context.since, context.until, end, config.windows.session_gap.0);
        let metric = |ask: &AskText| match context.queries.get(&ask.metric) {
            Some(text) => {
                let id = Path::new(&ask.metric).file_stem().map(|stem| stem.to_string_lossy().into_owned());
                Metric::parse(&id.unwrap_or_default(), text)
            }
            None => Metric::find(&ask.metric),
        };
        let ask = |ask: &AskText| Ask { metric: ask.metric.clone(), by: ask.by.clone(), clustered: ask.clustered };
        Ok(Self {
            context: context.hash(),
            n_rows: context.n_rows,
            extent,
            settings,
            span,
            asks: context.asks.iter().map(ask).collect(),
            metrics: context.asks.iter().map(metric).collect::<Result<_>>()?,
            funnels: context.funnels.iter().map(super::FunnelText::funnel).collect::<Result<_>>()?,
            config,
        })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn zone(&self) -> &TimeZone {
        &self.config.report.zone.0
    }

    /// The columns with which counts are made.
    pub(super) fn columns(&self) -> Result<Vec<&'static str>> {
        let mut columns = [self.of_metrics()?.columns(), self.of_funnels().columns()].concat();
        columns.sort_unstable();
        columns.dedup();
        Ok(columns)
    }

    fn of_metrics(&self) -> Result<metrics::Counting<'_>> {
        let scope = Scope { settings: &self.settings, zone: self.zone().clone(), flows: &self.config.flow };
        metrics::Counting::of(scope, &self.asks, self.metrics.clone())
    }

    fn of_funnels(&self) -> funnel::Counting<'_> {
        funnel::Counting::new(&self.extent.channel_kinds, &self.funnels, self.span, self.zone().clone())
    }

    /// Counts the events of an Arrow stream and writes one [`Part`] as an Arrow stream; none of a stream without events.
    ///
    /// # Errors
    /// The stream is cut off, not sorted or without a column, or `output` cannot be written.
    pub fn counts(&self, input: impl Read, output: impl Write) -> Result<()> {
        let (metrics, funnels) = (self.of_metrics()?, self.of_funnels());
        let (mut tally, mut counts) = (metrics.begin(), funnels.begin());
        let passed = input::shards(input, &self.columns()?, self.settings.until, |shard| {
            funnels.add(&mut counts, shard);
            if self.asks.is_empty() { Ok(()) } else { metrics.add(&mut tally, shard) }
        })?;
        let state = State { metrics: metrics.state(tally)?, funnels: funnels.state(counts) };
        let part = |keys| Part {
            context: self.context.clone(),
            keys,
            n_rows: passed.n_rows,
            n_contacts: passed.n_contacts,
            state: serde_json::to_vec(&state).unwrap_or_default(),
        };
        part::write(passed.keys.map(part).as_slice(), output)
    }

    /// Writes the rows of a fact table as an Arrow stream.
    ///
    /// # Errors
    /// There is no such table, or as [`Kernel::counts`].
    pub fn facts(&self, table: &str, input: impl Read, output: impl Write) -> Result<()> {
        let found = table::named(table).and_then(|table| OfShards::new(table, &self.settings, self.zone()));
        let Some(mut rows) = found else {
            let facts = table::all().iter().filter(|table| table.class == Class::Fact);
            let known = facts.map(|table| table.name.to_owned()).collect();
            return Err(Error::Unknown { what: "fact table", name: table.to_owned(), known });
        };
        let mut writer = StreamWriter::try_new(output, &rows.schema())?;
        input::shards(input, &rows.columns(), self.settings.until, |shard| {
            rows.rows(shard)?.iter().try_for_each(|batch| Ok(writer.write(batch)?))
        })?;
        Ok(writer.finish()?)
    }

    /// The answers to what the context asks, once every contact of the store stands in one of the parts.
    ///
    /// # Errors
    /// The parts are not exactly those of the store's version, or a contact lies in two.
    pub fn answers(&self, mut parts: Vec<Part>) -> Result<(Vec<metrics::Answer>, Vec<funnel::Answer>)> {
        part::check(&mut parts, &self.context, self.n_rows)?;
        let broken = || Error::Elsewhere {
            message: "counts cannot be read".into(),
            remedy: "count again, with one version of trichter everywhere",
        };
        let funnels = self.of_funnels();
        let (mut states, mut counts) = (Vec::new(), Vec::new());
        for part in parts {
            let state: State = serde_json::from_slice(&part.state).map_err(|_| broken())?;
            states.push(state.metrics);
            counts.push(funnels.counts(state.funnels).ok_or_else(broken)?);
        }
        Ok((self.of_metrics()?.finish_states(states.into_iter()), funnels.finish(counts)))
    }
}
