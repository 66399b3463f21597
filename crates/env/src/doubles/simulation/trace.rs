//! The trace of a run: a digest of every decision, disk call and result.
//!
//! It is not cryptographic: it tells two runs apart, and need not resist attacks. On demand each
//! event is also kept as a [`Line`], which takes memory.

use std::time::Duration;

/// A digest of what has happened so far. Two runs with equal traces took the same steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    hash: u64,
    /// Number of events.
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

/// One event, for finding where two runs diverge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Time since the world began.
    pub at: Duration,
    /// Kind of event.
    pub what: &'static str,
    /// Which instance.
    pub number: u64,
}

impl Line {
    /// Where two runs diverge: the number of the first differing line, and both lines.
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
