//! The proof that a request may be carried out.

use crate::{Operator, Principal};

/// An input whose sender may do what it asks, and what it was found to be about. Only this crate
/// makes one.
#[derive(Debug)]
pub struct Authorized<I, T> {
    principal: Principal,
    input: I,
    found: T,
}

impl<I, T> Authorized<I, T> {
    /// Records that the principal may do what the input asks to what was found.
    pub(crate) fn new(principal: Principal, input: I, found: T) -> Self {
        Self {
            principal,
            input,
            found,
        }
    }

    /// Takes what the process's own operator asked for on the command line, which no policy judges:
    /// whoever starts the server owns its data. Nothing that came over the network has an
    /// [`Operator`] to show.
    pub fn by_operator(_: &Operator, principal: Principal, input: I, found: T) -> Self {
        Self::new(principal, input, found)
    }

    /// Who asked.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Takes it apart for the operation: what was found, and the input.
    pub fn into_parts(self) -> (T, I) {
        (self.found, self.input)
    }
}

impl<I, T, E> Authorized<I, Result<T, E>> {
    /// The same if something was found; otherwise why not, which the sender may know now.
    ///
    /// # Errors
    /// What was there instead.
    pub fn transpose(self) -> Result<Authorized<I, T>, E> {
        let found = self.found?;
        Ok(Authorized::new(self.principal, self.input, found))
    }
}
