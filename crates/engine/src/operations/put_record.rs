//! PutRecord: one record.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>

use super::shared;
use super::{Engine, Handler, Request};
use crate::catalog::Stream;
use crate::put::{Incoming, PutError};
use crate::record::StoredRecord;
use crate::texts;
use model::{HashKey, SequenceNumber};
use std::sync::Arc;
use wire::Error;
use wire::operations::{PutRecordInput, PutRecordOutput};

/// PutRecord.
pub struct PutRecord;

impl Handler for PutRecord {
    type Operation = wire::operations::PutRecord;
    type Input = PutRecordInput;
    const MUTATES: bool = true;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<PutRecordOutput, Error> {
        let (principal, input) = request.into_parts();
        let stream = engine.stream_for_puts(
            &principal,
            input.stream_name.as_deref(),
            input.stream_arn.as_deref(),
        )?;
        let record = incoming(&stream, &input)?;
        if let Some(number) = &input.sequence_number_for_ordering {
            check_ordering(&engine, &stream, number)?;
        }
        shared::check_size(&stream, &record)?;
        if input.dry_run == Some(true) {
            return Err(texts::dry_run());
        }
        let results = engine.put(&stream, &[record]).await;
        let counters = &engine.runtimes.stream(stream.id).counters;
        let placed = results[0].map_err(|error| match error {
            PutError::Throttled(shard) => texts::rate_exceeded(shard, &stream),
            PutError::Internal => texts::internal(),
            PutError::StreamGone => texts::stream_not_found(&stream.name, &stream.scope.account),
        })?;
        counters.put_record_bytes.add(record.bytes());
        counters.put_record_success.add(1);
        Ok(PutRecordOutput {
            shard_id: placed.shard.to_string(),
            sequence_number: placed.number.to_string(),
            encryption_type: None,
        })
    }
}

fn incoming<'a>(stream: &Stream, input: &'a PutRecordInput) -> Result<Incoming<'a>, Error> {
    let key = input.partition_key.as_deref();
    let partition_key = key.ok_or_else(|| texts::partition_key_missing(stream))?;
    let hash = match &input.explicit_hash_key {
        Some(key) => HashKey::parse(key).map_err(|_| texts::explicit_hash_key(key))?,
        None => HashKey::of_partition_key(partition_key),
    };
    Ok(Incoming {
        record: StoredRecord {
            partition_key,
            data: &input.data,
        },
        hash,
    })
}

/// SequenceNumberForOrdering must be a number that this stream has given out. What it asks for holds
/// anyway: a number given out before is below every number given out later for the same key.
fn check_ordering(engine: &Engine, stream: &Stream, text: &str) -> Result<(), Error> {
    let invalid = || texts::exclusive_minimum(text, stream);
    let number = SequenceNumber::parse(text).map_err(|_| invalid())?;
    let shard = stream.shards.get(number.shard_index).ok_or_else(invalid)?;
    let end = engine.end(stream, shard)?;
    let was_given_out =
        number.created_s == shard.created_s && number.counter <= shard.counter_base + end.0;
    if was_given_out {
        Ok(())
    } else {
        Err(invalid())
    }
}
