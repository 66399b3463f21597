//! Who sends a request, and what they may do: principals and [`Authorized`] inputs.
//!
//! A request passes two gates. [`Authenticator::authenticate`] turns its head into a [`Principal`];
//! how a [`mod@signature`] is verified, by which [`mod@keys`], is a matter of its own.
//! [`Authorizer::authorize`] turns a principal's input, with the [`Resource`] that it refers to,
//! into an [`Authorized`] one. Only this crate constructs an [`Authorized`], and every operation
//! takes one, so no handler can forget the check. The crate knows request heads and inputs; it does
//! no I/O.

mod action;
mod authenticator;
mod authorize;
mod authorized;
mod besides;
mod claim;
mod context;
mod credential;
mod enforced;
mod head;
mod keys;
mod operator;
pub mod policy;
mod principal;
mod resource;
mod secret;
mod signature;

pub use action::Action;
pub use authenticator::{Authenticator, Mode};
pub use authorize::{Across, Authorizer, Naming, NoPolicies, Policies, Question, Sent, Subject};
pub use authorized::Authorized;
pub use besides::Besides;
pub use claim::Claimed;
pub use context::{Channel, Context};
pub use enforced::{AsVerified, Callers, Enforced};
pub use head::Head;
pub use keys::{AccessKey, AccessKeyId, KeyStore, Keys, Refused, Validity};
pub use operator::Operator;
pub use principal::{Principal, User, UserName};
pub use resource::{Resource, Stream};
pub use secret::{Secret, SecretText};
pub use signature::Verifier;
