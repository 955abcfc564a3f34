//! `trichter export`: tables for other programs, at one or several targets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::{Done, Few, Opened, Reading, say};
use crate::config;
use crate::error::{Error, Result};
use crate::export::contract::Contract;
use crate::export::table::Class;
use crate::export::{self, Delivered, Info, Login, Plan, Table, table, target};

/// The target that is standard output.
const STDOUT: &str = "-";

/// Export facts, dimensions and counts as tables that BI tools take as they are.
///
/// TARGET is parquet:DIR, delta:DIR, arrow:DIR, csv:DIR, csv+zst:DIR, ndjson:DIR, sqlite:FILE, xlsx:FILE,
/// postgres://USER@HOST/DATABASE, or - for one table on standard output. Without one, those of [[export]] in trichter.toml are
/// written.
///
/// A target holds what the last export gave it: tables and ranges that are not asked for any more are taken away. Only what
/// changed since then is written. Readers see the old export or the new one, never half of either; of folders of files they open
/// DIR/current.
///
/// Example: trichter export parquet:/srv/bi sqlite:/srv/bi.sqlite --store /tmp/store
///
/// --contract DIR writes down what the tables, columns and metrics mean: for machines (contract.json), for people (CONTRACT.md), as
/// SQL for DuckDB and PostgreSQL that finds the counts, rates and intervals of the report, and as a package for dbt.
///
/// Example: trichter export - --tables visits --since 2026-05-01 --store /tmp/store > visits.csv
#[derive(clap::Args)]
pub(super) struct ExportCommand {
    /// Where to: FORMAT:PLACE, such as parquet:/srv/bi. Several are written from one pass over the store.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    #[command(flatten)]
    reading: Reading,
    /// Only these tables, separated by commas. Default: all.
    #[arg(long, value_name = "TABLES", value_delimiter = ',')]
    tables: Vec<String>,
    /// How the table on standard output is written: csv, ndjson or arrow.
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    format: String,
    #[command(flatten)]
    few: Few,
    /// Write everything anew, also what has not changed.
    #[arg(long)]
    full: bool,
    /// Write what the tables mean, with SQL, into this folder.
    #[arg(long, value_parser = super::on_disk, value_name = "DIR")]
    contract: Option<PathBuf>,
}

/// A target and the tables that go there.
struct Order {
    target: String,
    tables: Vec<&'static Table>,
    /// Below how many observations counts are left out.
    minimum: Option<u64>,
}

impl Order {
    /// What goes to a target: of what was asked for, if the configuration asks for less.
    fn new(target: &str, named: &[String], minimum: Option<u64>) -> Result<Self> {
        let mut tables = table::chosen(named)?;
        if minimum.is_some() {
            if let Some(fact) = tables.iter().find(|table| table.class == Class::Fact && !named.is_empty()) {
                return Err(Error::Usage(format!(
                    "'{}' has a row for each case, however few there are: a target that leaves out small counts cannot have it",
                    fact.name
                )));
            }
            tables.retain(|table| table.class != Class::Fact);
        }
        Ok(Self { target: target.to_owned(), tables, minimum })
    }
}

