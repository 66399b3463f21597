//! Prepared responses to GetRecords.

use anyhow::Context;
use bytes::Bytes;
use std::collections::BTreeMap;

/// Responses by protocol, returned round-robin.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    answers: BTreeMap<String, Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    answers: Vec<Bytes>,
    next: usize,
}

impl Prepared {
    /// Removes the responses in a protocol.
    pub(super) fn forget(&mut self, protocol: &str) {
        self.answers.remove(protocol);
    }

    /// Adds a response in a protocol.
    pub(super) fn add(&mut self, protocol: &str, answer: Bytes) {
        let turns = self.answers.entry(protocol.to_owned()).or_default();
        turns.answers.push(answer);
    }

    /// The next response in a protocol; the first follows the last.
    pub(super) fn next(&mut self, protocol: &str) -> anyhow::Result<Bytes> {
        let turns = self.answers.get_mut(protocol);
        let turns = turns.context("nothing is prepared")?;
        let answer = turns.answers[turns.next].clone();
        turns.next = (turns.next + 1) % turns.answers.len();
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_when_prepared_in_two_protocols_then_each_gives_its_own_in_turn() {
        let mut prepared = Prepared::default();
        for (protocol, answer) in [("json", "j1"), ("cbor", "c1"), ("json", "j2")] {
            prepared.add(protocol, answer.into());
        }
        let mut given = |protocol| prepared.next(protocol).unwrap();
        assert_eq!(
            ["j1", "j2", "j1"].map(Bytes::from),
            [(); 3].map(|()| given("json"))
        );
        assert_eq!(
            ["c1", "c1"].map(Bytes::from),
            [(); 2].map(|()| given("cbor"))
        );
        prepared.forget("json");
        assert!(prepared.next("json").is_err());
        assert!(prepared.next("cbor").is_ok());
    }
}
