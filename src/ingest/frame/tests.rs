//! Tables of sources and the records that they hold, and what must hold for any bytes.

use std::io::Write;

use proptest::prelude::*;

use super::*;

/// A source whose reads come in pieces, and which may fail at its end.
struct Pieces {
    bytes: io::Cursor<Vec<u8>>,
    sizes: Vec<usize>,
    n: usize,
    fails: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.n += 1;
        let size = self.sizes.get(self.n % self.sizes.len().max(1)).copied().unwrap_or(usize::MAX);
        let wanted = buffer.len().min(size.max(1));
        match self.bytes.read(&mut buffer[..wanted])? {
            0 if self.fails && !buffer.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            n => Ok(n),
        }
    }
}

struct Case<'a> {
    name: &'a str,
    limit: usize,
    block: usize,
    sizes: Vec<usize>,
    fails: bool,
}

const USUAL: Case<'static> = Case { name: "log", limit: LIMIT, block: BLOCK, sizes: Vec::new(), fails: false };

/// Every record as `line record` or `line !reason excerpt`; an error of the source as `error`.
fn frame(case: &Case<'_>, bytes: &[u8]) -> Vec<String> {
    let pieces = Pieces { bytes: io::Cursor::new(bytes.to_vec()), sizes: case.sizes.clone(), n: 0, fails: case.fails };
    collect(Chunks::with_block(
        Opened::Bytes(Box::new(pieces)),
        case.name,
        case.limit,
        &Buffers::default(),
        &|_| false,
        case.block,
    ))
}

fn collect(chunks: Chunks) -> Vec<String> {
    let mut found = Vec::new();
    for chunk in chunks {
        match chunk {
            Ok(chunk) => chunk.records(&|_| false, |framed| {
                found.push(match framed.found {
                    Ok(value) => format!("{} {}", framed.line, serde_json::to_string(value).unwrap()),
                    Err(reason) => {
                        format!("{} !{} {}", framed.line, reason.code(), framed.excerpt()).trim_end().to_owned()
                    }
                });
            }),
            Err(_) => found.push("error".into()),
        }
    }
    found
}

/// The same records must come out whatever the size of blocks and reads.
fn check_as(name: &str, text: impl AsRef<[u8]>, expected: &[&str]) {
    let text = text.as_ref();
    for block in [1, 2, 7, 64, BLOCK] {
        for sizes in [vec![], vec![1], vec![3, 1, 20]] {
            let found = frame(&Case { name, block, sizes, ..USUAL }, text);
            assert_eq!(found, expected, "blocks of {block}: {}", String::from_utf8_lossy(text));
        }
    }
}

fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    check_as("log", text, expected);
}

fn form_of(name: &str, text: &[u8]) -> Form {
    Chunks::new(Opened::Bytes(Box::new(io::Cursor::new(text.to_vec()))), name, LIMIT, &Buffers::default(), &|_| false)
        .form()
}

#[test]
fn a_line_is_a_record_and_a_blank_line_is_none() {
    check("{\"a\":1}\n\n  \r\n{\"a\":2}\r\n{\"a\":3}", &["1 {\"a\":1}", "4 {\"a\":2}", "5 {\"a\":3}"]);
    check("\n\n{\"a\":1}\n", &["3 {\"a\":1}"]);
    check("", &[]);
    check(" \n\n", &[]);
}

