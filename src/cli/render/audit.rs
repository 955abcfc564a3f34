//! An audit as text for a terminal, as JSON and as CSV. Finds nothing.

use std::fmt::Write;

use serde_json::{Value, json};

use super::sheet::Sheet;
use crate::error::Result;
use crate::facts::audit::{Audit, Rule, Violation};
use crate::report::{self, disarmed};

const HEADER: [&str; 11] = [
    "at",
    "rule",
    "channel",
    "account",
    "contact",
    "campaign",
    "template",
    "category",
    "evidence_at",
    "source",
    "line",
];

/// One line per violation, then the counts.
pub(in crate::cli) fn table(audit: &Audit) -> String {
    let mut text = String::new();
    if !audit.violations.is_empty() {
        let mut sheet = Sheet::new(HEADER);
        for violation in &audit.violations {
            sheet.add_words(cells(violation).map(|cell| report::text::printable(&cell)));
        }
        let _ = writeln!(text, "{}", sheet.text());
    }
    for (rule, checked) in Rule::ALL.into_iter().zip(audit.checked) {
        let _ = match checked {
            0 => writeln!(text, "{}: n/a, no message could be checked", rule.name()),
            _ => writeln!(text, "{}: {} of {checked} messages checked", rule.name(), audit.broken(rule)),
        };
    }
    text
}

/// Counts per rule, and the violations.
pub(in crate::cli) fn json(audit: &Audit) -> Value {
    let rules = Rule::ALL.into_iter().zip(audit.checked).map(|(rule, checked)| {
        json!({ "rule": rule.name(), "checked": checked, "violations": (checked > 0).then(|| audit.broken(rule)) })
    });
    let violations = audit.violations.iter().map(|violation| {
        json!({
            "at": violation.at.to_string(),
            "rule": violation.rule.name(),
            "channel": violation.channel,
            "account": violation.account,
            "contact": violation.contact,
            "campaign": violation.campaign,
            "template": violation.template,
            "category": violation.category,
            "evidence_at": violation.evidence_at.map(|at| at.to_string()),
            "source": violation.source,
            "line": violation.line,
        })
    });
    json!({ "rules": rules.collect::<Vec<_>>(), "violations": violations.collect::<Vec<_>>() })
}

/// The violations, for a spreadsheet.
pub(in crate::cli) fn csv(audit: &Audit) -> Result<String> {
    super::csv_of(HEADER, audit.violations.iter().map(|violation| cells(violation).map(|cell| disarmed(&cell))))
}

fn cells(violation: &Violation) -> [String; HEADER.len()] {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        violation.at.to_string(),
        violation.rule.name().to_owned(),
        violation.channel.clone(),
        optional(&violation.account),
        violation.contact.clone(),
        optional(&violation.campaign),
        optional(&violation.template),
        optional(&violation.category),
        violation.evidence_at.map(|at| at.to_string()).unwrap_or_default(),
        violation.source.clone(),
        violation.line.to_string(),
    ]
}
