//! `trichter export`: tables for other programs, at one or several targets.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::{Done, Reading, say};
use crate::error::{Error, Result};
use crate::export::{self, Delivered, Info, Login, Plan, table, target};

/// Export facts, dimensions and counts as tables that BI tools take as they are.
///
/// Targets: parquet:DIR, csv:DIR, csv+zst:DIR, ndjson:DIR. Only what changed since the target's last export is written, and
/// readers see the old export or the new one, never half of either: they open DIR/current. A target holds the tables of the last
/// export to it, and no others.
///
/// Example: trichter export parquet:/srv/bi --store /tmp/store
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
    /// Write everything anew, also what has not changed.
    #[arg(long)]
    full: bool,
}

impl ExportCommand {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        let tables = table::chosen(&self.tables)?;
        let opened = self.reading.open()?;
        let login = login();
        let mut targets = self.targets.iter().map(|text| target::open(text, &login)).collect::<Result<Vec<_>>>()?;
        let Some(first) = targets.first() else {
            return Err(Error::Usage("export to where? name a target, such as parquet:DIR".into()));
        };
        let plan = Plan {
            snapshot: &opened.snapshot,
            settings: &opened.settings,
            zone: &opened.zone.0,
            tables: &tables,
            info: Info::new(&opened.config, &opened.settings, opened.snapshot.version()),
        };
        let state = plan.gather(&**first)?;
        for (name, target) in self.targets.iter().zip(&mut targets) {
            let delivered = export::deliver(&state, &mut **target, self.full)?;
            if !quiet {
                say(&told(&target::shown(name), &delivered));
                target.remarks().iter().for_each(|remark| say(remark));
            }
        }
        Ok(Done::Well)
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
