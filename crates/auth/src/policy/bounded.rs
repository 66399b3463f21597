//! A request's condition keys while it is judged, within a bounded number of steps.
//!
//! Patterns that are made to take long would hold a thread up. Once the steps are used up nothing
//! more can be told: what permits does not apply, and what refuses does.

use super::key::{Found, Key, Keys};
use std::cell::Cell;

/// The most steps of a judgement: a few milliseconds. The policies of people take some thousands.
pub(super) const STEPS_MAX: usize = 4_000_000;

/// What it takes to find the value of a key: the tags of a request or a resource are looked through
/// for one.
const STEPS_OF_A_KEY: usize = 200;

/// Keys, and the steps that are left.
pub(super) struct Bounded<'a> {
    keys: &'a dyn Keys,
    left: Cell<usize>,
}

impl<'a> Bounded<'a> {
    pub(super) fn new(keys: &'a dyn Keys) -> Self {
        let left = Cell::new(STEPS_MAX);
        Self { keys, left }
    }
}

impl Keys for Bounded<'_> {
    fn find(&self, key: &Key) -> Found<'_> {
        match self.left.get().checked_sub(STEPS_OF_A_KEY) {
            Some(left) => {
                self.left.set(left);
                self.keys.find(key)
            }
            None => {
                self.left.set(0);
                Found::Unclear
            }
        }
    }

    fn steps_left(&self) -> usize {
        self.left.get()
    }

    fn set_steps_left(&self, left: usize) {
        self.left.set(left);
    }
}
