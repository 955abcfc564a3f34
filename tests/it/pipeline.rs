//! Takes logs through the library, from bytes to answers and back to plain events. It asserts nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;
use trichter::config::Config;
use trichter::event::Kind;
use trichter::facts::{self, Column, Facts, NONE, Settings, Wanted};
use trichter::ingest::{self, Balance, Plan, input};
use trichter::metrics::{self, Answer, Ask, Scope};
use trichter::simulate;
use trichter::store::{AsOf, Key, Reading, Shard, Snapshot, Store};

/// A folder with logs, the rules that read them, and a store.
pub(crate) struct Pipeline {
    folder: TempDir,
    pub(crate) config: Config,
}

impl Pipeline {
    /// An empty folder and the settings in this text.
    pub(crate) fn new(config: &str) -> Self {
        let config = Config::parse(config, Path::new("trichter.toml")).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), config }
    }

    /// Simulated logs with their rules, ingested.
    pub(crate) fn simulated(contacts: u64, days: u32, seed: u64) -> Self {
        let mut pipeline = Self::new("");
        let out = pipeline.path("");
        simulate::simulate(&simulate::Settings { contacts, days, seed, channels: Vec::new(), out }).unwrap();
        pipeline.config = Config::load(&pipeline.path("trichter.toml")).unwrap();
        pipeline.ingest("logs");
        pipeline
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Reads a file or folder below the folder into the store.
    pub(crate) fn ingest(&self, input: &str) -> Balance {
        let sources = input::sources(&[self.path(input).to_string_lossy().into_owned()]).unwrap();
        let key = Key::from_hex(&"5a".repeat(32)).unwrap();
        let plan = Plan {
            sources: &sources,
            channel: None,
            config: &self.config,
            key: &key,
            now: trichter::event::Time(i64::MAX),
            stdin: &|| Box::new(std::io::empty()),
            following: None,
            progress: &|_| {},
        };
        let mut store = Store::open_or_create(&self.path("store")).unwrap();
        ingest::ingest(&mut store, &plan, &mut |_| Ok(())).unwrap()
    }

    /// Asks about what lies in the range of instants, in microseconds.
    pub(crate) fn answer(&self, asks: &[Ask], since: Option<i64>, until: Option<i64>) -> Vec<Answer> {
        let store = Store::open(&self.path("store"), AsOf::Latest).unwrap();
        let snapshot = Snapshot::of(&store).unwrap();
        let settings = Settings::new(&self.config, &snapshot, since, until);
        let scope = Scope { settings: &settings, zone: self.config.report.zone.0.clone(), flows: &self.config.flow };
        metrics::answer(&snapshot, &scope, asks).unwrap()
    }

    /// The rows of a fact table as text, by column; what is null is absent. In no order of contacts.
    pub(crate) fn rows(&self, table: &str) -> Vec<BTreeMap<&'static str, String>> {
        let store = Store::open(&self.path("store"), AsOf::Latest).unwrap();
        let snapshot = Snapshot::of(&store).unwrap();
        let settings = Settings::new(&self.config, &snapshot, None, None);
        let grain = facts::grain(table).unwrap();
        let mut wanted = Wanted::default();
        grain.columns.iter().for_each(|column| wanted.add(grain, column.name));
        let columns = Facts::new(&settings, &wanted).events();
        let reading = Reading { columns: &columns, since: None, until: None };
        let each = |facts: &mut Facts<'_>, shard: &Shard| {
            facts.add(shard);
            Ok(())
        };
        let parts = snapshot.fold(&reading, || Facts::new(&settings, &wanted), each).unwrap();
        let mut rows = Vec::new();
        for table in parts.iter().map(|facts| facts.table(table).unwrap()) {
            let value = |name: &str, row: usize| match table.column(name).unwrap().1 {
                Column::Numbers(numbers) => Some(numbers[row]).filter(|&number| number != NONE).map(|n| n.to_string()),
                Column::Flags(flags) => Some(flags[row].to_string()),
                Column::Words(codes, words) => words.get(codes[row]).map(str::to_owned),
            };
            let of_row = |row| grain.columns.iter().filter_map(move |spec| Some((spec.name, value(spec.name, row)?)));
            rows.extend((0..table.n_rows()).map(|row| of_row(row).collect::<BTreeMap<_, _>>()));
        }
        rows
    }

    /// All stored events in the store's order.
    pub(crate) fn events(&self) -> Vec<Event> {
        let store = Store::open(&self.path("store"), AsOf::Latest).unwrap();
        let mut events = Vec::new();
        for file in store.files().unwrap() {
            read(&store.table_path().join(&file.path), &mut events);
        }
        events.sort_by(|left, right| {
            let key = |event: &Event| (event.contact, event.at, event.position);
            (key(left), &left.id).cmp(&(key(right), &right.id))
        });
        events
    }
}

