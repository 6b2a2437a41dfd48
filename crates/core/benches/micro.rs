//! The cases, natively: `cargo bench -p freshpaint-core`, or one group with `-- delivery`.

#![allow(missing_docs)]

mod cases;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};

fn micro(criterion: &mut Criterion) {
    for case in cases::all() {
        let mut group = criterion.benchmark_group(case.group);
        group.throughput(Throughput::Elements(case.units));
        group.bench_function(&case.name, |bencher| bencher.iter(case.prepare()));
        group.finish();
    }
}

criterion_group!(benches, micro);
criterion_main!(benches);
