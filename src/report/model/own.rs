//! Metrics of the user's own in the model: the total of each, and the breakdown that its file asks for.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Figure, Spread};
use crate::metrics::{self, Answers, Chart, Counts, Row};
use crate::report::build::is_mature;

/// A metric of the user's own.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Own {
    /// Id of the metric: the name of its file.
    pub metric: String,
    /// Whether it is a share; else it counts how often each value was seen.
    pub is_share: bool,
    /// Whether values that are no shares are seconds; else they are plain numbers.
    pub in_seconds: bool,
    /// All of it; `None` if it is left out.
    pub total: Option<OwnRow>,
    /// The column by which it is broken down.
    pub by: Option<String>,
    /// How the breakdown is drawn.
    #[schemars(with = "String", extend("enum" = ["bars", "trend", "none"]))]
    pub chart: Chart,
    /// A row for each value of the column.
    pub rows: Vec<OwnRow>,
}

/// A row of such a metric.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct OwnRow {
    /// The value of the column; `None` is unknown, or the total.
    pub segment: Option<String>,
    /// False for a day that could still change.
    pub mature: bool,
    /// The share, if it is one.
    pub figure: Option<Figure>,
    /// The values, if it is none.
    pub spread: Option<Spread>,
}

impl Own {
    /// What was answered about the metric.
    #[must_use]
    pub fn new(own: &metrics::Own, answers: &Answers<'_>, context: &Context) -> Self {
        let metric = &own.metric;
        let row = |row: &Row| OwnRow::new(&metric.id, metric.by.as_deref(), row, context);
        let rows = own.broken_down().map(|ask| answers.rows(&ask).iter().map(row).collect());
        Self {
            metric: metric.id.clone(),
            is_share: metric.is_rate(),
            in_seconds: metric.unit == "seconds",
            total: answers.rows(&own.total()).first().map(row),
            by: metric.by.clone(),
            chart: metric.chart,
            rows: rows.unwrap_or_default(),
        }
    }
}

impl OwnRow {
    fn new(metric: &str, by: Option<&str>, row: &Row, context: &Context) -> Self {
        let segment = row.segment.first().cloned().flatten();
        let day = segment.as_deref().filter(|_| by == Some("day"));
        let (figure, spread) = match &row.counts {
            Counts::Rate(rate) => (Some(Figure::new(metric, *rate, row.measurable, row.bound)), None),
            Counts::Distribution(values) => (None, Some(Spread::new(metric, values, row.measurable))),
        };
        Self { mature: day.is_none_or(|day| is_mature(day, context)), segment, figure, spread }
    }
}
