//! The targets, guided by coverage, as `run` and `keep` beside it build and call it:
//!
//! - `guided targets` names them;
//! - `guided explore SECONDS TARGET` runs one on inputs that reach new code: each that does is kept
//!   in the folder of the runs, and mutated from then on;
//! - `guided keep TARGET` copies the few of them that reach more than the corpus into the corpus.

mod coverage;
mod explore;
mod keep;
mod places;

use coverage::Coverage;
use millstream_fuzz::{TARGETS, Target};
use std::time::Duration;

const USAGE: &str = "guided targets | explore SECONDS TARGET | keep TARGET";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["targets"] => TARGETS.iter().for_each(|it| println!("{}", it.name)),
        ["explore", seconds, name] => {
            let time = Duration::from_secs(seconds.parse().expect("a number of seconds"));
            explore::explore(target(name), time, Coverage::default());
        }
        ["keep", name] => keep::keep(target(name), Coverage::default()),
        _ => panic!("{USAGE}"),
    }
}

fn target(name: &str) -> Target {
    let target = TARGETS.iter().find(|target| target.name == name);
    *target.unwrap_or_else(|| panic!("{name} is no target"))
}
