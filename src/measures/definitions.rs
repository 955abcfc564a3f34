//! The conventions of every rate side by side: what a vendor would print for the same log.

use super::{Column, Measure, Row, Setting, Table, Value};
use crate::error::Result;
use crate::metrics::{Answers, Ask, Counts, Metric};

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "definitions", asks, tables };

/// Rates that have more than one convention.
fn conventions() -> Result<Vec<Metric>> {
    let all = Metric::all()?;
    let has_others = |metric: &Metric| all.iter().any(|other| other.base() == metric.base() && other.id != metric.id);
    Ok(all.iter().filter(|metric| has_others(metric)).cloned().collect())
}

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    conventions().unwrap_or_default().iter().map(|metric| setting.ask(&metric.id, &[])).collect()
}

fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let by = setting.by.iter().map(|name| Column::new(name));
    let own = [Column::new("metric"), Column::new("value"), Column::new("meaning"), Column::new("vendors")];
    let mut rows = Vec::new();
    for metric in conventions()? {
        for row in answers.rows(&setting.ask(&metric.id, &[])) {
            let Counts::Rate(rate) = row.counts else { continue };
            let value = if row.measurable { Value::Rate { rate, bound: row.bound } } else { Value::Unmeasurable };
            let segment = row.segment.iter().map(|value| Value::name(value.as_deref()));
            let own = [
                Value::Text(metric.id.clone()),
                value,
                Value::Meaning(metric.id.clone()),
                Value::Text(metric.vendors.join(", ")),
            ];
            rows.push(Row::new(rate.denominator, segment.chain(own).collect()));
        }
    }
    Ok(vec![Table { id: "conventions", columns: by.chain(own).collect(), rows, ..Table::default() }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::facts::Settings;
    use crate::metrics::{Answer, Bound, Rate, Row as Found};

    fn table(answers: &[Answer], by: &[String]) -> Table {
        let setting = Setting { by, config: &Config::default(), settings: &Settings::default() };
        tables(&setting, &Answers::new(answers)).unwrap().remove(0)
    }

    fn answer(metric: &str, by: &[String], segment: &[&str], measurable: bool) -> Answer {
        let counts = Counts::Rate(Rate { numerator: 1, denominator: 4 });
        let segment = segment.iter().map(|&name| Some(name.to_owned())).collect();
        let rows = vec![Found { segment, counts, measurable, bound: Bound::Least, moments: None }];
        Answer { metric: metric.to_owned(), by: by.to_vec(), rows, n_shared: 0 }
    }

    #[test]
    fn every_convention_of_a_rate_is_asked_for_and_no_rate_without_one() {
        let setting = Setting { by: &[], config: &Config::default(), settings: &Settings::default() };
        let asked: Vec<String> = asks(&setting).into_iter().map(|ask| ask.metric).collect();
        assert!(
            ["open_rate", "open_rate@sent", "click_rate", "click_rate@sent"]
                .iter()
                .all(|id| asked.iter().any(|a| a == id))
        );
        assert!(asked.iter().all(|id| id != "failure_rate"), "it is counted in one way only");
    }

    #[test]
    fn conventions_keep_what_they_are_worth_knowing_with() {
        let by = ["channel".to_owned()];
        let answers = [answer("open_rate", &by, &["sms"], false), answer("open_rate@sent", &by, &["whatsapp"], true)];
        let found = table(&answers, &by);
        let value = Value::Rate { rate: Rate { numerator: 1, denominator: 4 }, bound: Bound::Least };
        let expected = [("sms", "open_rate", Value::Unmeasurable), ("whatsapp", "open_rate@sent", value)];
        assert_eq!(found.rows.len(), 2);
        for (row, (channel, metric, value)) in found.rows.iter().zip(expected) {
            assert_eq!(row.cells[..3], [Value::name(Some(channel)), Value::Text(metric.to_owned()), value]);
            assert_eq!(row.n, Some(4));
        }
        assert!(matches!(&found.rows[1].cells[4], Value::Text(vendors) if !vendors.is_empty()), "{found:?}");
        assert_eq!(found.columns.len(), 5);
    }

    #[test]
    fn without_answers_there_are_no_rows() {
        assert_eq!(table(&[], &[]).rows, []);
    }
}
