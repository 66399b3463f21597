//! AWS's Signature Version 4, verified.
//!
//! [`verifier`] has the order of checks. What a client signs is rebuilt by [`canonical`] from the
//! request as it came and the body as it came: nothing that the request says about either is taken
//! for it. [`signed_headers`] holds that all that decides what a request does is signed, [`date`]
//! that it is signed now, [`key`] derives and remembers signing keys. The errors are in [`words`].
//!
//! A signature may be used again within its time, as on AWS: TLS hides it from others.

#[cfg(test)]
mod attacks;
mod canonical;
mod date;
#[cfg(test)]
mod differential;
mod hex;
pub(crate) mod key;
mod signed_headers;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod vectors;
mod verifier;
mod words;
#[cfg(test)]
mod work;

pub use verifier::Verifier;

/// The service in the scope of every signature.
const SERVICE: &str = "kinesis";
/// The end of every scope.
const TERMINATOR: &str = "aws4_request";
/// The algorithm, as the string to sign names it.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
