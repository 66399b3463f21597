//! The two protocols, and the conversion between bodies and typed values.

use crate::decode::Decode;
use crate::encode::Encode;
use crate::reader::{Checks, Fault, Reader};
use crate::shape::{Described, Kind};
use crate::{cbor, json};

/// The encoding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// AWS JSON 1.1.
    Json,
    /// AWS CBOR 1.1.
    Cbor,
}

impl Protocol {
    /// Returns the content type of such a body.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Cbor => "application/x-amz-cbor-1.1",
        }
    }

    /// Finds the protocol of a content type, given without parameters and surrounding whitespace.
    /// Media types ignore case.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        [Self::Json, Self::Cbor]
            .into_iter()
            .find(|known| known.content_type().eq_ignore_ascii_case(content_type))
    }
}

/// A structure that can be decoded. Derived, never implemented by hand.
pub trait Shape: Described + Decode {}

impl<T: Described + Decode> Shape for T {}

/// A response that does not have the form required by the service model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not as the service model has it: {0}")]
pub struct DecodeError(#[from] Fault);

/// Decodes a request and checks every constraint.
///
/// Fails with the first fault that it meets, in the order of the body. A request in which a member
/// is given twice may fail although the last value is valid.
pub fn decode<T: Shape>(protocol: Protocol, body: &[u8]) -> Result<T, Fault> {
    read(protocol, body, Checks::All)
}

/// Decodes a response. It may be newer than our shapes: constraints are not checked, and unknown
/// optional values of enumerations are dropped.
pub fn decode_lenient<T: Shape>(protocol: Protocol, body: &[u8]) -> Result<T, DecodeError> {
    // An operation without output responds with an empty body.
    let nothing_expected = matches!(T::SHAPE.kind, Kind::Structure([]));
    if body.is_empty() && nothing_expected {
        return Ok(read(Protocol::Json, b"{}", Checks::TypesOnly)?);
    }
    Ok(read(protocol, body, Checks::TypesOnly)?)
}

/// Appends a value.
pub fn encode<T: Encode>(protocol: Protocol, value: &T, out: &mut Vec<u8>) {
    out.reserve(value.bytes_expected());
    match protocol {
        Protocol::Json => value.encode(&mut json::JsonWriter::new(out)),
        Protocol::Cbor => value.encode(&mut cbor::CborWriter::new(out)),
    }
}

/// Appends a client's request. Its JSON is that of botocore, byte for byte.
pub fn encode_request<T: Encode>(protocol: Protocol, value: &T, out: &mut Vec<u8>) {
    match protocol {
        Protocol::Json => value.encode(&mut json::RequestWriter::new(out)),
        Protocol::Cbor => encode(protocol, value, out),
    }
}

/// Whether a body is well-formed and an object, which AWS checks before anything else.
///
/// A request that decodes satisfies this, so only those rejected for another reason need the check.
pub fn is_object(protocol: Protocol, body: &[u8]) -> bool {
    match protocol {
        Protocol::Json => {
            json::JsonReader::new(body, Checks::All).and_then(|mut reader| skip_object(&mut reader))
        }
        Protocol::Cbor => skip_object(&mut cbor::CborReader::new(body, Checks::All)),
    }
    .is_ok()
}

fn skip_object<'de, R: Reader<'de>>(reader: &mut R) -> Result<(), Fault> {
    if reader.kind()? != crate::reader::Kind::Map {
        return Err(Fault::Mismatch);
    }
    reader.skip()?;
    reader.finish()
}

fn read<T: Shape>(protocol: Protocol, body: &[u8], checks: Checks) -> Result<T, Fault> {
    match protocol {
        Protocol::Json => read_all(&mut json::JsonReader::new(body, checks)?),
        Protocol::Cbor => read_all(&mut cbor::CborReader::new(body, checks)),
    }
}

fn read_all<'de, T: Shape, R: Reader<'de>>(reader: &mut R) -> Result<T, Fault> {
    let value = T::decode(reader, T::SHAPE)?;
    reader.finish()?;
    Ok(value)
}

#[cfg(test)]
mod tests;
