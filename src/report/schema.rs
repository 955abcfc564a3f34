//! The JSON Schema of `report.json`: what every field means, out of the model's own comments.
//!
//! Fields may come to be added under the same version; a field that goes, or means something else, is a new version.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::model::Report;
use crate::error::{Error, Result};

/// What `report.json` says it is: the name of the schema and its version.
pub(super) const SCHEMA: &str = "trichter-report/1";

/// A report as `report.json` has it. Shares lie between 0 and 1; null is what has no value.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "trichter report")]
pub(super) struct Document<'r> {
    /// Name and version of this schema.
    #[schemars(extend("const" = SCHEMA))]
    pub(super) schema: &'static str,
    /// The report.
    #[serde(flatten)]
    pub(super) report: &'r Report,
}

/// The schema as JSON, in the words of draft 2020-12, with a line end at its end.
///
/// # Errors
/// None that is known; JSON might one day refuse to be written.
pub fn schema() -> Result<String> {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = generator.into_root_schema_for::<Document<'_>>();
    let mut text = serde_json::to_string_pretty(&schema).map_err(|error| Error::Layout(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

/// A measure: what follows from the counts of several metrics.
#[derive(JsonSchema)]
#[schemars(rename = "Measured")]
#[expect(dead_code, reason = "only its shape is read: the measure's own type writes itself as this")]
pub(super) struct MeasuredShape {
    /// Id of the measure.
    measure: String,
    /// What came out.
    tables: Vec<TableShape>,
}

/// A table of a measure.
#[derive(JsonSchema)]
#[schemars(rename = "Table")]
#[expect(dead_code, reason = "only its shape is read")]
struct TableShape {
    /// What the table is called: one word of `snake_case`, unique in its measure.
    id: String,
    /// Heading in the report; empty if the measure has this table alone.
    title: String,
    /// Rows by the names of the columns. `immature` is there, and true, in rows that may still change.
    rows: Vec<BTreeMap<String, ValueShape>>,
    /// What must be said beside the table.
    note: String,
}

/// A value of a measure.
#[derive(JsonSchema)]
#[schemars(rename = "Value", untagged)]
#[expect(dead_code, reason = "only its shape is read")]
enum ValueShape {
    /// Nothing could have happened, or the name is unknown.
    Unknown(()),
    /// Yes or no.
    Flag(bool),
    /// A count, a length of time in whole seconds, a probability.
    Number(f64),
    /// A name, an instant of RFC 3339, a verdict; `n/a` where the channels cannot tell.
    Text(String),
    /// A share of counts with its 95 % Wilson interval.
    Rate {
        /// Rows that did it.
        numerator: u64,
        /// Rows that could have.
        denominator: u64,
        /// Between 0 and 1; null without a denominator.
        value: Option<f64>,
        /// Lower end of the interval.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// True if the true value may be higher.
        lower_bound: bool,
    },
    /// An estimate with its 95 % interval.
    Estimate {
        /// The estimate.
        value: f64,
        /// Lower end of the interval.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
    },
    /// What one of something costs.
    UnitCost {
        /// Of one, as decimal text; null of none.
        value: Option<String>,
        /// Of all, as decimal text.
        amount: String,
        /// How many there were.
        count: u64,
        /// ISO 4217.
        currency: String,
        /// True if the true cost is higher.
        lower_bound: bool,
    },
    /// A sum of money.
    Money {
        /// Decimal text.
        amount: String,
        /// ISO 4217.
        currency: String,
        /// True if the true sum is higher.
        lower_bound: bool,
    },
}