#[test]
fn a_document_of_any_length_is_read_in_pieces_that_fit() {
    let messages: Vec<String> = (0..500).map(|id| format!(r#"{{"id":{id},"text":"[{{"}}"#)).collect();
    let text = format!("{{\n\"id\":7,\n\"messages\":[\n{}\n]\n}}\n{{\n\"next\":1}}\n", messages.join(",\n"));
    let found = frame(&Case { limit: 1000, block: 256, ..USUAL }, text.as_bytes());
    assert!(found.len() > 10);
    let mut ids = Vec::new();
    for record in &found[..found.len() - 1] {
        let (_, json) = record.split_once(' ').unwrap();
        let piece: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(piece["id"], 7);
        ids.extend(piece["messages"].as_array().unwrap().iter().map(|message| message["id"].as_u64().unwrap()));
    }
    assert_eq!(ids, (0..500).collect::<Vec<u64>>());
    assert_eq!(found.last().map(String::as_str), Some("506 {\"next\":1}"));
}

#[test]
fn byte_order_marks_are_dropped_wherever_files_were_joined() {
    check("\u{feff}{\"a\":1}\n\u{feff}{\"a\":2}\n", &["1 {\"a\":1}", "2 {\"a\":2}"]);
    check("\u{feff}{\n\"a\":1}\n\u{feff}{\"a\":2}\n", &["1 {\"a\":1}", "3 {\"a\":2}"]);
}

#[test]
fn bad_lines_are_refused_one_by_one_and_the_rest_goes_on() {
    check(
        "{\"a\":1}\nhello\n{\"a\":\n{\"a\":2}}\n{\"a\":3}\n",
        &["1 {\"a\":1}", "2 \"hello\"", "3 !truncated {\"a\":", "4 !not_json {\"a\":2}}", "5 {\"a\":3}"],
    );
    check(
        b"{\"a\":1}\n{\"a\":\"\xff\"}\n{\"a\":\0}\n{\"a\":2}\n",
        &["1 {\"a\":1}", "2 !not_utf8 {\"a\":\"\u{fffd}\"}", "3 !not_json {\"a\": }", "4 {\"a\":2}"],
    );
    check("started at noon\n{\"a\":1}\n", &["1 \"started at noon\"", "2 {\"a\":1}"]);
    check("[2024-05-01 10:00] started\n{\"a\":1}\n", &["1 !not_json [2024-05-01 10:00] started", "2 {\"a\":1}"]);
}

#[test]
fn a_first_line_that_was_cut_off_does_not_decide_the_form() {
    check(
        "{\"a\":\"cut\n{\"a\":1}\nx\n{\"a\":2}\n",
        &["1 !truncated {\"a\":\"cut", "2 {\"a\":1}", "3 \"x\"", "4 {\"a\":2}"],
    );
    assert_eq!(form_of("log", b"{\"a\":\"cut\n{\"a\":1}\n"), Form::Lines);
}

#[test]
fn nesting_beyond_the_parsers_depth_is_too_deep_in_every_form() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(3000), "]".repeat(3000));
    let refused = format!("!too_deep {}", deep.chars().take(200).collect::<String>());
    check(format!("{{}}\n{deep}\n{{}}\n"), &["1 {}", &format!("2 {refused}"), "3 {}"]);
    check(format!("[{{}},\n{deep},\n{{}}]\n"), &["1 {}", &format!("2 {refused}"), "3 {}"]);
}

#[test]
fn elements_of_an_array_are_records() {
    check("[{\"a\":1},{\"a\":2}]", &["1 {\"a\":1}", "1 {\"a\":2}"]);
    check(
        "[\n  {\"a\":1},\n  {\n    \"a\":2\n  },\n  7, \"x\", null\n]\n",
        &["2 {\"a\":1}", "3 {\"a\":2}", "6 7", "6 \"x\"", "6 null"],
    );
    check("{\"a\":1}\n[{\"a\":2},{\"a\":3}]\n[]\n", &["1 {\"a\":1}", "2 {\"a\":2}", "2 {\"a\":3}"]);
    check("[{\"a\":1}]\n[{\"a\":2}]\n", &["1 {\"a\":1}", "2 {\"a\":2}"]);
    check("[]", &[]);
}

#[test]
fn documents_may_be_spread_over_lines_or_share_one() {
    check("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", &["1 {\"a\":1}", "4 {\"a\":2}"]);
    check("{\"a\":1}{\"a\":2} {\"a\":3}\n{\"a\":4}", &["1 {\"a\":1}", "1 {\"a\":2}", "1 {\"a\":3}", "2 {\"a\":4}"]);
    check("{\"a\":1},\n{\"a\":2},\n", &["1 {\"a\":1}", "2 {\"a\":2}"]);
}

