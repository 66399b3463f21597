//! What runs found, for the repository: the few inputs that reach edges which the corpus does not,
//! the shortest first, each made small.

use crate::coverage::Coverage;
use crate::places::Places;
use millstream_fuzz::{Corpus, Target, smaller};
use std::panic::catch_unwind;

/// Maximum number of inputs that are kept of one target at once.
const KEPT_MAX: usize = 50;
/// Maximum length of an input that is kept.
const KEPT_BYTES_MAX: usize = 32 * 1024;

/// Copies inputs into a target's corpus.
pub fn keep(target: Target, mut coverage: Coverage) {
    std::panic::set_hook(Box::new(|_| ()));
    let corpus = Corpus::of(target.name);
    for input in corpus.read() {
        edges(target, &mut coverage, &input);
    }
    let before = coverage.reached();
    let mut inputs = Places::of(target).reached().read_if_any();
    inputs.retain(|input| input.len() <= KEPT_BYTES_MAX);
    inputs.sort_by_key(Vec::len);
    let mut kept = 0;
    for input in inputs {
        if kept == KEPT_MAX {
            break;
        }
        let reached = coverage.clone();
        if edges(target, &mut coverage, &input) == 0 {
            continue;
        }
        let wanted = coverage.reached();
        let small = smaller(input, |input| {
            let mut again = reached.clone();
            edges(target, &mut again, input);
            again.holds(&coverage) && again.reached() >= wanted
        });
        corpus.add(&small);
        kept += 1;
    }
    let (name, after) = (target.name, coverage.reached());
    println!("{name}: {kept} inputs kept; {before} edges before, {after} with them");
}

/// Runs an input; gives the number of edges that nothing before it reached.
fn edges(target: Target, coverage: &mut Coverage, input: &[u8]) -> usize {
    let before = coverage.reached();
    let run = target.run;
    // What counters say of anything else is not this input's.
    Coverage::default().is_new();
    // A failure is a finding of a run, and no input to keep.
    if catch_unwind(|| run(input)).is_err() {
        Coverage::default().is_new();
        return 0;
    }
    coverage.is_new();
    coverage.reached() - before
}
