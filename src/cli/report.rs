//! `trichter report`: the numbers of a store as a page, as text, as data and on paper.

mod files;
mod own;
mod pictures;

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};

use self::files::Form;
use super::compare::Two;
use super::{Breakdown, CONFIG, Done, Few, Limit, Opened, Prices, Reading, kernel, print, say};
use crate::config::{Config, Lang, ReportOrder};
use crate::error::{Error, Result};
use crate::event::{SECOND, Time};
use crate::facts::Settings;
use crate::funnel::{self, Funnel};
use crate::ingest::{self, Plan, input};
use crate::measures::comparison::{Against, Comparison};
use crate::measures::{self, compliance, suppression};
use crate::metrics::{self, Answer, Answers, Ask, Metric, Own, catalog};
use crate::report::{self, Balance, Brand, Context, Definition, Language};
use crate::store::{self, Key, Snapshot, Store};

/// The key of the demo's store. Its contacts are made up, so nobody's identity hangs on it.
const DEMO_KEY: &str = "74726963687465722064656d6f206b65792c206e6f2073656372657420617421";

/// The format that is shown and not written.
const TABLE: &str = "table";

/// Metrics whose denominators are all contacts and all messages.
const CONTACTS: &str = "erasure_pending_rate";
const MESSAGES: &str = "failure_rate";

/// Write a report: one page that works offline, Markdown and JSON; or tables, a workbook, a PDF, or text on the terminal.
///
/// Example: trichter report --store /tmp/store --out reports/may --since 2026-05-01 --until 2026-06-01
#[derive(clap::Args)]
pub(super) struct Report {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    breakdown: Breakdown,
    #[command(flatten)]
    few: Few,
    #[command(flatten)]
    prices: Prices,
    /// Show what a report looks like: reads the sample logs into a temporary store and writes reports/demo.
    #[arg(long, conflicts_with = "store")]
    demo: bool,
    /// Folder for the report; it is made if it is not there. Default: reports, or reports/demo.
    #[arg(long, value_parser = super::on_disk, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Formats, separated by commas: html, md, json, csv (a folder of tables), xlsx (a workbook), pdf (printed by a Chromium that is installed). Alone: table, which shows the report on the terminal and writes no file.
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', default_value = "html,md,json")]
    format: Vec<String>,
    /// Write each chart as a file of its own too, into the folder charts beside the report: png, svg or both.
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    charts: Vec<String>,
    /// Take the counts from this folder, where 'trichter spark submit' wrote them, and read no events.
    #[arg(long, value_parser = super::on_disk, value_name = "DIR", conflicts_with_all = ["demo", "compare"])]
    counts: Option<PathBuf>,
    /// Print the JSON Schema of report.json, and write no report.
    #[arg(long)]
    schema: bool,
    /// Compare the headline rates with those of the range right before (of as many months or days, or of the same length), or of one value of a column with the others: variant or variant=control. With two values: two ranges, SINCE..UNTIL, or two versions of the store, earlier first; the report is of the second.
    #[arg(long, value_name = "previous|COLUMN[=BASELINE]|A B", num_args = 1..=2)]
    compare: Vec<String>,
    /// End with exit code 1 if a message broke a rule of permission; the report is written all the same.
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<Limit>,
    /// Heading of the report. Default: Conversation report, in the report's language.
    #[arg(long)]
    title: Option<String>,
    /// Language of the report: en or de. Default: the configuration's, else en.
    #[arg(long, alias = "language", value_name = "LANGUAGE")]
    lang: Option<Lang>,
}

/// A report, and where it was written.
struct Made {
    report: report::Report,
    files: Vec<PathBuf>,
    n_violations: u64,
}

