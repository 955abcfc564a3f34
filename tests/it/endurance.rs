//! Hard times: broken inputs, a line without end, forbidden files, and an ingest that is killed again and again.

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use super::case::{Case, files_below};
use super::shapes::{Balance, balance, ledger};

#[test]
fn bad_inputs_are_counted_and_the_run_goes_on() {
    let case = Case::new();
    let good = r#"{"kind":"message_sent","at":1772438400,"contact_id":"k-1","message_id":"m1"}"#;
    let gz = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        for n in 0..20_000 {
            writeln!(encoder, r#"{{"kind":"message_sent","at":{},"contact_id":"gz-{n}"}}"#, 1_772_438_400 + n).unwrap();
        }
        encoder.finish().unwrap()
    };
    let garbage: Vec<u8> = (0..50_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let deep = format!("{}\n{}{}\n", "[".repeat(100_000), "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let files: &[(&str, &[u8])] = &[
        ("bad/cut.ndjson.gz", &gz[..gz.len() / 2]),
        ("bad/deep.ndjson", deep.as_bytes()),
        ("bad/empty.ndjson", b""),
        ("bad/garbage.ndjson", &garbage),
        ("bad/good.ndjson", good.as_bytes()),
        ("bad/not-gz.ndjson.gz", b"plain text under a false name\n"),
        ("bad/nul.ndjson", b"\0\0\0\0\n{\"kind\":\"message_sent\",\"at\":1772438400,\"contact_id\":\"a\\u0000b\"}\n\0"),
        ("bad/page.pdf", b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"),
        ("bad/table.csv", b"kind,at,contact_id\n\"message_sent,1772438400,k-9\nmessage_sent,1772438400\n"),
        ("bad/utf16.ndjson", &utf16),
    ];
    for (name, bytes) in files {
        case.write(name, bytes);
    }
    let ran = case.run(&["ingest", "bad", "--store", "store", "--json", "--rejects", "rejects.ndjson"]);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    let balance = balance(ran);
    let of = |name: &str| balance.sources.iter().find(|source| source.name == format!("bad/{name}")).unwrap();
    assert_eq!(balance.sources.len(), files.len());
    assert_eq!((of("good.ndjson").accepted, of("empty.ndjson").received), (1, 0));
    assert!(of("cut.ndjson.gz").accepted > 1_000, "what is whole of a cut file is read");
    for name in ["deep.ndjson", "garbage.ndjson", "not-gz.ndjson.gz", "nul.ndjson", "page.pdf", "utf16.ndjson"] {
        assert!(of(name).rejected > 0, "{name}: {:?}", of(name));
    }
    let rejects = fs::read_to_string(case.path("rejects.ndjson")).unwrap();
    assert_eq!(rejects.lines().count() as u64, balance.records.rejected);
}

#[cfg(unix)]
#[test]
fn files_that_may_not_be_read_are_counted_and_named() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::new();
    let line = r#"{"kind":"message_sent","at":1772438400,"contact_id":"k"}"#;
    case.write("logs/closed.ndjson", line);
    case.write("logs/open.ndjson", line);
    fs::set_permissions(case.path("logs/closed.ndjson"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(case.path("logs/closed.ndjson")).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let ran = case.run(&["ingest", "logs", "--store", "store", "--json"]);
    assert!(ran.stderr.contains("logs/closed.ndjson"), "{}", ran.stderr);
    assert_eq!(balance(ran).reasons.get("unreadable"), Some(&1));
}

#[test]
fn a_line_of_three_hundred_megabytes_is_refused_in_little_memory() {
    let case = Case::new();
    let mut file = std::io::BufWriter::new(fs::File::create(case.path("long.ndjson")).unwrap());
    file.write_all(br#"{"kind":"message_sent","text":""#).unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..300 {
        file.write_all(&piece).unwrap();
    }
    file.write_all(b"\"}\n").unwrap();
    file.write_all(br#"{"kind":"message_sent","at":1772438400,"contact_id":"k"}"#).unwrap();
    drop(file);
    let mut command = case.command(&["ingest", "long.ndjson", "--store", "store", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak_kb =
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak_kb).max(peak_kb);
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let balance: Balance = serde_json::from_str(&text).unwrap();
    assert_eq!((balance.records.accepted, balance.records.rejected), (1, 1));
    assert_eq!(balance.reasons.get("too_long"), Some(&1));
    // Where there is no /proc the peak stays unknown.
    assert!(peak_kb < 150_000, "{peak_kb} kB for one line of 307 200 kB");
}

#[test]
fn a_killed_ingest_leaves_a_store_that_the_next_one_completes() {
    let case = Case::new();
    case.simulate("3000");
    let ingest = |store| vec!["ingest", "sim/logs", "--store", store, "--config", "sim/trichter.toml", "--json"];
    let began = std::time::Instant::now();
    let clean = balance(case.run(&ingest("clean")));
    let whole = began.elapsed();
    let mut n_killed = 0;
    for part in 1..=6 {
        let mut child = case.command(&ingest("killed")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * part / 7);
        child.kill().unwrap();
        n_killed += u32::from(!child.wait().unwrap().success());
        if case.path("killed/events/_delta_log").is_dir() {
            let ran = case.run(&["query", "delivery_rate", "--store", "killed", "--format", "json"]);
            // Killed while the table was being made, the store is not there yet.
            assert!(ran.code == Some(0) || ran.stderr.contains("no store"), "{}", ran.stderr);
        }
    }
    assert!(n_killed >= 3, "most runs ended before they were killed");
    let completed = balance(case.run(&ingest("killed")));
    assert_eq!(completed.records, clean.records);
    assert_eq!(completed.events.found, clean.events.found);
    assert_eq!(case.answers("killed"), case.answers("clean"));
    assert_eq!(ledger(&case, "killed"), ledger(&case, "clean"));
    // What the killed ones left lies beside the table; vacuum takes it away and nothing else.
    case.ask(&["store", "vacuum", "--store", "killed", "--keep", "0"]);
    let count = |store: &str| {
        files_below(&case.path(store))
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
            .count()
    };
    assert_eq!(count("killed"), count("clean"));
    assert_eq!(case.answers("killed"), case.answers("clean"));
}

#[test]
fn a_contact_with_very_many_conversations_costs_no_more_for_each() {
    let case = Case::new();
    // 60 000 questions, each in a conversation of its own, of 5 000 accounts. Work that grew with their square took minutes.
    let line = |n: u32| {
        let (at, account, question) = (1_700_000_000 + 100 * n, n % 5_000, n % 7);
        format!(
            r#"{{"kind":"question_asked","at":{at},"contact_id":"k","account":"a{account}","flow":"f","question":"q{question}"}}"#
        )
    };
    case.write("log.ndjson", (0..60_000).map(line).collect::<Vec<_>>().join("\n"));
    case.write("trichter.toml", "[windows]\nsession_gap = \"60s\"\nopening = \"30s\"\n");
    case.ask(&["ingest", "log.ndjson", "--config", "trichter.toml", "--store", "store", "--quiet"]);
    let began = std::time::Instant::now();
    let metrics = ["question_loop_rate", "question_furthest_rate", "human_response_seconds"];
    case.ask(&[&["query"], &metrics[..], &["--store", "store", "--config", "trichter.toml"]].concat());
    // A tenth of this is enough on a machine that has nothing else to do.
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}
