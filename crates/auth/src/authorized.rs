//! The proof that a request may be carried out.

use crate::{Operator, Principal};

/// An input whose sender is permitted to do what it asks, with what it refers to. Only this crate
/// constructs one.
///
/// ```compile_fail,E0624
/// use millstream_auth::{Authorized, Principal};
/// use millstream_model::{AccountId, Region};
///
/// let account = AccountId::parse("111111111111").unwrap();
/// let principal = Principal::root(account, Region::us_east_1());
/// Authorized::new(principal, "input", "found");
/// ```
#[derive(Debug)]
pub struct Authorized<I, T> {
    principal: Principal,
    input: I,
    found: T,
}

impl<I, T> Authorized<I, T> {
    /// Records that the principal may do what the input asks with what was found.
    pub(crate) fn new(principal: Principal, input: I, found: T) -> Self {
        Self {
            principal,
            input,
            found,
        }
    }

    /// Authorizes what the process's own operator asked for on the command line. No policy judges
    /// it: whoever starts the server owns its data. Requests from the network have no [`Operator`]
    /// to present.
    pub fn by_operator(_: &Operator, principal: Principal, input: I, found: T) -> Self {
        Self::new(principal, input, found)
    }

    /// The principal that sent the request.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The input.
    pub fn input(&self) -> &I {
        &self.input
    }

    /// What the input refers to.
    pub fn found(&self) -> &T {
        &self.found
    }

    /// Splits it for the operation: what was found, and the input.
    pub fn into_parts(self) -> (T, I) {
        (self.found, self.input)
    }
}

impl<I, T, E> Authorized<I, Result<T, E>> {
    /// Turns an authorized `Result` inside out. A failure to find the resource may be told to the
    /// sender only now.
    ///
    /// # Errors
    /// Why nothing was found.
    pub fn transpose(self) -> Result<Authorized<I, T>, E> {
        let found = self.found?;
        Ok(Authorized::new(self.principal, self.input, found))
    }
}