#[test]
fn what_trails_a_document_is_refused_on_its_own() {
    check("{\n\"a\":1\n}\n{", &["1 {\"a\":1}", "4 !truncated {"]);
    check("{\n\"a\":1\n}}\n{\"a\":2}", &["1 {\"a\":1}", "3 !not_json }", "4 {\"a\":2}"]);
    check("{\n\"a\":1\n} tail\n{\"a\":2} 7", &["1 {\"a\":1}", "3 !not_json tail", "4 {\"a\":2}", "4 !not_json 7"]);
    check("{\"a\":1}\n{\n", &["1 {\"a\":1}", "2 !truncated {"]);
}

#[test]
fn a_document_that_never_closes_does_not_swallow_the_next() {
    check(
        "{\n  \"a\": {\n    \"b\": 1\n\n{\n  \"a\": 2\n}\n",
        &["1 !truncated {   \"a\": {     \"b\": 1", "5 {\"a\":2}"],
    );
    check("{\n  \"a\": [\n{\"a\":2}\n{\"a\":3}\n", &["1 !truncated {   \"a\": [", "3 {\"a\":2}", "4 {\"a\":3}"]);
    check("{\n  \"a\": \"cut\n{\"a\":2}\n", &["1 !truncated {   \"a\": \"cut", "3 {\"a\":2}"]);
    check("{\n  \"a\": [1}\n{\"a\":2}\n", &["1 !not_json {   \"a\": [1}", "3 {\"a\":2}"]);
    check("{\n  \"a\": ", &["1 !truncated {   \"a\":"]);
}

#[test]
fn a_broken_element_costs_itself_and_a_lost_end_of_the_array_is_told() {
    check("[\n  {\"a\":1},\n  {\"a\":[},\n  {\"a\":3}\n]", &["2 {\"a\":1}", "3 !not_json {\"a\":[},", "4 {\"a\":3}"]);
    check("[\n  {\"a\":1},\n  {\"a\":\n", &["2 {\"a\":1}", "3 !truncated {\"a\":"]);
    check("[{\"a\":1},{\"a\":2}", &["1 {\"a\":1}", "1 {\"a\":2}", "1 !truncated"]);
    check("[{\"a\":1}}, oops]", &["1 {\"a\":1}", "1 !not_json }", "1 !not_json oops"]);
}

#[test]
fn many_broken_values_cost_time_in_proportion() {
    for line in ["[1,\n", "{\"a\":\n", "{\"a\":[\n", "[[\n"] {
        let text = format!("{{\n\"a\":1}}\n{}\"}}", line.repeat(100_000));
        let found = frame(&USUAL, text.as_bytes());
        assert_eq!(found[0], "1 {\"a\":1}");
        assert!(found.len() > 1, "{line}");
    }
}

#[test]
fn a_record_beyond_the_limit_is_refused_and_its_bytes_are_not_kept() {
    let long = "x".repeat(300);
    let line = format!("{{\"a\":\"{long}\"}}");
    let excerpt = format!("{{\"a\":\"{}", long.replacen('x', "", 106));
    let refused = |line: u32| format!("{line} !too_long {excerpt}");
    for block in [1, 50, 1000] {
        let check = |text: String, expected: &[&str]| {
            assert_eq!(frame(&Case { limit: 100, block, ..USUAL }, text.as_bytes()), expected, "{block}: {text}");
        };
        check(format!("{{\"a\":1}}\n{line}\r\n{{\"a\":2}}\n"), &["1 {\"a\":1}", &refused(2), "3 {\"a\":2}"]);
        check(format!("{{\"a\":1}}\n{line}"), &["1 {\"a\":1}", &refused(2)]);
        check(format!("{line}\n{{\"a\":2}}\n"), &[&refused(1), "2 {\"a\":2}"]);
        check(format!("[{{\"a\":1}},\n{line},\n{{\"a\":2}}]\n"), &["1 {\"a\":1}", &refused(2), "3 {\"a\":2}"]);
        check(format!("{{\n\"a\":1}}\n{line}{{\"a\":2}}\n"), &["1 {\"a\":1}", &refused(3), "3 {\"a\":2}"]);
        let csv = format!("at,kind\n1,{long}\n2,b\n");
        let cell = format!("2 !too_long 1,{}", long.replacen('x', "", 102));
        check(csv, &[&cell, "3 {\"at\":\"2\",\"kind\":\"b\"}"]);
    }
}

