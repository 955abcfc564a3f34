//! Parsing: lines of each channel to events, on one core, without files and without a store.

use criterion::{Criterion, Throughput};
use trichter::channels::{self, Arena, Out, Reading, Record};

use super::data::DATA;

/// How many bytes of each channel are read in one turn.
const BYTES: usize = 1 << 20;

pub(crate) fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    let reading = Reading::default();
    // Of these there are simulated logs; `channels` has the others.
    for channel in channels::ALL {
        let text = DATA.logs(channel.name);
        if text.is_empty() {
            continue;
        }
        let mut n_bytes = 0;
        let within = |line: &&str| {
            n_bytes += line.len() + 1;
            n_bytes <= BYTES
        };
        let lines: Vec<&str> = text.lines().take_while(within).collect();
        let n_bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        group.throughput(Throughput::Bytes(n_bytes as u64));
        group.bench_function(channel.name, |bencher| {
            bencher.iter(|| {
                let mut n_events = 0_u64;
                let mut arena = Arena::default();
                for line in &lines {
                    // A few simulated lines are broken on purpose.
                    let Ok(body) = channels::parse(line, &arena) else { continue };
                    let record =
                        Record { body: &body, received_at: None, source: "test", reading: &reading, arena: &arena };
                    let mut emit = |_: trichter::event::Event<'_>| n_events += 1;
                    (channel.parse)(&record, &mut Out::new(&mut emit));
                    arena.clear();
                }
                assert!(n_events > 0);
                n_events
            });
        });
    }
    group.finish();
}
