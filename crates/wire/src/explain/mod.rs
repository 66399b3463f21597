//! Why a request was refused, in AWS's words.
//!
//! The typed decoder only says that something is wrong. This reads the body once more, into a tree
//! of the members that the shape knows, and finds the first type error in the order of the document,
//! or else all violated constraints. If it finds nothing wrong (a member was given twice, and the
//! last one is good), it hands back the same request in a form without repetitions.
//!
//! It is not on the hot path. What it keeps and what it says is bounded, however large the body.

mod constraints;
mod read;
mod render;
mod value;

use crate::reader::{Checks, Reader};
use crate::shape::Type;
use crate::{Error, ErrorCode, Protocol, cbor, json};
use read::TypeError;
use value::Value;

/// Finds what is wrong with the body, or returns the request again as CBOR, each member once.
pub(crate) fn explain(
    protocol: Protocol,
    body: &[u8],
    shape: &'static Type,
) -> Result<Vec<u8>, Error> {
    if !crate::is_object(protocol, body) {
        return Err(malformed());
    }
    let request = match protocol {
        Protocol::Json => json::JsonReader::new(body, Checks::TypesOnly)
            .map_err(TypeError::from)
            .and_then(|mut reader| read_object(&mut reader, shape)),
        Protocol::Cbor => read_object(&mut cbor::CborReader::new(body, Checks::TypesOnly), shape),
    };
    let request = request.map_err(serialization_error)?;
    constraints::check(shape, &request)?;
    let mut canonical = Vec::new();
    request.write(shape, &mut cbor::CborWriter::new(&mut canonical));
    Ok(canonical)
}

fn read_object<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
) -> Result<Value<'de>, TypeError> {
    read::read(reader, shape)?.ok_or(TypeError::Malformed)
}

fn malformed() -> Error {
    Error::without_message(ErrorCode::SerializationException)
}

fn serialization_error(error: TypeError) -> Error {
    match error {
        TypeError::Malformed => malformed(),
        TypeError::Text(text) => Error::new(ErrorCode::SerializationException, text),
    }
}

#[cfg(test)]
mod tests;
