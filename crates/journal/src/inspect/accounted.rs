//! The files of a directory, each accounted for: the journal's own by their names, others foreign.

use crate::format::segment::{number_of_file, number_of_segment};
use crate::recover::preflight::is_of_journal;
use crate::state::home::Home;
use std::io;

/// The beginning of the names of folders that hold what a repair took out.
pub(crate) const KEPT_PREFIX: &str = "repair-";

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
    pub(crate) fn of(home: &Home) -> io::Result<Self> {
        let mut accounted = Self::default();
        for path in home.list()? {
            let name = path.file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            let number = number_of_segment(&name);
            accounted.segments.extend(number);
            accounted.numbers.extend(number_of_file(&name));
            if number.is_some() || is_of_journal(&name) {
                accounted.own.push(name);
            } else if !name.starts_with(KEPT_PREFIX) {
                accounted.foreign.push(name);
            }
        }
        Ok(accounted)
    }
}
