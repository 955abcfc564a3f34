//! Writes the model as JSON, of the shape that `schema` tells: counts and shares as numbers, null where there is no value.
//!
//! Knows nothing of how numbers are shown.

use super::model::Report;
use super::schema::{Document, SCHEMA};
use crate::error::{Error, Result};

/// Writes the report with a line end at its end.
pub(super) fn write(report: &Report) -> Result<String> {
    let document = Document { schema: SCHEMA, report };
    let mut text = serde_json::to_string_pretty(&document).map_err(|error| Error::Layout(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::report::fixture;

    #[test]
    fn counts_come_back_as_they_went_in() {
        let report = fixture::awkward();
        let json: Value = serde_json::from_str(&super::write(&report).unwrap()).unwrap();
        for (row, read) in report.campaigns.rows.iter().zip(json["campaigns"]["rows"].as_array().unwrap()) {
            assert_eq!(read["segment"][0].as_str(), row.segment[0].as_deref());
            for (id, figure) in &row.figures {
                assert_eq!(read["figures"][id]["numerator"].as_u64(), Some(figure.numerator), "{id}");
                assert_eq!(read["figures"][id]["denominator"].as_u64(), Some(figure.denominator), "{id}");
                let value = read["figures"][id]["value"].as_f64();
                // The parser may miss the last bit of a double.
                assert_eq!(value.map(|value| (value * 1e12).round()), figure.value.map(|value| (value * 1e12).round()));
            }
        }
        assert_eq!(json["flows"][0]["questions"][0]["n_visits"].as_u64(), Some(report.flows[0].questions[0].n_visits));
    }

    #[test]
    fn what_has_no_value_is_null_and_never_zero() {
        let report = fixture::awkward();
        let json: Value = serde_json::from_str(&super::write(&report).unwrap()).unwrap();
        let telegram = &json["channels"]["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["segment"][0] == "telegram")
            .unwrap()["figures"];
        assert_eq!(telegram["open_rate"]["measurable"], Value::Bool(false));
        assert!(telegram["open_rate"]["value"].is_null() && telegram["open_rate"]["low"].is_null());
        assert_eq!(json["context"]["horizon"], "2026-05-05T12:00:00Z");
        assert_eq!(json["context"]["zone"], "Europe/Berlin");
    }
}
