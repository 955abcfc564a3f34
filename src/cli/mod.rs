//! The command line: one file per subcommand. The only place with arguments, standard output, progress, clock and
//! environment.
//!
//! Data goes to standard output, talk to standard error. Exit codes: 0 done; 1 done, but a limit that the user set was
//! missed; 2 could not be done.

#![allow(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
#![allow(clippy::doc_markdown, reason = "the comments of arguments are help texts, printed as they stand")]
#![allow(
    clippy::let_underscore_must_use,
    reason = "writing to a String cannot fail, and nobody hears of a deaf terminal"
)]

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{Card, Config, Lang, Zone};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::facts::Settings;
use crate::funnel::Span;
use crate::job::write_whole;
use crate::measures::Setting;
use crate::metrics::{Answer, Ask, Scope};
use crate::report::Language;
use crate::store::{AsOf, Place, Snapshot, Store};

mod alerts;
mod audit;
mod compare;
mod config;
mod explain;
mod export;
mod forget;
mod funnel;
mod ingest;
mod init;
mod kernel;
mod pdf;
mod query;
mod render;
mod report;
mod retain;
mod run;
mod simulate;
mod spark;
mod status;
mod store;

/// Name of the configuration that is kept in a store's folder.
const CONFIG: &str = "trichter.toml";
/// Name of the price card there.
const PRICES: &str = "cost.toml";

/// Conversation funnel analytics: raw messenger logs in; rates, question drop-off and a report out.
#[derive(Parser)]
#[command(name = "trichter", version, max_term_width = 100, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Threads to use; all cores if absent.
    #[arg(long, global = true, value_name = "N", help_heading = "Running", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Say nothing but errors on standard error.
    #[arg(long, short, global = true, help_heading = "Running")]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Config(config::ConfigCommand),
    Run(run::Run),
    Status(status::Status),
    Ingest(ingest::Ingest),
    Check(ingest::Check),
    Query(query::Query),
    Audit(audit::AuditCommand),
    Alerts(alerts::AlertsCommand),
    Funnel(funnel::FunnelCommand),
    Report(report::Report),
    Explain(explain::Explain),
    Export(export::ExportCommand),
    Forget(forget::Forget),
    Retain(retain::Retain),
    Kernel(kernel::KernelCommand),
    Spark(spark::SparkCommand),
    Store(store::StoreCommand),
    Simulate(simulate::Simulate),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Well,
    LimitMissed,
    /// Something could not be done, and that was said already.
    NotAll,
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, everything else is a mistake: clap knows which stream and code fit.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    if let Some(threads) = arguments.threads
        && rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global().is_err()
    {
        return fail(&Error::Usage("the threads could not be started".into()));
    }
    keep_others_out();
    let quiet = arguments.quiet;
    let done = match arguments.command {
        Command::Init(command) => command.run(quiet),
        Command::Config(command) => command.run(),
        Command::Run(command) => command.run(quiet),
        Command::Status(command) => command.run(),
        Command::Ingest(command) => command.run(quiet),
        Command::Check(command) => command.run(quiet),
        Command::Query(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Alerts(command) => command.run(),
        Command::Funnel(command) => command.run(),
        Command::Report(command) => command.run(quiet),
        Command::Explain(command) => command.run(),
        Command::Export(command) => command.run(quiet),
        Command::Forget(command) => command.run(quiet),
        Command::Retain(command) => command.run(quiet),
        Command::Kernel(command) => command.run(),
        Command::Spark(command) => command.run(quiet),
        Command::Store(command) => command.run(quiet),
        Command::Simulate(command) => command.run(quiet),
    };
    match done {
        Ok(Done::Well) => ExitCode::SUCCESS,
        Ok(Done::LimitMissed) => ExitCode::from(1),
        Ok(Done::NotAll) => ExitCode::from(2),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// What this program writes is about people: others on the host cannot read it, whatever they may read by default.
fn keep_others_out() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        let usual = rustix::process::umask(Mode::empty());
        rustix::process::umask(usual | Mode::from_raw_mode(0o027));
    }
}

/// The command line as clap knows it, for tests of its consistency.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

