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

/// On which side of a value the true one may lie.
#[derive(JsonSchema)]
#[schemars(rename = "Bound")]
#[expect(dead_code, reason = "only its shape is read")]
pub(super) struct BoundShape {
    /// True if a channel tells of some cases only, so that the true value may be higher.
    lower_bound: bool,
    /// True if a channel tells of some cases only, so that the true value may be lower.
    upper_bound: bool,
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
        /// True if the true value may be lower.
        upper_bound: bool,
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::{Format, fixture};

    /// What is wrong with a value, by the part of JSON Schema that the schema uses; any other part of it is an error, and so
    /// is a field that the schema does not name.
    fn faults(value: &Value, schema: &Value, root: &Value, place: &str, found: &mut Vec<String>) {
        let mut is_open = true;
        let Some(rules) = schema.as_object() else { return };
        for (rule, wanted) in rules {
            let is_met = match (rule.as_str(), value) {
                ("type", _) => one_of(wanted).any(|kind| is_kind(value, kind)),
                ("const", _) => value == wanted,
                ("enum", _) => wanted.as_array().unwrap().contains(value),
                ("minimum", Value::Number(number)) => number.as_f64() >= wanted.as_f64(),
                ("$ref", _) => {
                    let target = root.pointer(wanted.as_str().unwrap().trim_start_matches('#')).unwrap();
                    faults(value, target, root, place, found);
                    is_open = false;
                    true
                }
                ("anyOf" | "oneOf", _) => {
                    is_open = false;
                    wanted.as_array().unwrap().iter().any(|choice| {
                        let mut faults_here = Vec::new();
                        faults(value, choice, root, place, &mut faults_here);
                        faults_here.is_empty()
                    })
                }
                ("properties", Value::Object(fields)) => {
                    for (name, value) in fields {
                        match wanted.get(name) {
                            Some(schema) => faults(value, schema, root, &format!("{place}/{name}"), found),
                            None => found.push(format!("{place}/{name} is not in the schema")),
                        }
                    }
                    is_open = false;
                    true
                }
                ("additionalProperties", Value::Object(fields)) => {
                    for (name, value) in fields {
                        faults(value, wanted, root, &format!("{place}/{name}"), found);
                    }
                    is_open = false;
                    true
                }
                ("required", Value::Object(fields)) => one_of(wanted).all(|name| fields.contains_key(name)),
                ("items", Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        faults(item, wanted, root, &format!("{place}/{index}"), found);
                    }
                    true
                }
                // These say nothing, or nothing of values of this kind.
                (
                    "$schema"
                    | "$defs"
                    | "title"
                    | "description"
                    | "format"
                    | "minimum"
                    | "properties"
                    | "additionalProperties"
                    | "required"
                    | "items",
                    _,
                ) => true,
                _ => panic!("the schema has the rule {rule}, which is not checked"),
            };
            if !is_met {
                found.push(format!("{place}: {rule} of {wanted}"));
            }
        }
        if is_open && value.is_object() {
            found.push(format!("{place}: the schema says nothing of its fields"));
        }
    }

    fn one_of(list: &Value) -> impl Iterator<Item = &str> {
        let one = list.as_str().into_iter();
        one.chain(list.as_array().into_iter().flatten().filter_map(Value::as_str))
    }

    fn is_kind(value: &Value, kind: &str) -> bool {
        match kind {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            _ => panic!("what is {kind}?"),
        }
    }

    fn of(report: &Report) -> Value {
        serde_json::from_slice(&Format::Json.write(report).unwrap()[0].bytes).unwrap()
    }

    fn against_schema(document: &Value) -> Vec<String> {
        let schema: Value = serde_json::from_str(&schema().unwrap()).unwrap();
        let mut found = Vec::new();
        faults(document, &schema, &schema, "", &mut found);
        found
    }

    #[test]
    fn reports_are_what_the_schema_says_with_no_field_beside_it() {
        for report in [fixture::awkward(), fixture::hostile(), fixture::small()] {
            assert_eq!(against_schema(&of(&report)), Vec::<String>::new());
        }
    }

    #[test]
    fn a_report_that_is_bent_is_no_longer_what_the_schema_says() {
        let good = of(&fixture::small());
        for (place, value) in [
            ("/schema", json!("trichter-report/2")),
            ("/headlines/0/figure/numerator", json!("12")),
            ("/headlines/0/figure/numerator", json!(-1)),
            ("/campaigns/rows/0/figures", json!([])),
            ("/campaign_funnel/0/stage", json!("bounced")),
            ("/measures/0/tables/0/rows/0", json!({"visits": {"surprise": 1}})),
            ("/context", json!({})),
        ] {
            let mut bent = good.clone();
            *bent.pointer_mut(place).unwrap_or_else(|| panic!("there is no {place}")) = value;
            assert!(!against_schema(&bent).is_empty(), "{place}");
        }
    }
}
