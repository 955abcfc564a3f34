//! The kernel as a filter over events that somebody else distributed and sorted: any cut at contacts gives what one pass over
//! the store gives, and what is not one whole is refused.

use std::fs::{self, File};
use std::sync::{LazyLock, Mutex};

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index;
use trichter::kernel::{Context, Kernel, Part};

use super::case::Case;

/// A store that was written in two goes, its context, and its events sorted as one whole.
struct Elsewhere {
    case: Case,
    context: Context,
    events: RecordBatch,
}

impl Elsewhere {
    fn new(asking: &[&str]) -> Self {
        let case = Case::new();
        case.ask(&["simulate", "--out", "sim", "--contacts", "60", "--days", "20", "--seed", "7", "--quiet"]);
        for logs in ["sim/logs/whatsapp-001.ndjson", "sim/logs"] {
            case.ask(&["ingest", logs, "--store", "store", "--config", "sim/trichter.toml", "--quiet"]);
        }
        fs::copy(case.path("sim/trichter.toml"), case.path("store/trichter.toml")).unwrap();
        let context = case.ask(&[&["kernel", "context", "--store", "store"], asking].concat());
        case.write("counts/context.json", &context);
        let context = Context::from_json(&context).unwrap();
        let columns = [context.columns.as_slice(), &context.facts["visits"].columns].concat();
        let events = sorted(&case, &context.files, &columns);
        Self { case, context, events }
    }

    fn keys(&self) -> &[i64] {
        self.events.column_by_name("contact_key").unwrap().as_primitive::<Int64Type>().values()
    }

    /// Where contacts begin, and the end.
    fn borders(&self) -> Vec<usize> {
        let keys = self.keys();
        (0..=keys.len()).filter(|&row| row == 0 || row == keys.len() || keys[row] != keys[row - 1]).collect()
    }

    /// What the kernel makes of the events between two places, or what it says.
    fn count(&self, from: usize, to: usize) -> Result<Vec<u8>, String> {
        counted(&self.context, &stream(&self.events.slice(from, to - from)))
    }

    /// Puts the counts of each piece into the folder.
    fn partition(&self, cuts: &[usize]) {
        for entry in fs::read_dir(self.case.path("counts")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "arrow") {
                fs::remove_file(path).unwrap();
            }
        }
        for (number, cut) in cuts.windows(2).enumerate() {
            self.case.write(&format!("counts/part-{number}.arrow"), self.count(cut[0], cut[1]).unwrap());
        }
    }

    /// The report with these arguments: what is machine-readable of it and the page.
    fn report(&self, more: &[&str]) -> (String, String) {
        self.case.ask(&[&["report", "--store", "store", "--out", "out", "--quiet"], more].concat());
        let read = |name| fs::read_to_string(self.case.path(name)).unwrap();
        (read("out/report.json"), read("out/index.html"))
    }
}

fn counted(context: &Context, input: &[u8]) -> Result<Vec<u8>, String> {
    let mut output = Vec::new();
    match Kernel::new(context).unwrap().counts(input, &mut output) {
        Ok(()) => Ok(output),
        Err(error) => Err(format!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string))),
    }
}

/// The events of all data files, with words as text, in the store's order.
fn sorted(case: &Case, files: &[String], columns: &[String]) -> RecordBatch {
    // What counts read and what visits do is much the same.
    let mut names: Vec<&String> = Vec::new();
    for name in columns {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut batches = Vec::new();
    for file in files {
        let file = File::open(case.path("store/events").join(file)).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let columns = names.iter().map(|name| batch.column_by_name(name).unwrap());
            let plain = columns.map(|column| match column.data_type() {
                DataType::Dictionary(_, values) => cast(column, values).unwrap(),
                _ => column.clone(),
            });
            let plain: Vec<_> = plain.collect();
            let field = |(name, column): (&&String, &arrow::array::ArrayRef)| {
                Field::new(*name, column.data_type().clone(), true)
            };
            let schema = Schema::new(names.iter().zip(&plain).map(field).collect::<Vec<_>>());
            batches.push(RecordBatch::try_new(schema.into(), plain).unwrap());
        }
    }
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    let [key, at, position, id] =
        ["contact_key", "at", "position", "event_id"].map(|name| all.column_by_name(name).unwrap());
    let mut order: Vec<u32> = (0..).take(all.num_rows()).collect();
    order.sort_by_key(|&row| {
        let row = row as usize;
        (
            key.as_primitive::<Int64Type>().value(row),
            at.as_primitive::<TimestampMicrosecondType>().value(row),
            position.as_primitive::<Int32Type>().value(row),
            id.as_binary::<i32>().value(row).to_vec(),
        )
    });
    take_record_batch(&all, &UInt32Array::from(order)).unwrap()
}

