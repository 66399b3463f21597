//! Explains in AWS's words why a request was rejected.
//!
//! `millstream_protocol::decode` only says that something is wrong. This parses the body once more,
//! into a tree of known members, and finds out whether it is well-formed, the first type error in
//! document order, or else all violated constraints. If nothing is wrong (a member was given twice,
//! and the last one is valid), it returns the same request without duplicates.
//!
//! It is not on the hot path. What it keeps, what it reports and what it reads are bounded, however
//! large the body: if a body has more values than any valid request, only the part read so far is
//! judged.

mod base64;
mod constraints;
mod read;
mod record_size;
mod render;
mod shown;
mod value;
mod violation;

use constraints::Absence;
use millstream_protocol::parts::{CborReader, CborWriter, JsonReader};
use millstream_protocol::reader::{Checks, Fault, Kind, Reader};
use millstream_protocol::shape::Type;
use millstream_protocol::{Error, ErrorCode, Protocol};
use read::Findings;
use record_size::LargeRecord;
pub use shown::{SHOWN_BODY_BYTES_MAX, Shown, show, show_some};
use value::Value;
pub use violation::Violation;

/// The explanation of a rejected request whose types are right.
pub(crate) enum Explained {
    /// It violates constraints.
    Broken(Violation),
    /// Nothing is wrong except for duplicates: the request again as CBOR, without them.
    Repeated(Vec<u8>),
}

/// Finds out what is wrong with the body.
///
/// Fails with AWS's error if it is malformed, or a value has a wrong type.
pub(crate) fn explain(
    protocol: Protocol,
    body: &[u8],
    shape: &'static Type,
) -> Result<Explained, Error> {
    let mut found = Findings::default();
    let request = match protocol {
        Protocol::Json => JsonReader::new(body, Checks::All)
            .and_then(|mut reader| read_object(&mut reader, shape, &mut found)),
        Protocol::Cbor => read_object(&mut CborReader::new(body, Checks::All), shape, &mut found),
    };
    let request = request.map_err(|_| malformed())?;
    if let Some(text) = found.type_error {
        return Err(Error::new(ErrorCode::SerializationException, text));
    }
    let absence = if found.is_cut {
        Absence::Open
    } else {
        Absence::Certain
    };
    let (items, large) = constraints::check(shape, &request, absence);
    if !items.is_empty() || large.iter().any(LargeRecord::is_beyond_shape) {
        let violation = Violation::new(shape, &request, items, large);
        return Ok(Explained::Broken(violation));
    }
    if found.is_cut {
        return Err(malformed());
    }
    let mut canonical = Vec::new();
    request.write(shape, &mut CborWriter::new(&mut canonical));
    Ok(Explained::Repeated(canonical))
}

/// Reads the whole body, since AWS checks that it is an object before anything else.
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
    // With a type error it is not used any more.
    Ok(request.unwrap_or(Value::Structure(Vec::new())))
}

fn malformed() -> Error {
    Error::without_message(ErrorCode::SerializationException)
}

#[cfg(test)]
mod tests;
