//! `trichter query`: one metric, broken down as asked.

use super::{Done, Reading, print, print_json, render};
use crate::error::Result;
use crate::metrics::Ask;

/// Ask for one metric.
///
/// METRIC is an id that 'trichter explain' lists, or a SQL file of your own: one SELECT over a fact table that returns
/// 'segment' with 'numerator' and 'denominator', or with 'value' and 'n'.
///
/// Example: trichter query question_drop_off_rate --store /tmp/store --by flow,question
#[derive(clap::Args)]
pub(super) struct Query {
    /// Id of a metric, or a file ending in .sql.
    #[arg(value_name = "METRIC|FILE.sql")]
    metric: String,
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
        let opened = self.reading.open()?;
        let answers = opened.answer(&[Ask { metric: self.metric.clone(), by: self.reading.by.clone() }])?;
        for answer in &answers {
            match self.format {
                Form::Table => print(&render::table(answer))?,
                Form::Json => print_json(&render::json(answer))?,
                Form::Csv => print(&render::csv(answer)?)?,
            }
        }
        Ok(Done::Well)
    }
}