fn fail(error: &Error) -> ExitCode {
    // Names out of files and logs stand in messages; a terminal must not obey what stands in them.
    let tell = |text: String| text.lines().for_each(|line| say(&crate::report::text::printable(line)));
    tell(format!("error: {error}"));
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        tell(format!("  caused by: {error}"));
        cause = error.source();
    }
    if let Some(remedy) = error.remedy() {
        tell(format!("  try: {remedy}"));
    }
    ExitCode::from(2)
}

fn is_broken_pipe(error: &Error) -> bool {
    matches!(error, Error::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}

/// Says something to the person at the keyboard.
fn say(text: &str) {
    // If standard error is closed, nobody listens.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes an answer to standard output.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::write(Path::new("standard output")))
}

/// Writes a value as indented JSON to standard output.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Usage(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// Arguments of every command that reads a store.
#[derive(Clone, clap::Args)]
struct Reading {
    /// Folder of the store, or its address in object storage: s3://BUCKET/PREFIX.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Only what began at this day or instant or later: 2026-05-01 or 2026-05-01T12:00:00Z.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only what began before this day or instant; what is undecided then is open.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Time zone in which days begin, such as Europe/Berlin. Default: the configuration's, else UTC.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// What the numbers mean: flows, windows, time zone. Default: trichter.toml in the store's folder, if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read the store as it was: a version number or an instant.
    #[arg(long, value_name = "VERSION|TIME")]
    as_of: Option<String>,
}

impl Reading {
    /// All of a store, as it is now.
    fn whole(store: &Path, config: Option<&Path>) -> Self {
        let (store, config) = (Some(store.to_path_buf()), config.map(Path::to_path_buf));
        Self { store, since: None, until: None, timezone: None, config, as_of: None }
    }
}

/// Argument of every command whose answers can be broken down.
#[derive(Clone, clap::Args)]
struct Breakdown {
    /// Break down by these columns, separated by commas: channel, campaign, question, day, week, month, year, weekday, hour, or another column of what is counted, which 'explain TABLE' lists.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    by: Vec<String>,
}

/// Arguments of every command that answers with tables.
#[derive(Clone, clap::Args)]
struct Written {
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Form,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The same as --format csv.
    #[arg(long, conflicts_with_all = ["format", "json"])]
    csv: bool,
}

/// A form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For the eye.
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

impl Written {
    fn form(&self) -> Form {
        match (self.json, self.csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            _ => self.format,
        }
    }
}

/// Argument of every command that can keep small numbers to itself.
#[derive(Clone, clap::Args)]
struct Few {
    /// Leave out what rests on fewer observations than '[report] minimum', and what would tell it by its total.
    #[arg(long)]
    suppress: bool,
}

/// What makes a command end with exit code 1 though it did its work.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Limit {
    /// A message broke a rule of permission.
    Violations,
}

/// Argument of every command that tells what messages cost.
#[derive(Clone, clap::Args)]
struct Prices {
    /// What messages cost where no log tells: a price card. Default: cost.toml in the store's folder, if there is one.
    #[arg(long, value_name = "FILE")]
    cost: Option<PathBuf>,
}

impl Prices {
    fn card(&self, store: &Place) -> Result<Option<Card>> {
        let kept = || kept(&store.join(PRICES));
        let card = self.cost.as_deref().map_or_else(kept, |path| text(path).map(Some))?;
        card.map(|(path, text)| Card::parse(&text, &path)).transpose()
    }
}

/// A store opened for reading, with what is asked about it.
struct Opened {
    store: Store,
    snapshot: Snapshot,
    config: Config,
    settings: Settings,
    zone: Zone,
    since: Option<Time>,
    until: Option<Time>,
}

impl Reading {
    /// The same, reading the store as it was at a version or instant unless the person at the keyboard names one.
    fn or_as_of(mut self, as_of: Option<&str>) -> Self {
        self.as_of = self.as_of.or_else(|| as_of.map(str::to_owned));
        self
    }

