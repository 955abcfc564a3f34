//! Tests of the simulator as a whole: its laws, and that the logs are what they claim to be.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::log::Verdict;
use super::model::{CAMPAIGNS, Channel};
use super::*;

fn run(folder: &Path, contacts: u64, days: u32, seed: u64, channels: &[&str]) -> (Summary, Value) {
    let channels = channels.iter().map(|&name| name.to_owned()).collect();
    let summary = simulate(&Settings { contacts, days, seed, channels, out: folder.to_path_buf() }).unwrap();
    (summary, serde_json::from_slice(&fs::read(folder.join("truth.json")).unwrap()).unwrap())
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = fs::read_dir(folder.join("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    for name in ["trichter.toml", "truth.json"] {
        files.insert(name.into(), fs::read(folder.join(name)).unwrap());
    }
    files
}

fn share(truth: &Value, metric: &str) -> (u64, u64) {
    let total = &truth["metrics"][metric]["total"];
    (total["numerator"].as_u64().unwrap(), total["denominator"].as_u64().unwrap())
}

/// The sum of all values of an object.
fn sum(states: &Value) -> u64 {
    states.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum()
}

#[test]
fn equal_seeds_give_equal_bytes_and_other_seeds_other_bytes() {
    let (one, two, three) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(one.path(), 90, 20, 7, &[]);
    run(two.path(), 90, 20, 7, &[]);
    run(three.path(), 90, 20, 8, &[]);
    let (one, two, three) = (files(one.path()), files(two.path()), files(three.path()));
    assert!(one.len() >= 6, "four channels, rules and truth");
    assert!(one == two);
    for name in one.keys().filter(|name| *name != "trichter.toml") {
        assert!(one.get(name) != three.get(name), "{name}");
    }
}

#[test]
fn a_contacts_life_does_not_depend_on_the_number_of_contacts() {
    let calendar = Calendar::new(30).unwrap();
    let life = |contact| {
        let mut block = Block::new(1);
        let life = Life::draw(1, contact, Channel::WhatsApp, calendar);
        block.contact(contact);
        whatsapp::write(&life, &mut block).unwrap();
        block.in_order().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let before = life(5);
    assert_ne!(life(6), before);
    assert_eq!(life(5), before);
}

#[test]
fn the_truth_obeys_its_own_laws() {
    let folder = tempfile::tempdir().unwrap();
    let (summary, truth) = run(folder.path(), 4_000, 30, 11, &[]);
    let facts = &truth["facts"];
    let metrics = truth["metrics"].as_object().unwrap();
    for (name, metric) in metrics {
        let (numerator, denominator) = share(&truth, name);
        assert!(0 < denominator && numerator <= denominator, "{name}: {numerator}/{denominator}");
        for (columns, rows) in metric["by"].as_object().unwrap() {
            let whole = |field: &str| rows.as_object().unwrap().values().map(|row| row[field].as_u64().unwrap()).sum();
            assert_eq!((numerator, denominator), (whole("numerator"), whole("denominator")), "{name} by {columns}");
        }
    }
    // opened <= delivered <= sent.
    let (opened, delivered) = share(&truth, "open_rate");
    let (delivered_again, sent) = share(&truth, "delivery_rate");
    assert!(opened < delivered && delivered == delivered_again && delivered < sent);
    assert_eq!(share(&truth, "open_rate@sent"), (opened, sent));
    // Outcomes add up.
    let visits = &facts["visits"];
    assert_eq!(share(&truth, "question_open_rate"), (visits["open"].as_u64().unwrap(), sum(visits)));
    let causes: u64 = ["silent", "opted_out", "handed_over", "failed"]
        .into_iter()
        .map(|cause| share(&truth, &format!("question_{cause}_rate")).0)
        .sum();
    assert_eq!(share(&truth, "question_drop_off_rate"), (causes, sum(visits) - visits["open"].as_u64().unwrap()));
    assert_eq!(truth["answer_seconds"][""]["n"], visits["answered"]);
    let (handed_over, talks) = share(&truth, "handover_rate");
    let (contained, of) = share(&truth, "containment_rate");
    // Who took over may write later, when the contact comes back.
    assert!(of == talks && contained <= talks - handed_over && contained > talks - 2 * handed_over);
    for outcome in ["completed", "opted_out", "handed_over", "open", "abandoned"] {
        assert!(facts["conversations"][outcome].as_u64() > Some(0), "{outcome}");
    }
    // A message can lose its contact twice, softly and then for good.
    let (any, soft, hard) = (
        share(&truth, "unsubscribe_rate").0,
        share(&truth, "soft_unsubscribe_rate").0,
        share(&truth, "hard_unsubscribe_rate").0,
    );
    assert!(any <= soft + hard && soft + hard <= sum(&facts["opt_outs"]));
    assert_eq!(sum(&facts["contacts"]), 4_001);
    assert_eq!(summary.contacts, 4_001);
}

#[test]
fn drawn_rates_scatter_around_the_models() {
    let folder = tempfile::tempdir().unwrap();
    let (_, truth) = run(folder.path(), 8_000, 30, 3, &[]);
    let mut n_checked = 0;
    for (metric, expected) in truth["expected"].as_object().unwrap() {
        let by = expected["by"].as_str().unwrap();
        for (segment, probability) in expected["values"].as_object().unwrap() {
            let probability = probability.as_f64().unwrap();
            let Some(row) = truth["metrics"][metric]["by"][by].get(segment) else { continue };
            let (numerator, n) = (row["numerator"].as_f64().unwrap(), row["denominator"].as_f64().unwrap());
            // Five standard deviations, and one row for the coarseness of counts.
            let bound = 5.0 * (n * probability * (1.0 - probability)).sqrt() + 1.0;
            assert!((numerator - n * probability).abs() <= bound, "{metric} {segment}: {numerator}/{n}, {probability}");
            n_checked += usize::from(n > 100.0);
        }
    }
    assert!(n_checked > 200, "{n_checked}");
}

#[test]
fn every_line_is_json_but_the_counted_junk() {
    let folder = tempfile::tempdir().unwrap();
    let (summary, truth) = run(folder.path(), 600, 20, 5, &[]);
    let mut channels: BTreeMap<&str, Records> = BTreeMap::new();
    for (name, bytes) in files(folder.path()) {
        let Some((channel, _)) = name.split_once('-') else { continue };
        let channel = Channel::named(channel).unwrap();
        let junk = log::junk(channel);
        let counted = channels.entry(channel.name()).or_default();
        for line in str::from_utf8(&bytes).unwrap().lines() {
            counted.received += 1;
            match junk.iter().find(|(_, text)| *text == line) {
                Some((Verdict::Ignored, _)) => counted.ignored += 1,
                Some((Verdict::Rejected, _)) => counted.rejected += 1,
                None => {
                    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                    if let Some(body) = value.get("body").and_then(Value::as_str) {
                        assert!(serde_json::from_str::<Value>(body).unwrap().is_object());
                    }
                    counted.accepted += 1;
                }
            }
        }
    }
    for (&channel, counted) in &channels {
        let said = &truth["records"][channel];
        assert_eq!(said["received"], counted.received, "{channel}");
        assert_eq!(said["accepted"], counted.accepted, "{channel}");
        assert_eq!(said["ignored"], counted.ignored, "{channel}");
        assert_eq!(said["rejected"], counted.rejected, "{channel}");
        assert!(said["copies"].as_u64() > Some(0), "{channel}");
    }
    let n_lines: u64 = channels.values().map(|counted| counted.received).sum();
    assert_eq!(n_lines, summary.records);
}

#[test]
fn acts_of_a_contact_never_share_a_moment_and_conversations_never_merge() {
    use life::{Act, DAY, SECOND};
    for days in [18, 31] {
        let calendar = Calendar::new(days).unwrap();
        for contact in 0..4_000 {
            let channel = Channel::ALL[usize::try_from(contact % 4).unwrap()];
            let life = Life::draw(9, contact, channel, calendar);
            let receipt = |act: &Act| matches!(act, Act::Delivered | Act::Opened | Act::Failed(_) | Act::Resumed);
            let acts: Vec<_> = life.steps.iter().filter(|step| !receipt(&step.act)).collect();
            for pair in acts.windows(2) {
                let [before, after] = pair else { panic!("windows of two") };
                let pause = after.at - before.at;
                assert!(pause >= 2 * SECOND, "{contact}: {:?} then {:?}", before.act, after.act);
                if before.conversation == after.conversation {
                    assert!(pause < DAY, "{contact}");
                } else {
                    assert!(pause > DAY, "{contact}");
                }
            }
            assert!(life.steps.iter().all(|step| step.at < calendar.end()));
        }
    }
}

#[test]
fn campaigns_keep_their_distance_and_the_last_one_is_cut_by_the_end() {
    for days in 2..400 {
        let calendar = Calendar::new(days).unwrap();
        let begins: Vec<_> = calendar.campaigns().map(|(_, at)| at).collect();
        assert!(begins.windows(2).all(|pair| pair[1] - pair[0] >= 4 * life::DAY), "{days}");
        assert_eq!(calendar.end() - begins.last().unwrap(), 42 * life::HOUR, "{days}");
        assert_eq!(begins.len() == CAMPAIGNS.len(), days >= 18, "{days}");
    }
    assert!(Calendar::new(1).is_none());
}

#[test]
fn only_the_channels_asked_for_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let (_, truth) = run(folder.path(), 40, 9, 1, &["telegram"]);
    let names: Vec<String> = files(folder.path()).into_keys().collect();
    assert_eq!(names, ["telegram-001.ndjson", "trichter.toml", "truth.json"]);
    assert_eq!(truth["metrics"]["open_rate"]["total"]["denominator"], 0);
}

#[test]
fn logs_of_another_run_are_not_mixed_in() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 4, 9, 1, &[]);
    let again = Settings { contacts: 4, days: 9, seed: 1, channels: Vec::new(), out: folder.path().to_path_buf() };
    assert!(simulate(&again).unwrap_err().to_string().contains("is not empty"));
}

#[test]
fn a_channel_that_cannot_be_simulated_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        contacts: 1,
        days: 9,
        seed: 1,
        channels: vec!["telegramm".into()],
        out: folder.path().to_path_buf(),
    };
    assert_eq!(simulate(&settings).unwrap_err().to_string(), "no channel 'telegramm'");
}
