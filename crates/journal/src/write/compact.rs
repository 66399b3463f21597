//! A compact offset or time: a number that may be missing, in eight bytes instead of sixteen, so
//! that what every append needs of a log fits into one cache line.

/// A number below the highest, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compact(u64);

const NONE: u64 = u64::MAX;

impl Compact {
    /// # Panics
    /// If it is the maximum.
    pub(crate) fn of(number: Option<u64>) -> Self {
        assert_ne!(number, Some(NONE), "neither times nor offsets get there");
        Self(number.unwrap_or(NONE))
    }

    pub(crate) fn get(self) -> Option<u64> {
        (self.0 != NONE).then_some(self.0)
    }
}

impl Default for Compact {
    fn default() -> Self {
        Self(NONE)
    }
}
