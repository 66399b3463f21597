//! The Kinesis protocol: inputs and outputs of operations, their constraints and errors, in JSON
//! 1.1 and CBOR 1.1.
//!
//! It is what client and server share: the server decodes requests and encodes responses, the
//! client does the reverse, and a test compares every shape with AWS's service model. It knows
//! nothing of HTTP, signatures or streams, has no words for what is wrong with a request, and does
//! no I/O.
//!
//! What always holds:
//!
//! - A member, its requirement and its constraints are declared once, on a field of a Rust struct.
//! - A body is read once, into typed values, and decoding stops at the first fault. It accepts no
//!   request that AWS would reject. It may reject a valid request that gives a member twice (the
//!   last one wins): only whoever explains the fault can tell.
//! - No allocation follows a length that the input merely declares. Nesting and the number of
//!   values are limited: decoding stops at the first limit that it reaches.
//!
//! # To add an operation
//!
//! 1. Write `operations/NAME.rs`: an empty type that implements [`Operation`], its input and its
//!    output (`()` for none), each with `#[derive(Shape)]`. A field is a member; `Option` makes it
//!    optional; `#[shape(name = "..")]` sets the wire name if it is not the field name in Pascal
//!    case.
//! 2. Put structures and enumerations that are shared into [`types`]. Strings, numbers, blobs,
//!    lists and maps that have a name in the service model get a constant in [`types::named`], and
//!    fields refer to it: `#[shape(of = named::STREAM_NAME)]`.
//! 3. Add its line to `operations/table.rs`: module, handler and dispatch come from there.
//! 4. Give a new error a row in [`ErrorCode`], and a new pattern a checker in [`pattern`] and a row
//!    in its test.
//!
//! `tests/service_model.rs` then reports what is still missing.

pub mod parts;
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
mod protocol;
mod record_sink;
mod texts;

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
pub use operation::{
    Description, Effect, Operation, Period, Rate, ResourceKind, Row, Scope, Source, TARGET_PREFIX,
};
pub use protocol::{
    DecodeError, Protocol, Shape, decode, decode_lenient, encode, encode_request, is_object,
};
pub use record_sink::RecordSink;
pub use texts::Texts;
pub use timestamp::Timestamp;

/// A record's bytes, and other binary members.
pub type Blob = bytes::Bytes;
