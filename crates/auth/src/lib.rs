//! Who asks, and what they may do: principals and [`Authorized`] inputs.
//!
//! Only this crate makes an [`Authorized`], and every operation takes one, so no handler can forget
//! the check. It knows requests' heads and inputs; it does no I/O.

mod authorized;
mod principal;

pub use authorized::Authorized;
pub use principal::Principal;
