//! `trichter export`: tables for other programs, at one or several targets.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::{Done, Opened, Reading, say};
use crate::config;
use crate::error::{Error, Result};
use crate::export::contract::Contract;
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
    /// Write everything anew, also what has not changed.
    #[arg(long)]
    full: bool,
    /// Write what the tables mean, with SQL, into this folder.
    #[arg(long, value_name = "DIR")]
    contract: Option<PathBuf>,
}

/// A target and the tables that go there.
struct Order {
    target: String,
    tables: Vec<&'static Table>,
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
        deliver(&opened, &orders, How { is_full: self.full, forgets: false, quiet })?;
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
        if !self.targets.is_empty() {
            let order = |target: &String| Order { target: target.clone(), tables: asked.to_vec() };
            return Ok(self.targets.iter().map(order).collect());
        }
        let order = |export: &config::Export| {
            let mut tables = table::chosen(&export.tables)?;
            tables.retain(|table| has(asked, table));
            Ok(Order { target: export.target.clone(), tables })
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
        let state = plan(&opened, asked).gather(None)?;
        let path = Path::new("standard output");
        let mut out = BufWriter::new(std::io::stdout());
        target::stream(&state, table, &self.format, &mut out)?;
        out.flush().map_err(Error::write(path))?;
        Ok(Done::Well)
    }
}

/// How orders are delivered.
struct How {
    is_full: bool,
    /// Whether what only readers of earlier exports need is taken away.
    forgets: bool,
    quiet: bool,
}

/// Goes over the store once, and brings every target to its state.
fn deliver(opened: &Opened, orders: &[Order], how: How) -> Result<()> {
    let login = login();
    let mut targets = orders.iter().map(|order| target::open(&order.target, &login)).collect::<Result<Vec<_>>>()?;
    let wanted = |table: &&'static Table| orders.iter().any(|order| has(&order.tables, table));
    let tables: Vec<&'static Table> = table::all().iter().filter(wanted).collect();
    let state = plan(opened, &tables).gather(targets.first().and_then(|target| target.workspace()))?;
    for (order, target) in orders.iter().zip(&mut targets) {
        let delivered = export::deliver(&state.only(&order.tables), &mut **target, how.is_full)?;
        if !how.quiet {
            say(&told(&target::shown(&order.target), &delivered));
            target.remarks().iter().for_each(|remark| say(remark));
        }
    }
    // Its temporary files lie in one of the targets.
    drop(state);
    if how.forgets {
        targets.iter_mut().try_for_each(|target| target.prune())?;
    }
    Ok(())
}

/// Exports the store anew to the targets of its configuration and to `more`, and takes away what they held before. Returns the
/// targets, as messages may show them.
pub(super) fn again(reading: &Reading, more: &[String], quiet: bool) -> Result<Vec<String>> {
    let opened = reading.open()?;
    let all = table::chosen(&[])?;
    let mut orders = opened
        .config
        .export
        .iter()
        .map(|export| Ok(Order { target: export.target.clone(), tables: table::chosen(&export.tables)? }))
        .collect::<Result<Vec<_>>>()?;
    orders.extend(more.iter().map(|target| Order { target: target.clone(), tables: all.clone() }));
    if !orders.is_empty() {
        deliver(&opened, &orders, How { is_full: true, forgets: true, quiet })?;
    }
    Ok(orders.iter().map(|order| target::shown(&order.target)).collect())
}

fn has(tables: &[&'static Table], table: &Table) -> bool {
    tables.iter().any(|known| known.name == table.name)
}

fn plan<'p>(opened: &'p Opened, tables: &'p [&'static Table]) -> Plan<'p> {
    Plan {
        snapshot: &opened.snapshot,
        settings: &opened.settings,
        zone: &opened.zone.0,
        config: &opened.config,
        span: opened.span(),
        tables,
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
