//! A run of one target: unattended, for as long as it is given. What fails is made small and put
//! aside, once for each place in the code that panics, and the run goes on.

use crate::coverage::Coverage;
use crate::places::Places;
use millstream_fuzz::{Budget, Corpus, Mutator, Target, smaller};
use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Executions between two looks at the clock.
const BETWEEN_LOOKS: u64 = 64;
/// Where the last panic was.
static PANICKED_AT: Mutex<String> = Mutex::new(String::new());

/// A run in progress.
struct Run {
    target: Target,
    coverage: Coverage,
    /// What is mutated.
    pool: Vec<Vec<u8>>,
    reached: Corpus,
    findings: Corpus,
    tried: File,
    executions: u64,
    /// The places that panicked.
    failed_at: BTreeSet<String>,
}

/// Runs a target, and writes its figures as a row of a table.
pub fn explore(target: Target, time: Duration, coverage: Coverage) {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        *PANICKED_AT.lock().unwrap() = place.unwrap_or_default();
    }));
    let places = Places::of(target);
    let mut run = Run {
        target,
        coverage,
        pool: Vec::new(),
        reached: places.reached(),
        findings: places.findings(),
        tried: File::create(places.tried()).unwrap(),
        executions: 0,
        failed_at: BTreeSet::new(),
    };
    for input in Corpus::of(target.name).read() {
        run.execute(&input);
        run.pool.push(input);
    }
    let of_corpus = run.coverage.reached();
    for input in run.reached.read_if_any() {
        if run.execute(&input) {
            run.pool.push(input);
        }
    }
    let seed = Budget::from_variables().seed;
    println!("{}: seed {seed}, {} inputs", target.name, run.pool.len());
    let (mut mutator, began) = (Mutator::new(seed), Instant::now());
    while began.elapsed() < time {
        for _ in 0..BETWEEN_LOOKS {
            let input = mutator.next(&run.pool);
            if run.execute(&input) {
                run.reached.add(&input);
                run.pool.push(input);
            }
        }
    }
    let row = format!(
        "| {} | {} | {} | {} of the corpus, {} in the end, of {} | {} | {} |\n",
        target.name,
        began.elapsed().as_secs(),
        run.executions,
        of_corpus,
        run.coverage.reached(),
        run.coverage.size(),
        run.pool.len(),
        run.failed_at.len(),
    );
    std::fs::write(places.figures(), row).unwrap();
}

impl Run {
    /// Tries an input; says whether it reached something new and did not fail.
    fn execute(&mut self, input: &[u8]) -> bool {
        let length = (input.len() as u32).to_le_bytes();
        self.tried.write_all_at(&length, 0).unwrap();
        self.tried.write_all_at(input, 4).unwrap();
        self.executions += 1;
        let run = self.target.run;
        if catch_unwind(|| run(input)).is_err() {
            self.put_aside(input);
            self.coverage.is_new();
            return false;
        }
        self.coverage.is_new()
    }

    /// Keeps an input that fails, unless another one failed at the same place.
    fn put_aside(&mut self, input: &[u8]) {
        let place = std::mem::take(&mut *PANICKED_AT.lock().unwrap());
        if !self.failed_at.insert(place.clone()) {
            return;
        }
        let run = self.target.run;
        let small = smaller(input.to_vec(), |input| {
            let fails = catch_unwind(|| run(input)).is_err();
            fails && std::mem::take(&mut *PANICKED_AT.lock().unwrap()) == place
        });
        let path = self.findings.add(&small);
        println!(
            "FOUND {} panics at {place}: {}",
            self.target.name,
            path.display()
        );
    }
}
