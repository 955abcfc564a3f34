//! `trichter query`: metrics, broken down as asked, all in one pass over the store.

use super::{Done, Reading, print, print_json, render};
use crate::error::{Error, Result};
use crate::metrics::Ask;

/// Ask for metrics.
///
/// METRIC is an id that 'trichter explain' lists, or a SQL file of your own: one SELECT over a fact table that returns
/// 'segment' with 'numerator' and 'denominator', or with 'value' and 'n'. Several are counted in one pass over the store;
/// METRIC:COLUMN,COLUMN has a breakdown of its own.
///
/// Example: trichter query question_drop_off_rate --store /tmp/store --by flow,question
#[derive(clap::Args)]
pub(super) struct Query {
    /// Id of a metric, or a file ending in .sql; with :COLUMN,COLUMN for a breakdown of its own.
    #[arg(value_name = "METRIC|FILE.sql", required = true)]
    metrics: Vec<String>,
    #[command(flatten)]
    reading: Reading,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Form,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Form {
    Table,
    Json,
    Csv,
}

impl Query {
    pub(super) fn run(&self) -> Result<Done> {
        if self.metrics.len() > 1 && matches!(self.format, Form::Csv) {
            return Err(Error::Usage("CSV holds one table: ask for one metric at a time, or for JSON".into()));
        }
        let opened = self.reading.open()?;
        let asks: Vec<Ask> = self.metrics.iter().map(|metric| self.ask(metric)).collect();
        let answers = opened.answer(&asks)?;
        match (self.format, answers.as_slice()) {
            (Form::Json, [answer]) => print_json(&render::json(answer))?,
            (Form::Json, answers) => print_json(&answers.iter().map(render::json).collect::<Vec<_>>())?,
            (Form::Csv, answers) => answers.iter().try_for_each(|answer| print(&render::csv(answer)?))?,
            (Form::Table, answers) => answers.iter().try_for_each(|answer| print(&render::table(answer)))?,
        }
        Ok(Done::Well)
    }

    /// The metric with its own breakdown, or with that of `--by`.
    fn ask(&self, metric: &str) -> Ask {
        match metric.rsplit_once(':') {
            // A path may hold a colon, a column does not hold a separator.
            Some((metric, by)) if !by.contains(['/', '\\', '.']) => {
                Ask { metric: metric.to_owned(), by: by.split(',').map(|column| column.trim().to_owned()).collect() }
            }
            _ => Ask { metric: metric.to_owned(), by: self.reading.by.clone() },
        }
    }
}
