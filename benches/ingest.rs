//! Ingest: files to a store, all cores, all channels; and the same logs once more, when every event is known.

use criterion::{BatchSize, Criterion, Throughput};

use super::data::DATA;

pub(crate) fn ingest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ingest");
    group.sample_size(10).throughput(Throughput::Bytes(DATA.n_bytes));
    group.bench_function("new", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().unwrap(),
            |folder| {
                assert!(DATA.ingest(folder.path()).events.stored > 0);
                folder
            },
            BatchSize::PerIteration,
        );
    });
    let folder = tempfile::tempdir().unwrap();
    DATA.ingest(folder.path());
    group.bench_function("again", |bencher| {
        bencher.iter(|| assert_eq!(DATA.ingest(folder.path()).events.stored, 0));
    });
    group.finish();
}