/// As an engine hands events over: in small batches.
fn stream(rows: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &rows.schema()).unwrap();
    for from in (0..rows.num_rows()).step_by(700) {
        writer.write(&rows.slice(from, 700.min(rows.num_rows() - from))).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    bytes
}

#[test]
fn a_report_out_of_counts_made_elsewhere_has_the_bytes_of_the_report() {
    for asking in [&[] as &[&str], &["--since", "2026-01-10", "--until", "2026-01-20", "--timezone", "Europe/Berlin"]] {
        let elsewhere = Elsewhere::new(asking);
        let borders = elsewhere.borders();
        let whole = elsewhere.report(asking);
        elsewhere.partition(&[0, borders[7], borders[30], *borders.last().unwrap()]);
        let counts = [&["--counts", "counts"], asking].concat();
        assert!(elsewhere.report(&counts) == whole, "the reports differ");
        let funnel = ["funnel", "campaign", "--store", "store", "--format", "json"];
        let own = elsewhere.case.ask(&[&funnel, asking].concat());
        assert_eq!(elsewhere.case.ask(&[&funnel, counts.as_slice()].concat()), own);
    }
}

/// One for all cases of the law.
static SHARED: LazyLock<Mutex<Elsewhere>> =
    LazyLock::new(|| Mutex::new(Elsewhere::new(&["--funnel", "campaign", "--by", "channel,month"])));

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_at_contacts_gives_the_same_funnel(cuts in proptest::collection::vec(any::<Index>(), 0..6)) {
        let elsewhere = SHARED.lock().unwrap();
        let borders = elsewhere.borders();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| *cut.get(&borders)).collect();
        cuts.extend([0, *borders.last().unwrap()]);
        cuts.sort_unstable();
        let answer = |cuts: &[usize]| {
            elsewhere.partition(cuts);
            let parts = Part::all(&elsewhere.case.path("counts")).unwrap();
            Kernel::new(&elsewhere.context).unwrap().answers(parts).unwrap()
        };
        let whole = answer(&[0, *borders.last().unwrap()]);
        assert!(!whole.1[0].rows.is_empty());
        assert_eq!(answer(&cuts), whole);
    }
}

#[test]
fn facts_of_partitions_are_the_rows_of_the_export() {
    let elsewhere = Elsewhere::new(&[]);
    elsewhere.case.ask(&["export", "parquet:bi", "--store", "store", "--tables", "visits", "--quiet"]);
    let events = &elsewhere.events;
    let borders = elsewhere.borders();
    let mut found: Vec<String> = Vec::new();
    for cut in [0, borders[20], *borders.last().unwrap()].windows(2) {
        let mut output = Vec::new();
        let input = stream(&events.slice(cut[0], cut[1] - cut[0]));
        Kernel::new(&elsewhere.context).unwrap().facts("visits", input.as_slice(), &mut output).unwrap();
        for batch in StreamReader::try_new(output.as_slice(), None).unwrap() {
            let batch = batch.unwrap();
            found.extend((0..batch.num_rows()).map(|row| line(&batch, row)));
        }
    }
    let mut expected = Vec::new();
    for path in super::case::files_below(&fs::canonicalize(elsewhere.case.path("bi/current/visits")).unwrap()) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
        for batch in reader {
            let batch = batch.unwrap();
            expected.extend((0..batch.num_rows()).map(|row| line(&batch, row)));
        }
    }
    found.sort();
    expected.sort();
    assert!(found.len() > 20);
    assert_eq!(found, expected);
}