#[test]
fn the_limit_counts_the_record_without_its_line_end() {
    let line = format!("{{\"a\":\"{}\"}}", "x".repeat(92));
    assert_eq!(line.len(), 100);
    for end in ["\n", "\r\n", ""] {
        for (limit, is_read) in [(100, true), (99, false)] {
            let found = frame(&Case { limit, block: 1, ..USUAL }, format!("{line}{end}").as_bytes());
            assert_eq!(found.len(), 1);
            assert_eq!(!found[0].contains("too_long"), is_read, "{limit} {end:?}");
        }
    }
}

#[test]
fn a_table_has_a_header_that_names_its_columns() {
    let rows = ["2 {\"at\":\"1\",\"kind\":\"x, y\"}", "4 {\"at\":null,\"kind\":\"z\"}"];
    check("at,kind\n1,\"x, y\"\n\n,z\n,\n", &rows);
    check("\u{feff}at;kind\r\n1;x, y\r\n\r\n;z\r\n", &rows);
    check("at\tkind\n1\tx, y\n\n\tz", &rows);
    check(
        "at,text\n1,\"two\nlines \"\"quoted\"\"\"\n2,5\" pipe\n3,\"b\"",
        &[
            "2 {\"at\":\"1\",\"text\":\"two\\nlines \\\"quoted\\\"\"}",
            "4 {\"at\":\"2\",\"text\":\"5\\\" pipe\"}",
            "5 {\"at\":\"3\",\"text\":\"b\"}",
        ],
    );
    check("at,kind\n", &[]);
}

#[test]
fn rows_that_do_not_fit_are_refused_with_their_line() {
    check(
        b"at,kind\n1\n1,2,3\n1,\xff\n1,2\n",
        &["2 !not_in_header 1", "3 !not_in_header 1,2,3", "4 !not_utf8 1,\u{fffd}", "5 {\"at\":\"1\",\"kind\":\"2\"}"],
    );
    check(
        "at,kind\n1,\"lost\n2,b\n3,c\n",
        &["2 !truncated 1,\"lost 2,b 3,c", "3 {\"at\":\"2\",\"kind\":\"b\"}", "4 {\"at\":\"3\",\"kind\":\"c\"}"],
    );
}

#[test]
fn only_what_looks_like_a_table_of_messages_is_read_as_one() {
    assert_eq!(form_of("log", b"contact_id,kind\n"), Form::Csv { delimiter: b',' });
    assert_eq!(form_of("log", b"\"At\";Kind\n"), Form::Csv { delimiter: b';' });
    assert_eq!(form_of("log", b"alpha,beta\n"), Form::Lines);
    assert_eq!(form_of("x.CSV.gz", b"alpha,beta\n"), Form::Csv { delimiter: b',' });
    assert_eq!(form_of("x.csv", b"alpha;beta;;\n"), Form::Csv { delimiter: b';' });
    assert_eq!(form_of("x.csv", b"alpha\n"), Form::Lines);
    assert_eq!(form_of("x.csv", b"alpha;;\n"), Form::Lines);
    assert_eq!(form_of("x.csv", b"alpha,,at\n"), Form::Lines);
    assert_eq!(form_of("x.csv", b"at,{\"a\":1}\n"), Form::Lines);
    assert_eq!(form_of("x.csv", b"{\"a\":1,\"at\":2}\n"), Form::Lines);
}

