//! Compliance: how many messages broke which rule.

use super::{Column, Measure, Row, Setting, Table, Value};
use crate::metrics::{Answers, Ask, Counts};

/// The rules: name, metric that counts it, what it asks for.
const RULES: [(&str, &str, &str); 3] = [
    (
        "Opt-outs are kept",
        "sent_after_opt_out_rate",
        "After an opt-out nothing is sent, but one confirmation that is no marketing; a stop of marketing forbids marketing alone.",
    ),
    (
        "Service windows are kept",
        "outside_window_rate",
        "Free-form messages are sent inside the channel's window after an act of the contact; templates at any time.",
    ),
    ("Marketing has an opt-in", "without_opt_in_rate", "Marketing goes to contacts of whom an opt-in is known."),
];

/// See the module.
pub static MEASURE: Measure = Measure {
    id: "compliance",
    name: "Permission and compliance",
    meaning: "How many messages were held against each rule, and how many broke it.",
    formula: "messages that break the rule / messages that it was held against",
    unit: "messages",
    follows: "policies of the platforms, dated in src/facts/rules.toml; [compliance] in trichter.toml",
    caveat: "A rule that the log cannot tell of is n/a, which is not the same as kept. 'trichter audit' lists the messages.",
    asks,
    tables: |setting, answers| Ok(vec![rules(setting, answers)]),
};

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
    let own = [("rule", "Rule"), ("checked", "Messages checked"), ("violations", "Violations")];
    let mut columns: Vec<Column> = setting.by.iter().map(|name| Column::new(name, name)).collect();
    columns.extend(own.map(|(name, title)| Column::new(name, title)));
    columns.extend([Column::new("rate", "Share"), Column::new("text", "What it asks for")]);
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
            cells.extend([Value::Text(name.into()), checked, violations, share, Value::Text(text.into())]);
            rows.push(Row { cells, n: row.measurable.then_some(rate.denominator), immature: false });
        }
    }
    Table { id: "rules", columns, rows, ..Table::default() }
}
