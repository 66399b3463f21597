//! The second gate: may this principal do what this input asks?
//!
//! It is the one place where a request's input becomes [`Authorized`]. No policies exist yet, so
//! every principal may do everything in its own account and region; the operations keep accounts
//! apart by looking names up under the principal only.

use crate::{Authorized, Principal};

/// What an operation does: its name, which a policy writes behind `kinesis:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action(pub &'static str);

/// Judges an input.
///
/// # Errors
/// `AccessDeniedException` with AWS's text, if the principal may not. Nothing has been done then.
pub fn authorize<I>(
    principal: Principal,
    action: Action,
    input: I,
) -> Result<Authorized<I>, wire::Error> {
    // There is no policy yet that the action could be held against.
    let _ = action;
    Ok(Authorized::new(principal, input))
}