#[test]
fn what_is_no_text_is_refused_once() {
    check("%PDF-1.7\n\n\n", &["1 !bad_value:file a PDF file, not a log"]);
    check(b"\xff\xfe{\0}\0\n\0{\0}\0", &["1 !not_utf8 UTF-16; save it as UTF-8"]);
    check(b"\0\0\0\x01\n\0\0\n", &["1 !bad_value:file binary, not a log"]);
    assert!(matches!(form_of("x.xlsx", b"PK\x03\x04rest"), Form::Unreadable(_)));
    assert!(matches!(form_of("-", b"PAR1rest"), Form::Unreadable(_)));
}

#[test]
fn a_source_that_fails_gives_what_is_whole_then_one_refusal_then_the_error() {
    for block in [1, 5, BLOCK] {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(frame(&Case { fails: true, block, ..USUAL }, text.as_bytes()), expected, "{block}: {text}");
        };
        check("{\"a\":1}\n{\"a\":2", &["1 {\"a\":1}", "2 !truncated {\"a\":2", "error"]);
        check("{\"a\":1}\n", &["1 {\"a\":1}", "2 !truncated", "error"]);
        check("[{\"a\":1},\n{\"a\":", &["1 {\"a\":1}", "2 !truncated {\"a\":", "error"]);
        check("[{\"a\":1},\n", &["1 {\"a\":1}", "2 !truncated", "error"]);
        check("at,kind\n1,2\n3,\"4", &["2 {\"at\":\"1\",\"kind\":\"2\"}", "3 !truncated 3,\"4", "error"]);
        check("", &["1 !truncated", "error"]);
    }
}

#[test]
fn a_compressed_file_that_was_cut_off_is_read_as_far_as_it_goes() {
    let text: String = (0..20_000).map(|number| (number * 7919).to_string() + "\n").collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let cut = io::Cursor::new(packed[..packed.len() / 2].to_vec());
    let opened = Opened::Bytes(Box::new(flate2::read::MultiGzDecoder::new(cut)));
    let found = collect(Chunks::new(opened, "log.gz", LIMIT, &Buffers::default(), &|_| false));
    let n_whole = found.len() - 2;
    assert!(n_whole > 5000);
    for (line, (found, expected)) in (1..).zip(found[..n_whole].iter().zip(text.lines())) {
        assert_eq!(*found, format!("{line} {expected}"));
    }
    assert!(found[n_whole].starts_with(&format!("{} !truncated", n_whole + 1)));
    assert_eq!(found[n_whole + 1], "error");
}

#[test]
fn rows_of_parquet_are_objects_without_their_nulls() {
    use arrow::array::{
        ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray,
        TimestampMillisecondArray, UInt64Array,
    };
    use arrow::datatypes::Int32Type;
    let words: DictionaryArray<Int32Type> = vec![Some("sent"), None].into_iter().collect();
    let instants = TimestampMillisecondArray::from(vec![1_704_067_200_000, 1_704_067_200_500]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("kind", Arc::new(words)),
        ("text", Arc::new(StringArray::from(vec![None, Some("hi")]))),
        ("whole", Arc::new(Int32Array::from(vec![-3, 4]))),
        ("id", Arc::new(UInt64Array::from(vec![u64::MAX, 1]))),
        ("share", Arc::new(Float64Array::from(vec![Some(0.5), None]))),
        ("flag", Arc::new(BooleanArray::from(vec![true, false]))),
        ("at", Arc::new(instants.clone().with_timezone("UTC"))),
        ("local", Arc::new(instants)),
        ("cost", Arc::new(Decimal128Array::from(vec![125, 7]).with_precision_and_scale(10, 2).unwrap())),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
            .unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file.reopen().unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let source = super::super::input::Source::File { path: file.path().into(), name: "events.parquet".into() };
    let opened = super::super::input::open(&source, || unreachable!()).unwrap();
    assert_eq!(
        collect(Chunks::new(opened, "events.parquet", LIMIT, &Buffers::default(), &|_| false)),
        [
            "1 {\"kind\":\"sent\",\"whole\":-3,\"id\":18446744073709551615,\"share\":0.5,\"flag\":true,\
         \"at\":\"2024-01-01T00:00:00Z\",\"local\":\"2024-01-01T00:00:00\",\"cost\":\"1.25\"}",
            "2 {\"text\":\"hi\",\"whole\":4,\"id\":1,\"flag\":false,\"at\":\"2024-01-01T00:00:00.5Z\",\
         \"local\":\"2024-01-01T00:00:00.5\",\"cost\":\"0.07\"}",
        ]
    );
}

#[test]
fn a_damaged_parquet_file_is_an_error_of_its_source() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"PAR1 and nothing else").unwrap();
    let opened = Opened::Parquet(file.reopen().unwrap());
    assert_eq!(collect(Chunks::new(opened, "x", LIMIT, &Buffers::default(), &|_| false)), ["error"]);
}