    fn open(&self) -> Result<Opened> {
        let path = self.store.as_deref().ok_or_else(|| Error::Usage("which store? name it with --store DIR".into()))?;
        let place = place(path)?;
        let mut config = config(self.config.as_deref(), Some(&place))?;
        let zone = match &self.timezone {
            Some(name) => Zone::parse(name).map_err(Error::Usage)?,
            None => config.report.zone.clone(),
        };
        config.report.zone = zone.clone();
        let when = |text: &Option<String>| text.as_deref().map(|text| instant(text, &zone)).transpose();
        let (since, until) = (when(&self.since)?, when(&self.until)?);
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(Error::Usage(format!("--since {since} is not before --until {until}")));
        }
        let store = Store::open(place, self.as_of(&zone)?)?;
        let snapshot = Snapshot::of(&store)?;
        let settings = Settings::new(&config, &snapshot, since.map(|time| time.0), until.map(|time| time.0));
        Ok(Opened { store, snapshot, config, settings, zone, since, until })
    }

    fn as_of(&self, zone: &Zone) -> Result<AsOf> {
        match self.as_of.as_deref() {
            None => Ok(AsOf::Latest),
            Some(text) => match text.parse() {
                Ok(version) => Ok(AsOf::Version(version)),
                Err(_) => instant(text, zone).map(AsOf::Time),
            },
        }
    }
}

impl Opened {
    /// From when to when funnels count.
    fn span(&self) -> Span {
        let [since, until] = [self.since, self.until].map(|time| time.map(|time| time.0));
        let end = self.snapshot.horizon().unwrap_or_default();
        Span::new(since, until, end, self.config.windows.session_gap.0)
    }

    /// What metrics are counted over.
    fn scope(&self) -> Scope<'_> {
        Scope { settings: &self.settings, zone: self.zone.0.clone(), flows: &self.config.flow }
    }

    /// What measures are made with.
    fn setting<'o>(&'o self, by: &'o [String]) -> Setting<'o> {
        Setting { by, config: &self.config, settings: &self.settings }
    }

    /// Below how many observations something is left out, if anything is.
    fn least(&self, suppresses: bool) -> Option<u64> {
        suppresses.then_some(self.config.report.minimum)
    }

    fn answer(&self, asks: &[Ask]) -> Result<Vec<Answer>> {
        crate::metrics::answer(&self.snapshot, &self.scope(), asks)
    }
}

/// The configuration at `path`; without one, `trichter.toml` in the store's folder, else the defaults.
fn config(path: Option<&Path>, store: Option<&Place>) -> Result<Config> {
    config_text(path, store)?.map_or_else(|| Ok(Config::default()), |(path, text)| Config::parse(&text, &path))
}

/// Where the configuration stands, and what it says; nothing if the defaults hold.
fn config_text(path: Option<&Path>, store: Option<&Place>) -> Result<Option<(PathBuf, String)>> {
    match (path, store) {
        (Some(path), _) => text(path).map(Some),
        (None, Some(store)) => kept(&store.join(CONFIG)),
        (None, None) => Ok(None),
    }
}

fn text(path: &Path) -> Result<(PathBuf, String)> {
    Ok((path.to_path_buf(), std::fs::read_to_string(path).map_err(Error::read(path))?))
}

/// A file that is kept with a store; nothing if it is not there.
fn kept(file: &Place) -> Result<Option<(PathBuf, String)>> {
    let Some(bytes) = file.read()? else { return Ok(None) };
    let path = file.path().to_path_buf();
    let invalid = |error| Error::Read { path: path.clone(), source: io::Error::new(io::ErrorKind::InvalidData, error) };
    let text = String::from_utf8(bytes.into()).map_err(invalid)?;
    Ok(Some((path, text)))
}

/// A path that is written or read as a folder or file of this host. An address would become a folder named 's3:'.
fn on_disk(text: &str) -> std::result::Result<PathBuf, String> {
    if Place::is_address(text) {
        return Err("only stores and logs can be in object storage; name a place on a disk".into());
    }
    Ok(text.into())
}

/// What a path or an address names. How object storage is reached is said by the environment.
fn place(path: &Path) -> Result<Place> {
    let is_text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Place::of(path, || std::env::vars_os().filter_map(is_text).collect())
}

/// The clock, which only the command line reads.
fn now() -> Time {
    Time(jiff::Timestamp::now().as_microsecond())
}

/// A day, which begins in the zone, or an instant.
fn instant(text: &str, zone: &Zone) -> Result<Time> {
    let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
    let time = match day {
        Some(day) => day.to_zoned(zone.0.clone()).ok().map(|zoned| Time(zoned.timestamp().as_microsecond())),
        None => Time::parse(text, Some(&zone.0)),
    };
    time.ok_or_else(|| {
        Error::Usage(format!("'{text}' is neither a day (2026-05-01) nor an instant (2026-05-01T12:00:00Z)"))
    })
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::De => Self::De,
        }
    }
}