impl Report {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        if self.schema {
            print(&report::schema()?)?;
            return Ok(Done::Well);
        }
        let forms = self.forms()?;
        if self.demo {
            // The store lives as long as the report is being made.
            let folder = tempfile::tempdir().map_err(Error::write(Path::new("the temporary folder")))?;
            let mut opened = Self::demo(folder.path(), quiet)?;
            opened.config.cost = self.prices.card(&(&folder.path().join("sample-data")).into())?;
            return self.write(&opened, &forms, Path::new("reports/demo"), quiet);
        }
        let mut opened = match self.two()? {
            Some(two) => two.second(self.reading.clone())?.open()?,
            None => self.reading.open()?,
        };
        opened.config.cost = self.prices.card(opened.store.place())?;
        self.write(&opened, &forms, Path::new("reports"), quiet)
    }

    /// The formats to be written; none if the report is to be shown on the terminal.
    fn forms(&self) -> Result<Vec<Form>> {
        if !self.format.iter().any(|name| name == TABLE) {
            let kinds = self.charts.iter().map(|name| pictures::kind(name)).collect::<Result<Vec<_>>>()?;
            let charts = (!kinds.is_empty()).then_some(Ok(Form::Drawn(kinds)));
            return self.format.iter().map(|name| Form::named(name)).chain(charts).collect();
        }
        if !self.charts.is_empty() {
            return Err(Error::Usage(
                "--format table writes no file: leave out --charts, or name another format".into(),
            ));
        }
        if self.format.len() > 1 {
            return Err(Error::Usage("--format table stands alone: it shows the report and writes no file".into()));
        }
        if self.out.is_some() {
            return Err(Error::Usage("--format table writes no file: leave out --out, or name another format".into()));
        }
        Ok(Vec::new())
    }

    /// Two ranges or versions, if that is what is compared.
    fn two(&self) -> Result<Option<Two>> {
        match self.compare.as_slice() {
            [first, second] => Two::parse(first, second).map(Some),
            _ => Ok(None),
        }
    }

    /// The report that a configuration orders, of a store and a range of time. It goes into `out`.
    pub(super) fn ordered(order: &ReportOrder, reading: Reading, out: PathBuf) -> Self {
        Self {
            reading,
            breakdown: Breakdown { by: order.by.clone() },
            few: Few { suppress: order.suppress },
            prices: Prices { cost: None },
            demo: false,
            counts: None,
            out: Some(out),
            format: order.format.clone(),
            charts: order.charts.clone(),
            schema: false,
            compare: order.compare.iter().cloned().collect(),
            fail_on: None,
            title: order.title.clone(),
            lang: order.lang,
        }
    }

    /// Writes the report, and returns its files and folders.
    pub(super) fn deliver(&self) -> Result<Vec<PathBuf>> {
        let forms = self.forms()?;
        let mut opened = self.reading.open()?;
        opened.config.cost = self.prices.card(opened.store.place())?;
        Ok(self.make(&opened, &forms, Path::new("reports"))?.files)
    }

    fn write(&self, opened: &Opened, forms: &[Form], out: &Path, quiet: bool) -> Result<Done> {
        let Made { report, files, n_violations } = self.make(opened, forms, out)?;
        let mut text = String::new();
        for file in files {
            let _ = writeln!(text, "{}", file.display());
        }
        print(&text)?;
        if forms.is_empty() {
            print(&super::render::outline::outline(&report))?;
        } else if !quiet {
            print(&super::render::headlines(&report))?;
        }
        let is_missed = self.fail_on.is_some() && n_violations > 0;
        if is_missed {
            say(&format!("{n_violations} violations of permission: 'trichter audit' lists the messages"));
        }
        Ok(if is_missed { Done::LimitMissed } else { Done::Well })
    }

    fn make(&self, opened: &Opened, forms: &[Form], out: &Path) -> Result<Made> {
        let two = self.two()?;
        let own = own::metrics(&self.reading, &opened.config)?;
        let out = self.out.as_deref().unwrap_or(out);
        if !forms.is_empty() {
            std::fs::create_dir_all(out).map_err(Error::write(out))?;
        }
        let asks = with_own(&self.breakdown.by, opened, &own);
        let setting = opened.setting(&[]);
        let (mut answers, funnels) = match &self.counts {
            Some(counts) => kernel::report(counts, &self.reading, opened, &asks)?,
            None => count(opened, &asks, &funnel::catalog::all()?)?,
        };
        let context = self.context(opened, &answers)?;
        let measured = measures::all(&setting, &answers)?;
        let n_violations = compliance::violations(&setting, &Answers::new(&answers));
        // Measures follow from all that was counted; what is shown of them is left out once they are made.
        let least = opened.least(self.few.suppress);
        let lost = least.map(|least| suppression::of_answers(&mut answers, least).into_iter().sum::<u64>());
        let language = context.language;
        let shown = Answers::new(&answers);
        let of_own = own.iter().map(|own| report::Own::new(own, &shown, &context)).collect();
        let mut metrics = Metric::all()?;
        metrics.extend(own.into_iter().map(|own| own.metric));
        let mut report = report::build(context, &answers, &funnels, &definitions(&metrics, language));
        report.measures = measured;
        report.own = of_own;
        let rates: Vec<&str> = report.headlines.iter().map(|headline| headline.metric.as_str()).collect();
        let compared = match (&two, self.compare.as_slice()) {
            (Some(two), _) => Some(opened.compare_two(two, &rates, &self.reading)?),
            (None, [compare, ..]) => {
                let comparison = Comparison::of_rates(Against::parse(compare), &rates)?;
                Some(opened.compare(&comparison.with_experiments(&opened.config.experiment))?)
            }
            _ => None,
        };
        if let Some(compared) = compared {
            report.measures.insert(0, compared);
        }
        if let Some((least, lost)) = least.zip(lost) {
            let of_measures = report.measures.iter_mut().map(|measured| suppression::of_tables(measured, least));
            let of_funnels = report.funnels.iter_mut().map(|funnel| funnel.suppress(least));
            report.context.suppressed = Some(lost + of_measures.sum::<u64>() + of_funnels.sum::<u64>());
        }
        for measured in &mut report.measures {
            language.tell(measured, &metrics);
        }
        let files = forms.iter().map(|form| form.write(&report, out)).collect::<Result<_>>()?;
        Ok(Made { report, files, n_violations })
    }

    fn context(&self, opened: &Opened, answers: &[Answer]) -> Result<Context> {
        let total = |metric: &str| {
            let answer = answers.iter().rfind(|answer| answer.metric == metric && answer.by.is_empty())?;
            Some(answer.rows.first()?.counts.rate()?.denominator)
        };
        let language = Language::from(self.lang.unwrap_or(opened.config.report.lang));
        let ledger = opened.store.ledger()?;
        let looks = &opened.config.report;
        let mut brand = Brand::default();
        brand.footer.clone_from(&looks.footer);
        brand.accent = looks.accent.as_ref().map(|accent| accent.css().to_owned());
        if let Some(path) = &looks.logo {
            brand = brand.with_logo(&std::fs::read(path).map_err(Error::read(path))?)?;
        }
        if let Some(sections) = &looks.sections {
            brand = brand.with_sections(sections)?;
        }
        let channels = opened.snapshot.channel_kinds().iter().map(|(channel, _)| channel.clone());
        Ok(Context {
            title: self.title.clone().or(looks.title.clone()).unwrap_or_else(|| language.say("title")),
            language,
            brand,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            since: opened.since,
            until: opened.until,
            horizon: opened.snapshot.horizon().map(|_| Time(opened.settings.horizon)),
            zone: opened.zone.0.clone(),
            minimum: opened.config.report.minimum,
            suppressed: self.few.suppress.then_some(0),
            reply_window_s: opened.config.windows.reply.0 / SECOND,
            by: self.breakdown.by.clone(),
            filters: Vec::new(),
            channels: channels.collect::<std::collections::BTreeSet<_>>().into_iter().collect(),
            n_contacts: total(CONTACTS),
            n_messages: total(MESSAGES),
            balance: Some(Balance {
                received: ledger.accepted + ledger.ignored + ledger.rejected,
                accepted: ledger.accepted,
                ignored: ledger.ignored,
                rejected: ledger.rejected,
                events_stored: ledger.stored,
                reasons: ledger.reasons,
            }),
            retention: opened.config.retention.told(),
        })
    }

    /// A store with the sample logs.
    fn demo(folder: &Path, quiet: bool) -> Result<Opened> {
        let samples = folder.join("sample-data");
        for (name, bytes) in catalog::samples() {
            let path = samples.join(name);
            let parent = path.parent().unwrap_or(&samples);
            std::fs::create_dir_all(parent).map_err(Error::write(parent))?;
            std::fs::write(&path, bytes).map_err(Error::write(&path))?;
        }
        let config = Config::load(&samples.join(CONFIG))?;
        let mut logs: Vec<String> = Vec::new();
        for entry in std::fs::read_dir(&samples).map_err(Error::read(&samples))? {
            let path = entry.map_err(Error::read(&samples))?.path();
            if path.is_dir() {
                logs.push(path.to_string_lossy().into_owned());
            }
        }
        let sources = input::sources(&logs)?;
        let key = Key::from_hex(DEMO_KEY).ok_or_else(|| Error::Usage("the demo's key is broken".into()))?;
        let mut store = Store::open_or_create(&folder.join("store"))?;
        let plan = Plan {
            sources: &sources,
            channel: None,
            config: &config,
            key: &key,
            now: super::now(),
            stdin: &|| Box::new(std::io::empty()) as Box<dyn Read + Send>,
            following: None,
            progress: &|_| {},
        };
        let balance = ingest::ingest(&mut store, &plan, &mut |_| Ok(()))?;
        if !quiet {
            say(super::render::balance(&balance, true).trim_end());
        }
        let snapshot = Snapshot::of(&store)?;
        let zone = config.report.zone.clone();
        let settings = Settings::new(&config, &snapshot, None, None);
        Ok(Opened { store, snapshot, config, settings, zone, since: None, until: None })
    }
}

