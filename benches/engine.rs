//! From the store to a page: reading shards, building facts, counting, writing the report.

use criterion::{Criterion, Throughput};
use trichter::facts::{Facts, Wanted};
use trichter::metrics::{self, Ask, Scope};
use trichter::report::{self, Context, Format, Language};
use trichter::store::{Reading, Shard, Snapshot};

use super::data::DATA;

pub(crate) fn scan(criterion: &mut Criterion) {
    let snapshot = DATA.snapshot();
    let settings = DATA.settings(&snapshot);
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Elements(snapshot.n_rows()));
    let of_facts = Facts::new(&settings, &Wanted::all()).events();
    for (name, columns) in [("two columns of words", &["campaign", "question"][..]), ("columns of facts", &of_facts)] {
        let reading = Reading { columns, ..Reading::default() };
        let count = |n: &mut usize, shard: &Shard| {
            *n += shard.len();
            Ok(())
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| snapshot.fold(&reading, || 0, count).unwrap().iter().sum::<usize>());
        });
    }
    group.finish();
}

pub(crate) fn facts(criterion: &mut Criterion) {
    let snapshot = DATA.snapshot();
    let settings = DATA.settings(&snapshot);
    let begin = || Facts::new(&settings, &Wanted::all());
    let columns = begin().events();
    let reading = Reading { columns: &columns, ..Reading::default() };
    let mut group = criterion.benchmark_group("facts");
    group.throughput(Throughput::Elements(snapshot.n_rows()));
    let add = |facts: &mut Facts<'_>, shard: &Shard| {
        facts.add(shard);
        Ok(())
    };
    group.bench_function("scan and all grains", |bencher| {
        bencher.iter(|| snapshot.fold(&reading, begin, add).unwrap().iter().map(Facts::n_rows).sum::<usize>());
    });
    group.finish();
}

fn answer(snapshot: &Snapshot, asks: &[Ask]) -> Vec<metrics::Answer> {
    let settings = DATA.settings(snapshot);
    let scope = Scope { settings: &settings, zone: DATA.config.report.zone.0.clone(), flows: &DATA.config.flow };
    metrics::answer(snapshot, &scope, asks).unwrap()
}

pub(crate) fn metrics(criterion: &mut Criterion) {
    let snapshot = DATA.snapshot();
    let mut group = criterion.benchmark_group("metrics");
    group.sample_size(10).throughput(Throughput::Elements(snapshot.n_rows()));
    let all = report::asks(&[]);
    group.bench_function("all of a report", |bencher| bencher.iter(|| answer(&snapshot, &all)));
    let one = [Ask::new("open_rate", &["campaign"])];
    group.bench_function("one", |bencher| bencher.iter(|| answer(&snapshot, &one)));
    group.finish();
}

pub(crate) fn report(criterion: &mut Criterion) {
    let snapshot = DATA.snapshot();
    let answers = answer(&snapshot, &report::asks(&[]));
    let report = report::build(context(&snapshot), &answers, &[], &[]);
    let mut group = criterion.benchmark_group("report");
    group.sample_size(10);
    for format in Format::all() {
        group.bench_function(format.name(), |bencher| bencher.iter(|| format.write(&report).unwrap().len()));
    }
    group.finish();
}

fn context(snapshot: &Snapshot) -> Context {
    Context {
        retention: std::collections::BTreeMap::new(),
        brand: trichter::report::Brand::default(),
        title: "Benchmark".to_owned(),
        language: Language::En,
        program_version: "0".to_owned(),
        since: None,
        until: None,
        horizon: snapshot.horizon().map(trichter::event::Time),
        zone: DATA.config.report.zone.0.clone(),
        minimum: 30,
        suppressed: None,
        reply_window_s: 86_400,
        by: Vec::new(),
        filters: Vec::new(),
        channels: Vec::new(),
        n_contacts: None,
        n_messages: None,
        balance: None,
    }
}
