//! Counts the instructions that work takes.
//!
//! Valgrind counts them in this very program, which it runs again for the work alone: the same on
//! every machine, whatever else it does. The difference between twice the work and the work once
//! excludes the setup.

use std::process::Command;

/// Names the work in the program that is counted.
const WORK: &str = "MILLSTREAM_COUNTED_WORK";

/// What this program is to do, if it is the one that is counted.
pub fn work() -> Option<String> {
    std::env::var(WORK).ok()
}

/// Instructions of this program when the test of that name does nothing but the work.
pub fn instructions(test: &str, work: &str) -> u64 {
    let output = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--test-threads=1", test])
        .env(WORK, work)
        .output()
        .expect("valgrind can be run");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{work}: {told}{shown}");
    assert!(shown.contains("1 passed"), "{test} is a test: {shown}");
    let line = told.lines().find_map(|line| line.split_once("refs:"));
    let (_, counted) = line.expect("valgrind says how many instructions there were");
    counted.trim().replace(',', "").parse().unwrap()
}
