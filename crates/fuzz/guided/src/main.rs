//! The targets, guided by coverage: `guided SECONDS [TARGET]`, as `run` beside it builds and calls
//! it. An input that reaches code in a way that none before it did is mutated from then on.

mod coverage;

use millstream_fuzz::{Budget, Corpus, TARGETS, run};
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().expect("guided SECONDS [TARGET]");
    let time = Duration::from_secs(seconds.parse().expect("a number of seconds"));
    let wanted = arguments.next();
    let mut coverage = coverage::Coverage::default();
    println!("fuzz: coverage-guided, {} counters", coverage.size());
    let budget = Budget {
        time,
        ..Budget::from_variables()
    };
    let mut all = 0;
    for target in TARGETS {
        if wanted.as_ref().is_some_and(|name| name != target.name) {
            continue;
        }
        coverage.forget();
        let executions = run(&Corpus::of(target.name), target.run, budget, &mut || {
            coverage.is_new()
        });
        println!(
            "{}: {executions} executions, {} places",
            target.name,
            coverage.reached()
        );
        all += executions;
    }
    println!("count: fuzz executions guided by coverage = {all}");
}
