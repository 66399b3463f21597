//! The files of a directory, each accounted for: the journal's own by their names, others foreign.

use crate::format::segment::{number_of_file, number_of_segment};
use crate::recover::preflight::is_of_journal;
use crate::recover::unfinished::{KEPT_PREFIX, Marked, name_of};
use crate::state::home::Home;
use std::io;

/// The names in a directory, by what they are.
#[derive(Debug, Default)]
pub(crate) struct Accounted {
    /// Files of the journal.
    pub(crate) own: Vec<String>,
    /// The segments among them.
    pub(crate) segments: Vec<u64>,
    /// The numbers of all files that have one.
    pub(crate) numbers: Vec<u64>,
    /// What is not the journal's.
    pub(crate) foreign: Vec<String>,
}

impl Accounted {
    /// What a repair has made that did not end counts by its numbers alone.
    pub(crate) fn of(home: &Home, undone: Option<&Marked>) -> io::Result<Self> {
        let mut accounted = Self::default();
        for path in home.list()? {
            let name = name_of(&path);
            let number = number_of_segment(&name);
            accounted.numbers.extend(number_of_file(&name));
            if undone.is_some_and(|undone| undone.has_made(&name)) {
                continue;
            }
            accounted.segments.extend(number);
            if number.is_some() || is_of_journal(&name) {
                accounted.own.push(name);
            } else if !name.starts_with(KEPT_PREFIX) {
                accounted.foreign.push(name);
            }
        }
        Ok(accounted)
    }
}
