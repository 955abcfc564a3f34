//! Logs of all channels in one heap: recognised record by record, whatever lies beside them and however they are packed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::case::{Case, StoredRow, hand_written, relative, rows};

/// Everything of a row but the place of its record.
fn events(store: &Path) -> Vec<StoredRow> {
    let mut rows = rows(store);
    for row in &mut rows {
        row.remove("source");
        row.remove("line");
    }
    rows.sort();
    rows
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Counts of records by channel, as `--json` tells them.
fn channels(balance: &str) -> BTreeMap<String, u64> {
    let balance: serde_json::Value = serde_json::from_str(balance).unwrap();
    let mut sum = BTreeMap::new();
    for source in balance["sources"].as_array().unwrap() {
        for (channel, n) in source["channels"].as_object().unwrap() {
            *sum.entry(channel.clone()).or_default() += n.as_u64().unwrap();
        }
    }
    sum
}

#[test]
fn a_heap_of_all_channels_gives_the_store_that_they_give_one_by_one() {
    let case = Case::new();
    case.samples();
    let config = ["--config", "sample-data/trichter.toml", "--json"];
    let key = "7".repeat(64);
    case.write("key", &key);
    let ingest = |inputs: &[&str], store: &str| {
        let mut arguments = vec!["ingest"];
        arguments.extend(inputs);
        arguments.extend(["--store", store, "--key-file", "key"]);
        arguments.extend(config);
        case.ask(&arguments)
    };

    let mut one_by_one: BTreeMap<String, u64> = BTreeMap::new();
    for (number, path) in hand_written().iter().enumerate() {
        let name = relative(path);
        // Tables and chats are known by more than their records: what their files are called stays.
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(path).unwrap();
        let scrambled = format!("heap/{:02}/{file}", number * 37 % 100);
        match number % 3 {
            0 => case.write(&scrambled, &bytes),
            1 => case.write(&format!("{scrambled}.gz"), gzip(&bytes)),
            _ => case.write(&format!("{scrambled}.zst"), zstd::encode_all(bytes.as_slice(), 1).unwrap()),
        }
        for (channel, n) in channels(&ingest(&[&name], "apart")) {
            *one_by_one.entry(channel).or_default() += n;
        }
    }
    let heap = channels(&ingest(&["heap"], "together"));
    assert_eq!(heap, one_by_one);
    assert_eq!(events(&case.path("together")), events(&case.path("apart")));
}

/// Records of all channels that stand a line each, one after the other as they would come from one gateway.
#[test]
fn lines_of_all_channels_in_one_file_are_recognised_one_by_one() {
    let case = Case::new();
    case.samples();
    let is_lines = |path: &&std::path::PathBuf| path.extension().is_some_and(|extension| extension == "ndjson");
    let mut lines: Vec<String> = Vec::new();
    let mut inputs: Vec<String> = Vec::new();
    for path in hand_written().iter().filter(is_lines) {
        // A file whose first record is broken, or that is one document, is not a file of lines.
        let text = fs::read_to_string(path).unwrap();
        if path.file_name().unwrap() != "broken.ndjson" {
            lines.extend(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
            inputs.push(relative(path));
        }
    }
    // The same disorder each time.
    lines.sort_by_cached_key(|line| blake3::hash(line.as_bytes()).to_hex().to_string());
    case.write("heap.ndjson", lines.join("\n"));
    case.write("key", "7".repeat(64));
    let ingest = |inputs: &[&str], store: &str| {
        let mut arguments = vec!["ingest"];
        arguments.extend(inputs);
        arguments.extend(["--store", store, "--key-file", "key", "--config", "sample-data/trichter.toml", "--json"]);
        channels(&case.ask(&arguments))
    };
    let heap = ingest(&["heap.ndjson"], "together");
    assert_eq!(heap, ingest(&inputs.iter().map(String::as_str).collect::<Vec<_>>(), "apart"));
    assert!(heap.len() > 3, "{heap:?}");
    assert_eq!(events(&case.path("together")), events(&case.path("apart")));
}