fn line(batch: &RecordBatch, row: usize) -> String {
    let cell = |column| arrow::util::display::array_value_to_string(column, row).unwrap();
    batch.columns().iter().map(|column| cell(column)).collect::<Vec<_>>().join("|")
}

#[test]
fn what_is_not_one_whole_is_refused() {
    let elsewhere = Elsewhere::new(&[]);
    let (borders, report) = (elsewhere.borders(), ["report", "--store", "store", "--counts", "counts", "--out", "out"]);
    let end = *borders.last().unwrap();
    let complaint = |words: &[&str]| drop(elsewhere.case.run(&report).expect(2).complains(words));
    // A partition is lost, one is there twice, a contact lies in two.
    elsewhere.partition(&[0, borders[9]]);
    complaint(&["events were counted: a partition is missing"]);
    elsewhere.partition(&[0, borders[9], end]);
    fs::copy(elsewhere.case.path("counts/part-0.arrow"), elsewhere.case.path("counts/again.arrow")).unwrap();
    complaint(&["are there twice"]);
    fs::remove_file(elsewhere.case.path("counts/again.arrow")).unwrap();
    let contact = borders.windows(2).find(|contact| contact[1] - contact[0] > 1).unwrap();
    elsewhere.partition(&[0, contact[0] + 1, end]);
    complaint(&["two partitions share contacts", "by ranges of contact_key"]);
    // Counts of something else.
    elsewhere.partition(&[0, end]);
    let since = [&report[..], &["--since", "2026-01-10"]].concat();
    drop(elsewhere.case.run(&since).expect(2).complains(&["made for something else", "since"]));
    elsewhere.case.ask(&["report", "--store", "store", "--counts", "counts", "--out", "out", "--quiet"]);
}

#[test]
fn a_stream_that_is_cut_off_or_not_sorted_is_refused() {
    let elsewhere = Elsewhere::new(&["--funnel", "campaign"]);
    let n_rows = elsewhere.events.num_rows();
    let whole = stream(&elsewhere.events);
    let batches = stream(&elsewhere.events.slice(0, 1400));
    assert!(counted(&elsewhere.context, &batches).is_ok());
    // Between two batches, where nothing looks broken.
    let error = counted(&elsewhere.context, &batches[..batches.len() - 8]).unwrap_err();
    assert!(error.contains("cut off"), "{error}");
    assert!(counted(&elsewhere.context, &whole[..whole.len() / 2]).is_err());
    let halves = [elsewhere.events.slice(n_rows / 2, n_rows - n_rows / 2), elsewhere.events.slice(0, n_rows / 2)];
    let swapped = concat_batches(&elsewhere.events.schema(), &halves).unwrap();
    let error = counted(&elsewhere.context, &stream(&swapped)).unwrap_err();
    assert!(error.contains("not sorted"), "{error}");
    let nothing = stream(&elsewhere.events.slice(0, 0));
    elsewhere.case.write("counts/nothing.arrow", counted(&elsewhere.context, &nothing).unwrap());
    assert_eq!(Part::all(&elsewhere.case.path("counts")).unwrap(), []);
}

#[test]
fn a_worker_of_another_version_is_refused() {
    let elsewhere = Elsewhere::new(&["--funnel", "campaign"]);
    let older = elsewhere.context.to_json().replacen(env!("CARGO_PKG_VERSION"), "0.0.1", 1);
    elsewhere.case.write("older.json", older);
    let ran = elsewhere.case.run(&["kernel", "counts", "--context", "older.json"]);
    ran.expect(2).complains(&["the context is of trichter 0.0.1", "one version of trichter"]);
}
