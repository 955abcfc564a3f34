//! Real payloads of other people's test suites: each is recognised as what it is, and none gets lost.
//!
//! They lie in the folder that `TRICHTER_PAYLOADS` names, a folder for each channel.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use trichter::channels::{ALL, Arena, Value, form, parse, xml};

use super::case::{Case, files_below};
use super::channels::parse_value_everywhere;

/// What the folders of payloads are called where that is not the channel's name.
const FOLDERS: &[(&str, &str)] = &[("bsp_ringcentral", "ringcentral")];

/// The payloads, or nothing if there are none here, which is said aloud.
fn payloads() -> Vec<(String, PathBuf)> {
    let Some(folder) = std::env::var_os("TRICHTER_PAYLOADS") else {
        eprintln!("skipped: TRICHTER_PAYLOADS names no folder, so no real payloads were tried");
        return Vec::new();
    };
    let folder = Path::new(&folder);
    let files = files_below(folder).into_iter();
    files
        .filter_map(|path| {
            let channel = path.strip_prefix(folder).unwrap().components().next()?.as_os_str().to_str()?.to_owned();
            let channel = FOLDERS.iter().find(|(name, _)| *name == channel).map_or(channel, |(_, name)| (*name).into());
            path.parent().is_some_and(|parent| parent != folder).then_some((channel, path))
        })
        .collect()
}

#[test]
fn payloads_are_recognised_as_what_they_are_and_every_record_is_accounted_for() {
    let case = Case::new();
    let mut table: BTreeMap<String, [u64; 5]> = BTreeMap::new();
    let (mut others, mut mistaken) = (Vec::new(), Vec::<String>::new());
    for (channel, path) in payloads() {
        let name = path.display().to_string();
        let told = case.ask(&["check", &name, "--json", "--timezone", "UTC", "--quiet"]);
        let balance: serde_json::Value = serde_json::from_str(&told).unwrap();
        let number = |part: &str, key: &str| balance[part][key].as_u64().unwrap();
        let [received, accepted, ignored, rejected] =
            ["received", "accepted", "ignored", "rejected"].map(|key| number("records", key));
        assert_eq!(received, accepted + ignored + rejected, "{name}");
        assert_eq!(number("events", "found"), number("events", "stored") + number("events", "duplicates"), "{name}");
        let reasons: u64 = balance["reasons"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(reasons, ignored + rejected, "{name}");
        let found = balance["sources"][0]["channels"].as_object().unwrap().clone();
        let is_own = found.get(&channel).and_then(serde_json::Value::as_u64).unwrap_or_default();
        if found.keys().any(|other| *other != channel) || is_own == 0 {
            others.push(format!("{name}: {:?} {:?}", found.keys().collect::<Vec<_>>(), balance["reasons"]));
            // Without this word Messenger's envelope and Instagram's are one.
            let is_ambiguous = channel == "instagram" && !fs::read_to_string(&path).unwrap().contains("\"object\"");
            mistaken.extend((!found.is_empty() && !is_ambiguous).then_some(name));
        }
        let row = table.entry(channel).or_default();
        for (sum, n) in row.iter_mut().zip([received, accepted, ignored, rejected, number("events", "found")]) {
            *sum += n;
        }
    }
    if table.is_empty() {
        return;
    }
    eprintln!(
        "{:<18} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "channel", "received", "accepted", "ignored", "rejected", "events"
    );
    for (channel, counts) in &table {
        let [received, accepted, ignored, rejected, events] = counts;
        eprintln!("{channel:<18} {received:>8} {accepted:>8} {ignored:>8} {rejected:>8} {events:>8}");
    }
    eprintln!("not recognised as their folder's channel:\n{}", others.join("\n"));
    assert!(mistaken.is_empty(), "recognised as another channel: {mistaken:#?}");
}

/// A payload's bytes as a value, as framing would hand it on.
fn value<'a>(bytes: &'a [u8], arena: &'a Arena) -> Option<Value<'a>> {
    let text = str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim();
    match text.as_bytes().first()? {
        b'<' => xml::parse(text, arena).ok(),
        b'{' | b'[' => parse(text, arena).ok(),
        _ if form::is_form(text) => Some(form::parse(text, arena)),
        _ => Some(Value::Str(text)),
    }
}

#[test]
fn each_payload_is_at_most_one_channels() {
    for (_, path) in payloads() {
        let bytes = fs::read(&path).unwrap();
        let arena = Arena::default();
        if let Some(value) = value(&bytes, &arena) {
            let known = super::channels::recognised_by(&value);
            assert!(known.len() < 2, "{}: {known:?}", path.display());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn payloads_that_are_cut_off_doubled_or_flipped_make_no_channel_panic(
        pick in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        doubled in any::<bool>(),
    ) {
        let payloads = payloads();
        if payloads.is_empty() {
            return Ok(());
        }
        let mut bytes = fs::read(&pick.get(&payloads).1).unwrap();
        if bytes.is_empty() {
            return Ok(());
        }
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if doubled {
            bytes = [bytes.as_slice(), bytes.as_slice()].concat();
        } else {
            bytes.truncate(cut.index(bytes.len()) + 1);
        }
        let arena = Arena::default();
        if let Some(value) = value(&bytes, &arena) {
            parse_value_everywhere(&value, &arena)?;
        }
        prop_assert!(!ALL.is_empty());
    }
}
