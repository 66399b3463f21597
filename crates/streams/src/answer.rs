//! What a handler answers with: data, which whoever called it encodes.
//!
//! Most operations answer the service model's shape. Where a shape would cost an allocation for
//! each record, the answer is what the engine has: where records were put, records as they are
//! stored, or a subscription. Nothing here knows bytes of a protocol.

use crate::catalog::StreamLabel;
use crate::facts::{AnyFact, EntryError};
use crate::fanout::Subscription;
use crate::put::{Placed, PutError, PutResult};
use crate::read::Records;
use crate::record::AtRest;
use millstream_memory::Share;
use millstream_protocol::Encode;
use millstream_protocol::operations::{
    GetRecordsOutput, PutRecordOutput, PutRecordsOutput, SubscribeToShardOutput,
};

/// What an operation answers whose output has the shape `T`.
#[derive(Debug)]
pub enum Answer<T> {
    /// The shape itself.
    Shape(T),
    /// Where PutRecord put its record.
    RecordPut(RecordPut),
    /// What became of each record of PutRecords.
    PutResults(PutResults),
    /// What GetRecords read.
    Records(Box<RecordsRead>),
    /// Events, as they come; nobody knows how many.
    Subscription(Box<Subscription>),
}

/// A record that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPut {
    /// Where it was put.
    pub placed: Placed,
    /// How it is stored.
    pub at_rest: AtRest,
}

/// What became of the records of a call, in order.
#[derive(Debug)]
pub struct PutResults {
    /// The stream that they were for.
    pub stream: StreamLabel,
    /// A result for each.
    pub results: Vec<PutResult>,
    /// How the records are stored.
    pub at_rest: AtRest,
}

impl PutResults {
    /// Why a record was not put.
    pub fn fact(&self, error: PutError) -> AnyFact {
        EntryError::new(error, &self.stream).into()
    }
}

/// What a call read, which becomes text only as it is sent.
#[derive(Debug)]
pub struct RecordsRead {
    /// The output without records, in the service model's shape.
    pub around: GetRecordsOutput,
    /// The records.
    pub records: Records,
    /// Memory reserved for the records.
    pub share: Share,
}

/// What a handler answers: the model's shape, or what stands for it in the engine's own memory.
pub trait Output: Send + 'static {
    /// The service model's shape.
    type Shape;

    /// The answer that it is.
    fn into_answer(self) -> Answer<Self::Shape>;
}

impl<T: Encode + Send + 'static> Output for T {
    type Shape = T;

    fn into_answer(self) -> Answer<T> {
        Answer::Shape(self)
    }
}

impl Output for RecordPut {
    type Shape = PutRecordOutput;

    fn into_answer(self) -> Answer<PutRecordOutput> {
        Answer::RecordPut(self)
    }
}

impl Output for PutResults {
    type Shape = PutRecordsOutput;

    fn into_answer(self) -> Answer<PutRecordsOutput> {
        Answer::PutResults(self)
    }
}

impl Output for RecordsRead {
    type Shape = GetRecordsOutput;

    fn into_answer(self) -> Answer<GetRecordsOutput> {
        Answer::Records(Box::new(self))
    }
}

impl Output for Subscription {
    type Shape = SubscribeToShardOutput;

    fn into_answer(self) -> Answer<SubscribeToShardOutput> {
        Answer::Subscription(Box::new(self))
    }
}
