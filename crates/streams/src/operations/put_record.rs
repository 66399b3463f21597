//! PutRecord: one record.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>

use super::{Engine, Handler, Request, append};
use crate::answer::RecordPut;
use crate::catalog::{Distribution, Stream};
use crate::facts::{DryRun, EntryError, Oversized, PutRecordError, RecordError, StreamError};
use crate::handler::Counted;
use crate::put::{NotPut, PutError, RecordToPut};
use crate::record::StoredRecord;
use crate::target::FoundStream;
use millstream_model::{AnyNumber, HashKey, SequenceNumber};
use millstream_protocol::operations::PutRecordInput;
use std::sync::Arc;

/// PutRecord.
pub struct PutRecord;

impl Handler for PutRecord {
    type Operation = millstream_protocol::operations::PutRecord;
    type Input = PutRecordInput;
    type Target = FoundStream;
    type Output = RecordPut;
    type Error = PutRecordError;
    const COUNTED: Counted = Counted::ByItsBudget;

    fn record_bytes_max(stream: &FoundStream) -> Option<u64> {
        Some(append::record_bytes_max(stream))
    }

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<RecordPut, PutRecordError> {
        let clock = engine.clock();
        let began = clock.monotonic();
        let (stream, input) = request.into_parts();
        check_size(&input, append::record_bytes_max(&stream))?;
        append::check_takes_records(&engine, &stream)?;
        let record = record_to_put(&stream, &input)?;
        if let Some(number) = &input.sequence_number_for_ordering {
            check_distribution(&stream, number)?;
            check_ordering(&engine, &stream, number).await?;
        }
        if input.dry_run == Some(true) {
            return Err(DryRun.into());
        }
        let sealer = append::sealer::<PutRecordError>(&engine, &stream).await?;
        let put = engine.puts().put_one(&stream, sealer.as_ref(), record);
        let put = put.await;
        let counters = &engine.runtime(stream.id).counters;
        let placed = put.map_err(|error| match error {
            PutError::NotPut(NotPut::StreamGone) => StreamError::gone(&stream.label()).into(),
            PutError::Throttled(_) | PutError::NotPut(_) | PutError::Unknown => {
                PutRecordError::from(EntryError::new(error, &stream.label()))
            }
        })?;
        counters.put_record_bytes.add(record.bytes());
        counters.put_record_success.add(1);
        counters.put_record_latency.add_micros(began, clock);
        let at_rest = append::at_rest(sealer.as_ref());
        Ok(RecordPut { placed, at_rest })
    }
}

fn check_size(input: &PutRecordInput, bytes_max: u64) -> Result<(), RecordError> {
    let key_bytes = input.partition_key.as_ref().map_or(0, String::len);
    if (input.data.len() + key_bytes) as u64 > bytes_max {
        let which = Oversized::Record;
        return Err(RecordError::TooLarge { which, bytes_max });
    }
    Ok(())
}

fn record_to_put<'a>(
    stream: &Stream,
    input: &'a PutRecordInput,
) -> Result<RecordToPut<'a>, RecordError> {
    let key = input.partition_key.as_deref();
    if stream.distribution == Distribution::Auto {
        return Ok(RecordToPut::for_any_shard(StoredRecord {
            partition_key: key,
            data: &input.data,
        }));
    }
    let partition_key = key.ok_or_else(|| RecordError::NoPartitionKey {
        stream: stream.label(),
    })?;
    let hash = match &input.explicit_hash_key {
        Some(key) => {
            HashKey::parse(key).map_err(|_| RecordError::ExplicitHashKey { key: key.clone() })?
        }
        None => HashKey::of_partition_key(partition_key),
    };
    Ok(RecordToPut {
        record: StoredRecord {
            partition_key: Some(partition_key),
            data: &input.data,
        },
        hash,
    })
}

/// Records that the service distributes have no order that a number could ask for.
fn check_distribution(stream: &Stream, number: &str) -> Result<(), RecordError> {
    match stream.distribution {
        Distribution::UserPartitionKey => Ok(()),
        Distribution::Auto => Err(RecordError::OrderingUnderAuto {
            number: number.to_owned(),
            stream: stream.label(),
        }),
    }
}

/// SequenceNumberForOrdering must be a number of any layout whose record has not arrived in the
/// future. As on AWS, nothing is said about when its shard was created. What it asks for holds
/// anyway: a number issued earlier is below every number issued later for the same key. A number
/// of this stream may be ahead of a clock that was set back since.
async fn check_ordering(
    engine: &Engine,
    stream: &Stream,
    text: &str,
) -> Result<(), PutRecordError> {
    let invalid = || RecordError::NumberForOrdering {
        number: text.to_owned(),
        stream: stream.label(),
    };
    let any = AnyNumber::parse(text).map_err(|_| invalid())?;
    let now_s = engine.clock().now().seconds();
    if any.arrival_s.is_none_or(|arrival_s| arrival_s <= now_s) {
        return Ok(());
    }
    let number = SequenceNumber::parse(text).map_err(|_| invalid())?;
    let shard = stream.shards.get(number.shard_index).ok_or_else(invalid)?;
    let end = engine.positions().fresh_end(stream, shard).await?;
    let was_given_out =
        number.created_s == shard.created_s && number.counter <= shard.counter_base + end.0;
    if was_given_out {
        Ok(())
    } else {
        Err(invalid().into())
    }
}