#[test]
fn excerpts_are_short_and_have_no_control_characters() {
    assert_eq!(excerpt("a\tb\u{7}c\r\n".as_bytes()), "a b c  ");
    assert_eq!(excerpt("ü".repeat(500).as_bytes()), "ü".repeat(200));
    assert_eq!(excerpt("🦀".repeat(500).as_bytes()), "🦀".repeat(200));
    assert_eq!(excerpt(b"\xff\xffx"), "\u{fffd}\u{fffd}x");
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[ -~\\n\"\\\\{}\\[\\],é🦀]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z\"{]{0,4}", inner, 0..4)
                .prop_map(|object| object.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn object() -> impl Strategy<Value = serde_json::Value> {
    json().prop_map(|inner| serde_json::json!({ "value": inner }))
}

/// The records alone, without their lines.
fn records(block: usize, sizes: Vec<usize>, text: &str) -> Vec<String> {
    let found = frame(&Case { block, sizes, ..USUAL }, text.as_bytes());
    found.into_iter().map(|record| record.split_once(' ').unwrap().1.to_owned()).collect()
}

proptest! {
    #[test]
    fn values_in_any_form_come_back_as_they_were(
        objects in prop::collection::vec(object(), 1..8),
        block in 1_usize..300,
        sizes in prop::collection::vec(1_usize..40, 0..4),
    ) {
        let expected: Vec<String> = objects.iter().map(ToString::to_string).collect();
        let pretty: Vec<String> = objects.iter().map(|object| serde_json::to_string_pretty(object).unwrap()).collect();
        let all = serde_json::Value::from(objects.clone());
        for text in [
            expected.join("\n"),
            expected.join("\r\n\r\n") + "\n",
            expected.concat(),
            pretty.join("\n"),
            pretty.concat(),
            all.to_string(),
            serde_json::to_string_pretty(&all).unwrap(),
            format!("[\n{}\n]\n", expected.join(",\n")),
        ] {
            prop_assert_eq!(&records(block, sizes.clone(), &text), &expected, "{}", text);
        }
    }

    #[test]
    fn elements_of_any_kind_come_back_from_an_array(
        values in prop::collection::vec(json(), 0..8),
        block in 1_usize..300,
    ) {
        let expected: Vec<String> = values.iter().map(ToString::to_string).collect();
        let all = serde_json::Value::from(values);
        prop_assert_eq!(&records(block, Vec::new(), &all.to_string()), &expected);
        prop_assert_eq!(&records(block, Vec::new(), &serde_json::to_string_pretty(&all).unwrap()), &expected);
    }

    #[test]
    fn cells_of_a_table_come_back_as_they_were(
        rows in prop::collection::vec(("[!-~\"]{1,8}", "[ -~\\n\\r\",;ä]{0,8}x"), 0..8),
        block in 1_usize..100,
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["at", "kind"]).unwrap();
        for (at, kind) in &rows {
            writer.write_record([at, kind]).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let expected: Vec<String> = rows
            .iter()
            .map(|(at, kind)| {
                let (at, kind) = (serde_json::Value::from(at.as_str()), serde_json::Value::from(kind.as_str()));
                format!("{{\"at\":{at},\"kind\":{kind}}}")
            })
            .collect();
        prop_assert_eq!(records(block, Vec::new(), &text), expected);
    }

    #[test]
    fn broken_input_never_panics_and_is_framed_the_same_in_any_pieces(
        text in "(\\{|\\}|\\[|\\]|\"|,|:|1|a|\n|\n|  |\\\\|\u{feff}|\\{\"a\":1\\}|at,kind\n|\0){0,40}",
        name in prop_oneof![Just("log"), Just("log.csv")],
        sizes in prop::collection::vec(1_usize..9, 0..4),
        block in 1_usize..60,
        limit in 1_usize..60,
        fails: bool,
    ) {
        let whole = frame(&Case { name, limit, block, sizes: Vec::new(), fails }, text.as_bytes());
        let pieces = frame(&Case { name, limit, block, sizes, fails }, text.as_bytes());
        prop_assert_eq!(&whole, &pieces);
        prop_assert_eq!(whole.last().is_some_and(|last| last == "error"), fails && !whole[0].contains(":file"));
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), block in 1_usize..60, limit in 1_usize..99) {
        let found = frame(&Case { limit, block, ..USUAL }, &bytes);
        prop_assert!(found.len() <= bytes.len());
    }
}

#[test]
fn what_stands_between_elements_costs_none_of_them() {
    check(
        "<xml><a>1</a></xml>\n{\"b\":2}\n\n {\"c\":\"</x>\"}\n<xml><a>x\ny</a></xml>\n<other><d>3</d></other>\n<xml><a>4</a></xml>\n{\"e\":5}\n{\"f\":6}",
        &[
            r#"1 {"xml":{"a":"1"}}"#,
            r#"2 {"b":2}"#,
            r#"4 {"c":"</x>"}"#,
            r#"5 {"xml":{"a":"x\ny"}}"#,
            r#"7 {"other":{"d":"3"}}"#,
            r#"8 {"xml":{"a":"4"}}"#,
            r#"9 {"e":5}"#,
            r#"10 {"f":6}"#,
        ],
    );
    // Long rests of another kind are read as they come.
    let calls: Vec<String> = (0..300).map(|n| format!("{{\"n\":{n}}}")).collect();
    let found = frame(
        &Case { limit: 200, block: 64, ..USUAL },
        format!("<xml><a>1</a></xml>\n{}", calls.join("\n")).as_bytes(),
    );
    assert_eq!(found.len(), 301);
    assert_eq!(found.last().map(String::as_str), Some(r#"301 {"n":299}"#));
}

#[test]
fn an_element_that_was_cut_off_costs_itself() {
    check(
        "<xml>\n<a>1</a></xml>\n<xml>\n<a>2</\n<xml>\n<a>3</a></xml>\n",
        &[r#"1 {"xml":{"a":"1"}}"#, "3 !not_xml <xml> <a>2</", r#"5 {"xml":{"a":"3"}}"#],
    );
}

#[test]
fn a_long_export_on_one_line_is_read_in_pieces() {
    let messages: Vec<String> = (0..500).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    for n_messages in [100, 150, 500] {
        let text = format!(r#"{{"id":7,"messages": [{}]}}"#, messages[..n_messages].join(","));
        let found = frame(&Case { limit: 1000, block: 256, ..USUAL }, text.as_bytes());
        let n: usize = found.iter().map(|record| record.matches("\"id\":").count() - 1).sum();
        assert_eq!(n, n_messages, "{found:?}");
    }
    // What cannot be cut is one record, and the next line another.
    let text = format!("{{\"rows\":[{}]}}\n{{\"a\":1}}\n", messages.join(","));
    let found = frame(&Case { limit: 1000, block: 256, ..USUAL }, text.as_bytes());
    assert_eq!(found.len(), 2);
    assert_eq!(found[1], r#"2 {"a":1}"#);
}
