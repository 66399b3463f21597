//! The proof that a request may be carried out.

use crate::Principal;

/// An input whose sender may do what it asks. Only this crate makes one.
#[derive(Debug)]
pub struct Authorized<I> {
    principal: Principal,
    input: I,
}

impl<I> Authorized<I> {
    /// Records that the principal may do what the input asks.
    pub(crate) fn new(principal: Principal, input: I) -> Self {
        Self { principal, input }
    }

    /// Who asked.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Takes it apart for the operation.
    pub fn into_parts(self) -> (Principal, I) {
        (self.principal, self.input)
    }
}
