//! The memory of a run: one number that every decision, disk call and answer goes into.
//!
//! Not cryptographic: it tells two runs apart, and nobody tries to deceive it. On demand each thing
//! is kept as a [`Line`] besides, which takes memory.

use std::time::Duration;

/// What happened so far. Two runs with equal traces took the same steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    hash: u64,
    /// How many things happened.
    pub events: u64,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            events: 0,
        }
    }

    pub(super) fn note(&mut self, what: &str, number: u64) {
        for byte in what.bytes() {
            self.mix(u64::from(byte));
        }
        self.mix(number);
        self.events += 1;
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        self.hash = self.hash.rotate_left(23);
    }
}

/// One thing that happened, for people who look for where two runs part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, since the world began.
    pub at: Duration,
    /// What.
    pub what: &'static str,
    /// Which one.
    pub number: u64,
}

impl Line {
    /// Where two runs part: the number of the first line in which they differ, and both lines.
    pub fn first_difference(one: &[Self], other: &[Self]) -> Option<String> {
        let length = one.len().max(other.len());
        let at = (0..length).find(|at| one.get(*at) != other.get(*at))?;
        let text = |lines: &[Self]| {
            let line = lines.get(at).map(Self::to_string);
            line.unwrap_or_else(|| "its end".to_owned())
        };
        Some(format!("line {}: {} | {}", at + 1, text(one), text(other)))
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} {}", self.at, self.what, self.number)
    }
}

impl std::fmt::Display for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x} after {} events", self.hash, self.events)
    }
}
