//! Runs a target: first on its corpus, then on inputs made of it, until its time is over.

use crate::corpus::Corpus;
use crate::mutator::Mutator;
use millstream_env::{Clock, SystemClock};
use std::panic::catch_unwind;
use std::time::Duration;

/// Seconds for new inputs of each target; none if it is not set.
const SECONDS: &str = "MILLSTREAM_FUZZ_SECONDS";
/// The seed of the new inputs, to repeat a run.
const SEED: &str = "MILLSTREAM_FUZZ_SEED";
/// How often a failing input is tried in smaller forms.
const SMALLER_MAX: usize = 3_000;
/// Executions between two looks at the clock.
const BETWEEN_LOOKS: usize = 16;

/// How long a target runs, and on which inputs.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Time for new inputs.
    pub time: Duration,
    /// What decides them.
    pub seed: u64,
}

impl Budget {
    /// What the environment's variables say; without them there are no new inputs.
    ///
    /// # Panics
    /// If one is not a number.
    pub fn from_variables() -> Self {
        let number = |name| std::env::var(name).ok().map(|text| text.parse().unwrap());
        Self {
            time: Duration::from_secs(number(SECONDS).unwrap_or(0)),
            seed: number(SEED).unwrap_or_else(|| fastrand::u64(..)),
        }
    }
}

/// Runs a target as the environment's variables say, and reports the number of executions.
///
/// # Panics
/// If the target does.
pub fn fuzz(name: &str, target: fn(&[u8])) {
    let budget = Budget::from_variables();
    println!("{name}: {SEED}={}", budget.seed);
    let executions = run(&Corpus::of(name), target, budget);
    if !budget.time.is_zero() {
        millstream_pages::count(&format!("fuzz executions of {name}"), executions);
    }
}

/// Runs a target on its corpus and on new inputs; gives the number of executions. An input that
/// fails is made small and added to the corpus.
fn run(corpus: &Corpus, target: fn(&[u8]), budget: Budget) -> usize {
    let pool = corpus.read();
    for input in &pool {
        check(corpus, target, input);
    }
    let mut mutator = Mutator::new(budget.seed);
    let clock = SystemClock::new();
    let began = clock.monotonic();
    let mut executions = pool.len();
    while clock.monotonic().since(began) < budget.time {
        for _ in 0..BETWEEN_LOOKS {
            let input = mutator.next(&pool);
            check(corpus, target, &input);
        }
        executions += BETWEEN_LOOKS;
    }
    executions
}

fn check(corpus: &Corpus, target: fn(&[u8]), input: &[u8]) {
    if catch_unwind(|| target(input)).is_err() {
        let small = smaller(input.to_vec(), |input| {
            catch_unwind(|| target(input)).is_err()
        });
        let path = corpus.add(&small);
        let shown = small.escape_ascii();
        panic!("an input fails, and is now {}: {shown}", path.display());
    }
}

/// Removes what an input does not need to be as it is wanted, such as to fail: halves first, single
/// bytes in the end.
pub fn smaller(mut input: Vec<u8>, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut tries = 0;
    let mut run = input.len() / 2;
    while run > 0 {
        let mut at = 0;
        while at < input.len() && tries < SMALLER_MAX {
            let end = input.len().min(at + run);
            let without = [&input[..at], &input[end..]].concat();
            tries += 1;
            if fails(&without) {
                input = without;
            } else {
                at = end;
            }
        }
        run /= 2;
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_when_it_fails_then_only_what_it_fails_for_remains() {
        let input = b"a long input that has a needle somewhere in it".to_vec();
        let fails = |input: &[u8]| input.windows(6).any(|part| part == b"needle");
        assert_eq!(smaller(input, fails), b"needle");
    }
}
