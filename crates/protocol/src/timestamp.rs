//! Instants in Kinesis' representation.
//!
//! This is a wire type; it is not a clock, and its only calendar is for parsing ISO 8601 text.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::reader::Number;
use crate::shape::{Described, Type};

/// Milliseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Described for Timestamp {
    const SHAPE: &'static Type = &Type::timestamp("Timestamp");
}

impl Timestamp {
    /// Converts JSON's number: seconds, with a fraction. `None` for NaN.
    pub(crate) fn from_seconds(seconds: Number) -> Option<Self> {
        match seconds {
            Number::Integer(seconds) => Some(Self(seconds.saturating_mul(1000))),
            Number::Float(seconds) => Self::from_float(seconds * 1000.0),
        }
    }

    /// Converts CBOR's number: milliseconds. `None` for NaN.
    pub(crate) fn from_millis(millis: Number) -> Option<Self> {
        match millis {
            Number::Integer(millis) => Some(Self(millis)),
            Number::Float(millis) => Self::from_float(millis),
        }
    }

    fn from_float(millis: f64) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` clamps what is out of range"
        )]
        (!millis.is_nan()).then(|| Self(millis.round() as i64))
    }

    /// Parses ISO 8601 text with date, time and offset.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let millis = instant.unix_timestamp_nanos().div_euclid(1_000_000);
        i64::try_from(millis).ok().map(Self)
    }
}
