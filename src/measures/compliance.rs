//! Compliance: how many messages broke which rule.

use super::{Column, Measure, Row, Setting, Table, Value};
use crate::metrics::{Answers, Ask, Counts};

/// The rules: name, metric that counts it, what it asks for.
const RULES: [(&str, &str, &str); 3] = [
    ("rule-opt-outs", "sent_after_opt_out_rate", "rule-opt-outs.text"),
    ("rule-windows", "outside_window_rate", "rule-windows.text"),
    ("rule-consent", "without_opt_in_rate", "rule-consent.text"),
];

/// See the module.
pub static MEASURE: Measure =
    Measure { id: "compliance", asks, tables: |setting, answers| Ok(vec![rules(setting, answers)]) };

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    RULES.iter().map(|(_, metric, _)| setting.ask(metric, &[])).collect()
}

/// How many times a message broke a rule, as far as the log can tell.
#[must_use]
pub fn violations(setting: &Setting<'_>, answers: &Answers<'_>) -> u64 {
    let rows = RULES.iter().flat_map(|(_, metric, _)| answers.rows(&setting.ask(metric, &[])));
    rows.filter(|row| row.measurable).filter_map(|row| row.counts.rate()).map(|rate| rate.numerator).sum()
}

fn rules(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let mut columns: Vec<Column> = setting.by.iter().map(|name| Column::new(name)).collect();
    columns.extend(["rule", "checked", "violations", "rate", "text"].map(Column::new));
    let mut rows = Vec::new();
    for (name, metric, text) in RULES {
        for row in answers.rows(&setting.ask(metric, &[])) {
            let Counts::Rate(rate) = row.counts else { continue };
            let [checked, violations, share] = if row.measurable {
                let share = Value::Rate { rate, bound: row.bound };
                [Value::Count(rate.denominator), Value::Count(rate.numerator), share]
            } else {
                [Value::Unmeasurable, Value::Unmeasurable, Value::Unmeasurable]
            };
            let mut cells: Vec<Value> = row.segment.iter().map(|value| Value::name(value.as_deref())).collect();
            cells.extend([Value::word(name), checked, violations, share, Value::word(text)]);
            rows.push(Row { cells, n: row.measurable.then_some(rate.denominator), immature: false });
        }
    }
    Table { id: "rules", columns, rows, ..Table::default() }
}
