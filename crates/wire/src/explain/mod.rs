//! Why a request was refused, in AWS's words.
//!
//! The typed decoder only says that something is wrong. This reads the body once more, into a tree
//! of the members that the shape knows, and finds whether it is well-formed, the first type error
//! in the order of the document, or else all violated constraints. If it finds nothing wrong (a
//! member was given twice, and the last one is good), it hands back the same request in a form
//! without repetitions.
//!
//! It is not on the hot path. What it keeps and what it says is bounded, however large the body,
//! and so is what it reads: of a body with more values than any request has, what was read until
//! then is judged.

mod constraints;
mod read;
mod render;
mod value;

use crate::reader::{Checks, Fault, Kind, Reader};
use crate::shape::Type;
use crate::{Error, ErrorCode, Protocol, Violation, cbor, json};
use constraints::Absence;
use read::Findings;
pub(crate) use value::Value;

/// What is found out about a request that was refused, though its types are right.
pub(crate) enum Explained {
    /// It breaks constraints.
    Broken(Violation),
    /// Nothing is wrong, but for members given twice: the request again as CBOR, each member once.
    Repeated(Vec<u8>),
}

/// Finds what is wrong with the body.
///
/// Fails with AWS's error if it is malformed, or a value is of the wrong type.
pub(crate) fn explain(
    protocol: Protocol,
    body: &[u8],
    shape: &'static Type,
) -> Result<Explained, Error> {
    let mut found = Findings::default();
    let request = match protocol {
        Protocol::Json => json::JsonReader::new(body, Checks::All)
            .and_then(|mut reader| read_object(&mut reader, shape, &mut found)),
        Protocol::Cbor => read_object(
            &mut cbor::CborReader::new(body, Checks::All),
            shape,
            &mut found,
        ),
    };
    let request = request.map_err(|_| malformed())?;
    if let Some(text) = found.type_error {
        return Err(Error::new(ErrorCode::SerializationException, text));
    }
    let absence = match found.is_cut {
        true => Absence::Open,
        false => Absence::Certain,
    };
    if let Err(error) = constraints::check(shape, &request, absence) {
        return Ok(Explained::Broken(Violation::new(shape, &request, error)));
    }
    if found.is_cut {
        return Err(malformed());
    }
    let mut canonical = Vec::new();
    request.write(shape, &mut cbor::CborWriter::new(&mut canonical));
    Ok(Explained::Repeated(canonical))
}

/// Reads all of the body, since AWS looks whether it is an object before anything else.
fn read_object<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    found: &mut Findings,
) -> Result<Value<'de>, Fault> {
    if reader.kind()? != Kind::Map {
        return Err(Fault::Malformed);
    }
    let request = read::read(reader, shape, found)?;
    if !found.is_cut {
        reader.finish()?;
    }
    // With a value of the wrong type inside it is not looked at any more.
    Ok(request.unwrap_or(Value::Structure(Vec::new())))
}

fn malformed() -> Error {
    Error::without_message(ErrorCode::SerializationException)
}

#[cfg(test)]
mod tests;