/// A stored event, with the columns on which metrics depend.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) contact: i64,
    pub(crate) at: i64,
    pub(crate) position: i32,
    pub(crate) id: Vec<u8>,
    pub(crate) kind: Kind,
    pub(crate) channel: String,
    pub(crate) account: Option<String>,
    pub(crate) campaign: Option<String>,
    pub(crate) in_campaign: bool,
    pub(crate) variant: Option<String>,
    pub(crate) flow: Option<String>,
    pub(crate) flow_version: Option<String>,
    pub(crate) question: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) template: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) message_type: Option<String>,
    pub(crate) topic: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) up_to: Option<i64>,
    pub(crate) billable: Option<bool>,
    /// Millionths.
    pub(crate) cost: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) answer: Option<String>,
}

fn read(path: &Path, events: &mut Vec<Event>) {
    let file = File::open(path).unwrap();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let column =
            |name: &str, form: &DataType| -> ArrayRef { cast(batch.column_by_name(name).unwrap(), form).unwrap() };
        let numbers = |name| {
            let column = column(name, &DataType::Int64);
            let column = column.as_primitive::<Int64Type>();
            column.iter().collect::<Vec<Option<i64>>>()
        };
        let texts = |name| {
            let column = column(name, &DataType::Utf8);
            let column = column.as_string::<i32>();
            column.iter().map(|text| text.map(str::to_owned)).collect::<Vec<Option<String>>>()
        };
        let (contact, at, up_to) = (numbers("contact_key"), numbers("at"), numbers("up_to"));
        let billable = column("billable", &DataType::Boolean);
        let billable: Vec<Option<bool>> = billable.as_boolean().iter().collect();
        let cost = batch.column_by_name("cost").unwrap().as_primitive::<Decimal128Type>();
        let currency = texts("currency");
        let position = batch.column_by_name("position").unwrap().as_primitive::<Int32Type>();
        let id = batch.column_by_name("event_id").unwrap().as_binary::<i32>();
        let (kind, channel, account, campaign) = (texts("kind"), texts("channel"), texts("account"), texts("campaign"));
        let (flow, flow_version, question) = (texts("flow"), texts("flow_version"), texts("question"));
        let (variant, country, answer) = (texts("variant"), texts("country"), texts("answer"));
        let agent = texts("agent");
        let (template, category) = (texts("template"), texts("category"));
        let (message_type, topic) = (texts("message_type"), texts("topic"));
        let (error_code, message, reply_to) = (texts("error_code"), texts("message_id"), texts("reply_to"));
        events.extend((0..batch.num_rows()).map(|row| Event {
            contact: contact[row].unwrap(),
            at: at[row].unwrap(),
            position: position.value(row),
            id: id.value(row).to_vec(),
            kind: Kind::from_name(kind[row].as_deref().unwrap()).unwrap(),
            channel: channel[row].clone().unwrap(),
            account: account[row].clone(),
            campaign: campaign[row].clone(),
            in_campaign: campaign[row].is_some(),
            variant: variant[row].clone(),
            flow: flow[row].clone(),
            flow_version: flow_version[row].clone(),
            question: question[row].clone(),
            agent: agent[row].clone(),
            error_code: error_code[row].clone(),
            template: template[row].clone(),
            category: category[row].clone(),
            message_type: message_type[row].clone(),
            topic: topic[row].clone(),
            country: country[row].clone(),
            message: message[row].clone(),
            reply_to: reply_to[row].clone(),
            up_to: up_to[row],
            billable: billable[row],
            cost: cost.is_valid(row).then(|| i64::try_from(cost.value(row)).unwrap()),
            currency: currency[row].clone(),
            answer: answer[row].clone(),
        }));
    }
}
