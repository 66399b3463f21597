//! The Kinesis protocol: what operations take and answer, their constraints, their errors, in JSON
//! 1.1 and CBOR 1.1.
//!
//! Three users share it: the server decodes requests and encodes answers, the client the other way
//! round, and a test compares every shape with AWS's service model. It knows nothing of HTTP,
//! signatures or streams, and does no I/O.
//!
//! What always holds:
//!
//! - A member, its requirement and its constraints are declared once, on a field of a Rust struct.
//! - The fast path reads a body once, into typed values, and stops at whatever is wrong. Only then
//!   `explain` reads it again for AWS's words. The fast path accepts nothing in which the
//!   explanation finds anything wrong; what it refuses without reason, because of a value that a
//!   later one replaces, is decoded a second time without the repetition.
//! - What is wrong with types is told at once, what breaks constraints is handed over as a
//!   [`Violation`]: whether the sender may do what it asks is looked at in between.
//! - No allocation follows a length that the input merely declares, and nesting is limited, and so
//!   is the number of values: decoding stops at the first limit that it meets.
//!
//! # To add an operation
//!
//! 1. Write `operations/NAME.rs`: an empty type that implements [`Operation`], its input, its
//!    output (`()` for none), each with `#[derive(Shape)]`. A field is a member; `Option` makes it
//!    optional; `#[shape(name = "..")]` where the wire's name is not the field's in Pascal case.
//! 2. Structures and enumerations that others use too belong in [`types`]. Strings, numbers, blobs,
//!    lists and maps with a name of their own in the service model get a constant in
//!    [`types::named`], and fields point to it: `#[shape(of = named::STREAM_NAME)]`.
//! 3. Add its line to `operations/table.rs`: module, handler and dispatch come from there.
//! 4. An error that is new gets a row in [`ErrorCode`], a pattern that is new a checker in
//!    [`pattern`] and a row in its test.
//!
//! `tests/service_model.rs` then says what is still missing.

pub mod pattern;
pub mod shape;

mod base64;
mod body_limit;
mod timestamp;

mod cbor;
mod json;
pub mod reader;
pub mod writer;

mod decode;
mod encode;
pub mod event_stream;
mod explain;
mod protocol;
mod record_sink;
mod stored_records;
mod texts;
mod violation;

mod error;
mod error_code;

mod operation;
pub mod operations;
pub mod types;

pub use body_limit::{SPARE_BYTES, body_bytes_max};
pub use decode::Decode;
pub use encode::Encode;
pub use error::{Error, RemoteError, decode_error, encode_error};
pub use error_code::ErrorCode;
pub use operation::{Description, Effect, Operation, Period, Rate, ResourceKind, Row, Scope};
pub use protocol::{
    DecodeError, Protocol, Shape, Typed, decode, decode_lenient, decode_types, encode, is_object,
};
pub use record_sink::RecordSink;
pub use stored_records::{
    StoredLengths, StoredParts, StoredRecords, around_records, list_of_records,
};
pub use texts::Texts;
pub use timestamp::Timestamp;
pub use violation::Violation;

/// A record's bytes, and whatever else travels as such.
pub type Blob = bytes::Bytes;
