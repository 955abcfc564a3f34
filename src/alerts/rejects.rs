//! Rejected records: whether more of what came was refused than is allowed. Knows counts, not why a record was refused.

use std::collections::BTreeMap;

use super::{Figures, Finding, Findings, Judged, Kind, Night, State, Verdict};
use crate::config::alert::{Condition, Rejects};
use crate::config::{Alert, Percent};
use crate::metrics::Rate;
use crate::rate::as_f64;
use crate::store::Ledger;

/// Judges everything that came since the last time; at first, what came last.
pub(super) fn judge(night: &Night<'_>, state: &State, findings: &mut Findings) {
    for alert in &night.config.alert {
        let Condition::Rejects(rejects) = alert.condition else { continue };
        let known: Option<u64> = state.judged(&alert.name).and_then(|version| version.parse().ok());
        let newest = night.arrivals.iter().map(|arrival| arrival.version).max();
        let Some(newest) = newest.filter(|newest| known.is_none_or(|known| *newest > known)) else { continue };
        let mut sum = Ledger::default();
        let is_new = |version: u64| known.map_or(version == newest, |known| version > known);
        night.arrivals.iter().filter(|arrival| is_new(arrival.version)).for_each(|arrival| sum.add(&arrival.ledger));
        findings.found.push(found(alert, rejects, &sum, newest));
        let period = newest.to_string();
        findings.judged.push(Judged { name: alert.name.clone(), forgets_before: String::new(), period });
    }
}

fn found(alert: &Alert, rejects: Rejects, sum: &Ledger, version: u64) -> Finding {
    let rate = Rate { numerator: sum.rejected, denominator: sum.accepted + sum.ignored + sum.rejected };
    let (limit, verdict) = match rejects {
        Rejects::Count(most) if rate.numerator > most => (as_f64(most), Verdict::Beyond),
        Rejects::Count(most) => (as_f64(most), Verdict::Within),
        Rejects::Share(Percent(most)) => {
            let is_above = rate.value().is_some_and(|share| share > most);
            let is_certain = rate.interval().is_some_and(|(low, _)| low > most);
            let verdict = match (is_above, is_certain) {
                (true, true) => Verdict::Beyond,
                (true, false) => Verdict::Between,
                (false, _) => Verdict::Within,
            };
            (most, verdict)
        }
    };
    let figures = Figures {
        numerator: rate.numerator,
        denominator: Some(rate.denominator),
        value: rate.value(),
        interval: rate.interval(),
        limit: Some(limit),
        ..Figures::default()
    };
    let (name, segment) = (alert.name.clone(), BTreeMap::new());
    Finding { name, kind: Kind::Rejects, segment, period: version.to_string(), figures, verdict }
}