impl ExportCommand {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        let asked = table::chosen(&self.tables)?;
        if self.targets.iter().any(|target| target == STDOUT) {
            return self.print(&asked);
        }
        let opened = self.reading.open()?;
        if let Some(folder) = &self.contract {
            Self::promise(&opened, folder, quiet)?;
            if self.targets.is_empty() {
                return Ok(Done::Well);
            }
        }
        let orders = self.orders(&opened, &asked)?;
        if orders.is_empty() {
            return Err(Error::Usage(
                "export to where? name a target, such as parquet:DIR, or write [[export]] into trichter.toml".into(),
            ));
        }
        for (target, delivery) in deliver(&opened, &orders, How { is_full: self.full, forgets: false })? {
            let (delivered, remarks) = delivery?;
            if !quiet {
                say(&told(&target, &delivered));
                for remark in &remarks {
                    say(remark);
                }
            }
        }
        Ok(Done::Well)
    }

    fn promise(opened: &Opened, folder: &Path, quiet: bool) -> Result<()> {
        let documents = Contract::new(&super::report::asks(&[], opened))?.documents()?;
        for (path, text) in &documents {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).map_err(Error::write(parent))?;
            std::fs::write(&path, text).map_err(Error::write(&path))?;
        }
        if !quiet {
            say(&format!("{}: {} documents", folder.display(), documents.len()));
        }
        Ok(())
    }

    /// What goes where: to the targets named, else to those of the configuration.
    fn orders(&self, opened: &Opened, asked: &[&'static Table]) -> Result<Vec<Order>> {
        let least = opened.least(self.few.suppress);
        if !self.targets.is_empty() {
            return self.targets.iter().map(|target| Order::new(target, &self.tables, least)).collect();
        }
        let order = |export: &config::Export| {
            let mut order = Order::new(&export.target, &export.tables, export.minimum.max(least))?;
            order.tables.retain(|table| has(asked, table));
            Ok(order)
        };
        opened.config.export.iter().map(order).collect()
    }

    /// One table on standard output.
    fn print(&self, asked: &[&'static Table]) -> Result<Done> {
        let [_] = self.targets.as_slice() else {
            return Err(Error::Usage("standard output takes one table, and no other target beside it".into()));
        };
        let [table] = asked else {
            return Err(Error::Usage("standard output takes one table: name it with --tables".into()));
        };
        target::check_stream(&self.format)?;
        let opened = self.reading.open()?;
        let minimum = opened.least(self.few.suppress);
        if minimum.is_some() && table.class == Class::Fact {
            return Err(Error::Usage(format!("'{}' has a row for each case, however few there are", table.name)));
        }
        let state = plan(&opened, asked, minimum).gather(None)?;
        let path = Path::new("standard output");
        let mut out = BufWriter::new(std::io::stdout());
        target::stream(&state, table, &self.format, &mut out)?;
        out.flush().map_err(Error::write(path))?;
        Ok(Done::Well)
    }
}

/// How orders are delivered.
#[derive(Clone, Copy)]
struct How {
    /// Also what has not changed.
    is_full: bool,
    /// Whether what only readers of earlier exports need is taken away.
    forgets: bool,
}

/// What a target got, or why it got nothing.
pub(super) type Delivery = (String, Result<(Vec<Delivered>, Vec<String>)>);

/// Brings the targets of the configuration up to date. One that fails keeps none of the others from theirs.
pub(super) fn deliver_ordered(opened: &Opened) -> Result<Vec<Delivery>> {
    deliver(opened, &ordered(opened)?, How { is_full: false, forgets: false })
}

/// Exports the store anew to those targets of its configuration that are there and to `more`, and takes away what they held
/// before. Places begin where the program is run, as for `export`, or in the configuration's folder, as for `run`. Returns the
/// targets, as messages may show them, and those that are not there.
pub(super) fn again(reading: &Reading, more: &[String], quiet: bool) -> Result<(Vec<String>, Vec<String>)> {
    let opened = reading.open()?;
    let folder = reading.config.as_deref().and_then(Path::parent).or(reading.store.as_deref()).unwrap_or(Path::new(""));
    let (mut orders, mut missing) = (Vec::new(), Vec::new());
    for order in ordered(&opened)? {
        let mut places = vec![order.target.clone(), placed(folder, &order.target)];
        places.dedup();
        let before = orders.len();
        let there = places.into_iter().filter(|target| is_there(target));
        orders.extend(there.map(|target| Order { target, tables: order.tables.clone(), minimum: order.minimum }));
        if orders.len() == before {
            missing.push(target::shown(&order.target));
        }
    }
    for target in more {
        orders.push(Order::new(target, &[], None)?);
    }
    let mut targets = Vec::new();
    for (target, delivery) in deliver(&opened, &orders, How { is_full: true, forgets: true })? {
        let (delivered, _) = delivery?;
        if !quiet {
            say(&told(&target, &delivered));
        }
        targets.push(target);
    }
    Ok((targets, missing))
}

/// Whether something was ever exported there; of a server only the server knows.
fn is_there(target: &str) -> bool {
    target.split_once(':').is_none_or(|(_, place)| place.starts_with("//") || Path::new(place).exists())
}

/// A target whose place begins in this folder, unless it says where it begins.
pub(super) fn placed(folder: &Path, target: &str) -> String {
    match target.split_once(':') {
        Some((kind, place)) if !place.starts_with("//") => format!("{kind}:{}", folder.join(place).display()),
        _ => target.to_owned(),
    }
}

/// What the configuration wants to be exported.
fn ordered(opened: &Opened) -> Result<Vec<Order>> {
    let order = |export: &config::Export| Order::new(&export.target, &export.tables, export.minimum);
    opened.config.export.iter().map(order).collect()
}

/// Counts once for all targets that leave out alike, and hands each what it is to have.
fn deliver(opened: &Opened, orders: &[Order], how: How) -> Result<Vec<Delivery>> {
    let login = login();
    let mut targets: Vec<_> = orders.iter().map(|order| target::open(&order.target, &login)).collect();
    let mut deliveries = BTreeMap::new();
    let minima: BTreeSet<Option<u64>> = orders.iter().map(|order| order.minimum).collect();
    for minimum in minima {
        let mut alike: Vec<_> = orders
            .iter()
            .zip(&mut targets)
            .enumerate()
            .filter(|(_, (order, target))| order.minimum == minimum && target.is_ok())
            .collect();
        let wanted = |table: &&'static Table| alike.iter().any(|(_, (order, _))| has(&order.tables, table));
        let tables: Vec<&'static Table> = table::all().iter().filter(wanted).collect();
        let workspace = alike.first().and_then(|(_, (_, target))| target.as_ref().ok()?.workspace());
        let state = plan(opened, &tables, minimum).gather(workspace)?;
        for (place, (order, target)) in &mut alike {
            if let Ok(target) = target {
                let delivered = export::deliver(&state.only(&order.tables), &mut **target, how.is_full);
                deliveries.insert(*place, delivered.map(|delivered| (delivered, target.remarks().to_vec())));
            }
        }
    }
    // Not before, because temporary files may lie in one of them.
    let mut ended = Vec::new();
    for (place, (order, target)) in orders.iter().zip(targets).enumerate() {
        let delivery = target.and_then(|mut target| {
            let delivery = deliveries.remove(&place).unwrap_or_else(|| Ok(Default::default()))?;
            if how.forgets {
                target.prune()?;
            }
            Ok(delivery)
        });
        ended.push((target::shown(&order.target), delivery));
    }
    Ok(ended)
}

fn has(tables: &[&'static Table], table: &Table) -> bool {
    tables.iter().any(|known| known.name == table.name)
}

fn plan<'p>(opened: &'p Opened, tables: &'p [&'static Table], minimum: Option<u64>) -> Plan<'p> {
    Plan {
        snapshot: &opened.snapshot,
        settings: &opened.settings,
        zone: &opened.zone.0,
        config: &opened.config,
        span: opened.span(),
        tables,
        minimum,
        info: Info::new(&opened.config, &opened.settings, opened.snapshot.version()),
    }
}

