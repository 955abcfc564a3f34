//! Rejected records: whether more of what came was refused than is allowed. Knows counts, not why a record was refused.

use std::collections::BTreeMap;

use super::{Arrivals, Figures, Finding, Findings, Judged, Kind, Night, State, Verdict};
use crate::config::alert::{Condition, Rejects};
use crate::config::{Alert, Percent};
use crate::metrics::Rate;
use crate::rate::as_f64;
use crate::store::Commit;

/// Judges what this run brought; without one, everything that came since the last time, and at first what came last.
pub(super) fn judge(night: &Night<'_>, state: &State, findings: &mut Findings) {
    for alert in &night.config.alert {
        let Condition::Rejects(rejects) = alert.condition else { continue };
        let (rate, version) = match night.arrivals {
            Arrivals::Run(rate) => (rate, night.snapshot.version()),
            Arrivals::Log(commits) => {
                let known = state.judged(&alert.name).and_then(|version| version.parse().ok());
                let Some(came) = came(commits, known) else { continue };
                came
            }
        };
        if rate.denominator > 0 {
            let period = version.to_string();
            findings.found.push(found(alert, rejects, rate, period.clone()));
            findings.judged.push(Judged { name: alert.name.clone(), forgets_before: String::new(), period });
        }
    }
}

/// The records of all commits after this one, with the newest.
fn came(commits: &[Commit], known: Option<u64>) -> Option<(Rate, u64)> {
    let told = || commits.iter().filter_map(|commit| Some((commit.version, commit.ledger.as_ref()?)));
    let newest = told().map(|(version, _)| version).max()?;
    let is_new = |version: u64| known.map_or(version == newest, |known| version > known);
    let mut rate = Rate::default();
    for (_, ledger) in told().filter(|(version, _)| is_new(*version)) {
        let denominator = ledger.accepted + ledger.ignored + ledger.rejected;
        rate.add(Rate { numerator: ledger.rejected, denominator });
    }
    Some((rate, newest))
}

fn found(alert: &Alert, rejects: Rejects, rate: Rate, period: String) -> Finding {
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
    Finding { name, kind: Kind::Rejects, segment, period, figures, verdict }
}
