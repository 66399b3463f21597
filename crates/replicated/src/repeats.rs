//! Commands that occur in the log more than once.
//!
//! A proposer that does not learn whether its append took place may append the same envelope again.
//! The second copy must do nothing, on every node alike. So a command is a repetition exactly if
//! one of the [`REPEATS_KNOWN`] commands before it in the log has its id. That is a property of the
//! log alone, wherever a node started to replay it.

use std::collections::{BTreeMap, VecDeque};

/// How many preceding commands a command is compared with. Part of the format: nodes with different
/// values would diverge. It is many times the number of commands appended while a proposer retries,
/// and small enough to be read at each start.
pub const REPEATS_KNOWN: usize = 4096;
/// How many of the newest outcomes a node keeps for repetitions. Not part of the format: an older
/// outcome is unknown. An outcome may be large, an id is not.
pub const ANSWERS_KEPT: usize = 256;

/// The id of a proposal.
type Id = [u8; 16];

/// The ids of the newest commands, and the outcomes of those that were applied here.
pub(crate) struct Repeats<V> {
    /// The ids of the newest [`REPEATS_KNOWN`] commands, repetitions included, in log order.
    window: VecDeque<Id>,
    /// Total number of commands pushed.
    pushed: u64,
    /// For each id in the window, the command that had it last.
    newest: BTreeMap<Id, u64>,
    answers: VecDeque<(Id, V)>,
}

/// What is known about an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known<V> {
    /// Not in the window.
    New,
    /// In the window, with its outcome if that is known here.
    Again(Option<V>),
}

impl<V: Clone> Repeats<V> {
    pub(crate) fn new() -> Self {
        Self {
            window: VecDeque::new(),
            pushed: 0,
            newest: BTreeMap::new(),
            answers: VecDeque::new(),
        }
    }

    /// Takes the next command of the log without applying it: it is in the state already, or is
    /// none. Its outcome is not known.
    pub(crate) fn pass(&mut self, id: Id) {
        self.newest.insert(id, self.pushed);
        self.window.push_back(id);
        self.pushed += 1;
        if self.window.len() <= REPEATS_KNOWN {
            return;
        }
        let Some(oldest) = self.window.pop_front() else {
            return;
        };
        let place = self.pushed - 1 - REPEATS_KNOWN as u64;
        if self.newest.get(&oldest) == Some(&place) {
            self.newest.remove(&oldest);
        }
    }

    /// Takes the next command of the log, and applies it unless it is a repetition. Returns `None`
    /// for a repetition whose first outcome is not known here.
    pub(crate) fn judge(&mut self, id: Id, apply: impl FnOnce() -> V) -> Option<V> {
        let answer = match self.look_up(&id) {
            Known::Again(answer) => answer,
            Known::New => {
                let answer = apply();
                self.answers.push_back((id, answer.clone()));
                if self.answers.len() > ANSWERS_KEPT {
                    self.answers.pop_front();
                }
                Some(answer)
            }
        };
        self.pass(id);
        answer
    }

    /// What is known about an id.
    pub(crate) fn look_up(&self, id: &Id) -> Known<V> {
        if !self.newest.contains_key(id) {
            return Known::New;
        }
        let answer = self.answers.iter().rev().find(|(of, _)| of == id);
        Known::Again(answer.map(|(_, answer)| answer.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> Id {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        id
    }

    fn judge(repeats: &mut Repeats<usize>, number: usize, answer: usize) -> Option<usize> {
        repeats.judge(id(number), || answer)
    }

    #[test]
    fn id_when_as_many_commands_stand_between_as_are_known_then_is_new_and_before_that_is_not() {
        for between in [0, 1, REPEATS_KNOWN - 1, REPEATS_KNOWN] {
            let mut repeats = Repeats::new();
            judge(&mut repeats, 0, 7);
            for number in 1..=between {
                judge(&mut repeats, number, 8);
            }
            let is_new = repeats.look_up(&id(0)) == Known::New;
            assert_eq!(is_new, between == REPEATS_KNOWN, "{between}");
        }
    }

    #[test]
    fn id_when_it_comes_again_and_again_then_is_known_from_its_last_time_on() {
        let mut repeats = Repeats::new();
        judge(&mut repeats, 0, 7);
        for number in 1..REPEATS_KNOWN {
            repeats.pass(id(number));
        }
        repeats.pass(id(0));
        for number in 1..REPEATS_KNOWN {
            repeats.pass(id(REPEATS_KNOWN + number));
            assert_ne!(repeats.look_up(&id(0)), Known::New, "{number}");
        }
        repeats.pass(id(2 * REPEATS_KNOWN));
        assert_eq!(repeats.look_up(&id(0)), Known::New);
        assert_eq!(repeats.newest.len(), REPEATS_KNOWN);
        assert_eq!(repeats.window.len(), REPEATS_KNOWN);
    }

    #[test]
    fn answer_when_it_is_asked_for_then_is_the_first_one_or_forgotten_never_another() {
        let mut repeats = Repeats::new();
        judge(&mut repeats, 0, 7);
        assert_eq!(judge(&mut repeats, 0, 8), Some(7));
        for number in 1..ANSWERS_KEPT {
            judge(&mut repeats, number, 9);
        }
        assert_eq!(judge(&mut repeats, 0, 10), Some(7));
        judge(&mut repeats, ANSWERS_KEPT, 9);
        assert_eq!(judge(&mut repeats, 0, 11), None);
        assert_eq!(repeats.answers.len(), ANSWERS_KEPT);
    }
}