/// Who asks a server, as its other clients take it from the environment.
fn login() -> Login {
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let home = || Some(PathBuf::from(of("HOME")?).join(".pgpass"));
    Login {
        user: of("PGUSER").or_else(|| of("USER")).or_else(|| of("LOGNAME")),
        password: of("PGPASSWORD"),
        password_file: of("PGPASSFILE").map(PathBuf::from).or_else(home),
    }
}

/// What became of each table, and of all.
fn told(target: &str, delivered: &[Delivered]) -> String {
    let mut all = Delivered { table: "all".to_owned(), ..Delivered::default() };
    let mut text =
        format!("{target}\n  {:<18}{:>12}{:>10}{:>11}{:>15}", "table", "rows", "written", "unchanged", "bytes written");
    let mut line = |delivered: &Delivered| {
        let Delivered { table, n_rows, n_written, n_unchanged, bytes } = delivered;
        let _ = write!(text, "\n  {table:<18}{n_rows:>12}{n_written:>10}{n_unchanged:>11}{bytes:>15}");
    };
    for table in delivered {
        line(table);
        all.n_rows += table.n_rows;
        all.n_written += table.n_written;
        all.n_unchanged += table.n_unchanged;
        all.bytes += table.bytes;
    }
    line(&all);
    text
}
