//! A run as metrics for Prometheus, in the text format that its node exporter picks up from files
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use super::Manifest;

/// The metrics of a run.
#[must_use]
pub fn text(manifest: &Manifest) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: Vec<(String, f64)>| {
        if samples.is_empty() {
            return;
        }
        text.extend([format!("# HELP trichter_{name} {help}\n# TYPE trichter_{name} gauge\n")]);
        for (labels, value) in samples {
            text.extend([format!("trichter_{name}{labels} {value}\n")]);
        }
    };
    let plain = |value: f64| vec![(String::new(), value)];
    let at = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|at| count(at.as_second().unsigned_abs()));
    let is_well = u8::from(matches!(manifest.outcome.as_str(), "done" | "limit_missed"));
    family(
        "last_run_began_seconds",
        "When the last run began, Unix time.",
        at(&manifest.began_at).into_iter().flat_map(plain).collect(),
    );
    let ended = manifest.ended_at.as_deref().and_then(at);
    family(
        "last_run_ended_seconds",
        "When the last run ended, Unix time.",
        ended.into_iter().flat_map(plain).collect(),
    );
    family("last_run_succeeded", "Whether the last run did all its work: 1 or 0.", plain(f64::from(is_well)));
    let outcome = labels(&[("outcome", &manifest.outcome)]);
    family("last_run_outcome", "How the last run ended; always 1.", vec![(outcome, 1.0)]);
    let steps = manifest.steps.iter().map(|step| (labels(&[("step", &step.name)]), step.seconds)).collect();
    family("last_run_step_seconds", "How long each step of the last run took.", steps);
    let failed = manifest
        .steps
        .iter()
        .map(|step| (labels(&[("step", &step.name)]), f64::from(u8::from(step.outcome == "failed"))));
    family("last_run_step_failed", "Whether a step of the last run failed: 1 or 0.", failed.collect());
    let of_balance = |part: &str, names: &[&str]| {
        let part = manifest.balance.as_ref().and_then(|balance| balance.get(part));
        let value = |name: &&str| Some((labels(&[("outcome", name)]), part?.get(*name)?.as_f64()?));
        names.iter().filter_map(value).collect::<Vec<_>>()
    };
    let records = of_balance("records", &["received", "accepted", "ignored", "rejected"]);
    family("last_run_records", "Records that the last run read, and what became of them.", records);
    let events = of_balance("events", &["found", "stored", "duplicates"]);
    family("last_run_events", "Events that the last run found, and what became of them.", events);
    let held: u64 = manifest.inputs.iter().map(|input| input.held_back).sum();
    family("last_run_held_back_bytes", "Bytes of logs that were left for the next run.", plain(count(held)));
    let mut inputs: Vec<(String, f64)> = ["read", "continued", "put_off", "unreadable"]
        .map(|step| {
            let n = manifest.inputs.iter().filter(|input| input.step == step).count();
            (labels(&[("step", step)]), count(n as u64))
        })
        .to_vec();
    inputs.push((labels(&[("step", "unchanged")]), count(manifest.n_unchanged as u64)));
    family("last_run_inputs", "Logs by what the last run did with them.", inputs);
    family("store_events", "Events in the store.", plain(count(manifest.store.n_events)));
    family("store_bytes", "Bytes of the store's data files.", plain(count(manifest.store.n_bytes)));
    family("store_files", "Data files of the store.", plain(count(manifest.store.n_files)));
    let version = manifest.store.after.map(count);
    family("store_version", "Version of the store.", version.into_iter().flat_map(plain).collect());
    let fresh = manifest.freshness.iter().filter_map(|fresh| {
        let account = fresh.account.as_deref().unwrap_or_default();
        Some((labels(&[("channel", &fresh.channel), ("account", account)]), at(&fresh.last_event_at)?))
    });
    family("last_event_seconds", "When the latest event of a source was, Unix time.", fresh.collect());
    text
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn count(n: u64) -> f64 {
    n as f64
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::super::manifest::{Fresh, Step};
    use super::*;

    #[test]
    fn every_family_is_told_once_and_labels_are_escaped() {
        let manifest = Manifest {
            began_at: "2026-05-01T02:00:00Z".into(),
            outcome: "done".into(),
            steps: vec![Step { name: "ingest".into(), outcome: "done".into(), seconds: 1.5, error: None }],
            freshness: vec![Fresh {
                channel: "whatsapp".into(),
                account: Some("a\"b".into()),
                last_event_at: "2026-04-30T23:00:00Z".into(),
            }],
            ..Manifest::default()
        };
        let text = text(&manifest);
        assert!(text.contains("trichter_last_run_began_seconds 1777600800\n"), "{text}");
        assert!(text.contains("trichter_last_run_step_seconds{step=\"ingest\"} 1.5\n"), "{text}");
        assert!(text.contains("trichter_last_event_seconds{channel=\"whatsapp\",account=\"a\\\"b\"} 1777590000\n"));
        let mut types: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        let n = types.len();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), n);
    }
}
