//! The envelope around a command: one record of a log of commands.
//!
//! Field numbers are permanent: old logs are replayed by new builds. docs/formats/catalog.md has
//! the tables.

use millstream_env::Timestamp;
use minicbor::{Decode, Encode};

/// The version of the envelope that this build writes and reads.
pub const ENVELOPE_VERSION: u8 = 1;

/// One record of a log of commands.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Envelope<C> {
    /// [`ENVELOPE_VERSION`].
    #[n(0)]
    pub version: u8,
    /// The proposal's id: its proposer finds the result by it, and duplicates are recognized by it.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub id: [u8; 16],
    /// The proposer's wall clock.
    #[cbor(n(2), with = "timestamp")]
    pub time: Timestamp,
    /// The command.
    #[n(3)]
    pub command: C,
}

/// An envelope without its command, for commands that are in the state already.
#[derive(Decode)]
pub(crate) struct Label {
    #[n(0)]
    pub(crate) version: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) id: [u8; 16],
}

/// A timestamp in milliseconds since the epoch, for minicbor's `with` attribute.
pub mod timestamp {
    use millstream_env::Timestamp;
    use minicbor::{Decoder, Encoder};

    /// Encodes a timestamp.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn encode<C, W: minicbor::encode::Write>(
        value: &Timestamp,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u64(value.0)?.ok()
    }

    /// Decodes a timestamp.
    ///
    /// # Errors
    /// If it is not an unsigned integer.
    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Timestamp, minicbor::decode::Error> {
        d.u64().map(Timestamp)
    }
}