/// Counts metrics and funnels in one pass over the store.
fn count(opened: &Opened, asks: &[Ask], funnels: &[Funnel]) -> Result<(Vec<Answer>, Vec<funnel::Answer>)> {
    let metrics = metrics::Counting::new(opened.scope(), asks)?;
    let funnels = funnel::Counting::new(opened.snapshot.channel_kinds(), funnels, opened.span(), opened.zone.0.clone());
    let mut columns = [metrics.columns(), funnels.columns()].concat();
    columns.sort_unstable();
    columns.dedup();
    // Metrics need what happened before `--since`; funnels leave it out themselves.
    let reading = store::Reading { columns: &columns, since: None, until: opened.settings.until };
    let states = opened.snapshot.fold(
        &reading,
        || (metrics.begin(), funnels.begin()),
        |(tally, counts), shard| {
            funnels.add(counts, shard);
            metrics.add(tally, shard)
        },
    )?;
    let (tallies, counts) = states.into_iter().unzip();
    Ok((metrics.finish(tallies)?, funnels.finish(counts)))
}

/// Every count that a report with the user's own metrics needs.
fn with_own(by: &[String], opened: &Opened, own: &[Own]) -> Vec<Ask> {
    let of_own = own.iter().flat_map(|own| std::iter::once(own.total()).chain(own.broken_down()));
    asks(by, opened).into_iter().chain(of_own).collect()
}

/// The same for whoever counts elsewhere.
pub(super) fn counted(reading: &Reading, by: &[String], opened: &Opened) -> Result<Vec<Ask>> {
    Ok(with_own(by, opened, &own::metrics(reading, &opened.config)?))
}

/// Every count that a report of a store needs, once.
pub(super) fn asks(by: &[String], opened: &Opened) -> Vec<Ask> {
    let mut asks = report::asks(by);
    asks.extend([Ask::new(CONTACTS, &[]), Ask::new(MESSAGES, &[])]);
    asks.extend(measures::ALL.iter().flat_map(|measure| (measure.asks)(&opened.setting(&[]))));
    let mut asked = std::collections::BTreeSet::new();
    asks.retain(|ask| asked.insert((ask.metric.clone(), ask.by.clone())));
    asks
}

/// The definitions of all metrics and measures, as the report's appendix shows them.
fn definitions(metrics: &[Metric], language: Language) -> Vec<Definition> {
    let of_metrics = metrics.iter().map(|metric| Definition::of_metric(metric, language));
    of_metrics.chain(measures::every().map(|measure| Definition::of_measure(measure, language))).collect()
}
