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

    /// Takes what the process's own operator asked for on the command line, which no policy judges:
    /// whoever starts the server owns its data. Never for anything that came over the network.
    pub fn by_operator(principal: Principal, input: I) -> Self {
        Self::new(principal, input)
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
