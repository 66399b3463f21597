//! Whether something fits, which may be unknown: the logic of three values.
//!
//! What is unknown is never taken for a permission: a statement that permits applies only if all of
//! it fits, one that refuses unless something of it does not.

/// Whether a request fits something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    /// It cannot be told.
    Unknown,
}

impl Fit {
    pub(super) fn of(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    /// `Yes` if one is, else `Unknown` if one is.
    pub(super) fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let mut found = Self::No;
        for one in all {
            match one {
                Self::Yes => return Self::Yes,
                Self::Unknown => found = Self::Unknown,
                Self::No => (),
            }
        }
        found
    }

    /// `No` if one is, else `Unknown` if one is.
    pub(super) fn all(all: impl IntoIterator<Item = Self>) -> Self {
        Self::any(all.into_iter().map(Self::not)).not()
    }
}
