//! Decodes requests, and says in AWS's words why one cannot be.
//!
//! A good body is read once, by `protocol`. Only if something is wrong does [`explain`] read it
//! again. Type errors are returned at once; violated constraints are returned as a [`Violation`],
//! since authorization comes between the two.
//!
//! `protocol` accepts only what `explain` accepts. A request that `protocol` rejects only because a
//! member is given twice (the last one wins) is decoded again without the duplicates.

use crate::explain::{Explained, Violation, explain};
use millstream_protocol::{Error, ErrorCode, Protocol, Shape};

/// A request whose values have the right types.
#[derive(Debug)]
pub enum Typed<T> {
    /// It satisfies the constraints of its shape.
    Sound(T),
    /// It violates some.
    Broken(Violation),
}

/// Decodes a request and reports type errors before anything else. Constraints are checked, too;
/// violations are returned separately, to be reported later.
///
/// Fails with AWS's own error: a `SerializationException`, without a text for a malformed body, and
/// with one for the first value of a wrong type.
pub fn decode_types<T: Shape>(protocol: Protocol, body: &[u8]) -> Result<Typed<T>, Error> {
    match millstream_protocol::decode(protocol, body) {
        Ok(request) => Ok(Typed::Sound(request)),
        Err(_) => decode_explained(protocol, body),
    }
}

/// The second attempt: explains the error, or decodes the request without its duplicates.
#[cold]
fn decode_explained<T: Shape>(protocol: Protocol, body: &[u8]) -> Result<Typed<T>, Error> {
    match explain(protocol, body, T::SHAPE)? {
        Explained::Broken(violation) => Ok(Typed::Broken(violation)),
        Explained::Repeated(canonical) => {
            let request = millstream_protocol::decode(Protocol::Cbor, &canonical);
            let unexplained = |_| Error::without_message(ErrorCode::InternalFailure);
            request.map(Typed::Sound).map_err(unexplained)
        }
    }
}
