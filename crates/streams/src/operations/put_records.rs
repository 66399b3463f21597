//! PutRecords: many records, each with its own result, in order.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>

use super::{Engine, Handler, Request, append};
use crate::answer::PutResults;
use crate::catalog::{Distribution, Stream};
use crate::facts::{DryRun, Oversized, PutRecordsError, RecordError, StreamError};
use crate::handler::Counted;
use crate::put::{NotPut, PutError, PutResult, RecordToPut};
use crate::runtime::StreamRuntime;
use crate::sink::{RecordArena, Unroutable};
use crate::target::FoundStream;
use millstream_model::limits;
use millstream_protocol::RecordSink;
use millstream_protocol::operations::PutRecordsInput;
use std::sync::Arc;

/// PutRecords.
pub struct PutRecords;

impl Handler for PutRecords {
    type Operation = millstream_protocol::operations::PutRecords;
    type Input = PutRecordsInput<RecordArena>;
    type Target = FoundStream;
    type Output = PutResults;
    type Error = PutRecordsError;
    const COUNTED: Counted = Counted::ByItsBudget;

    fn record_bytes_max(stream: &FoundStream) -> Option<u64> {
        Some(append::record_bytes_max(stream))
    }

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<PutResults, PutRecordsError> {
        let clock = engine.clock();
        let began = clock.monotonic();
        let (stream, input) = request.into_parts();
        let takes_records = append::check_takes_records(&engine, &stream);
        takes_records.map_err(|why| unless_too_large(&input.records, &stream, why))?;
        let records = check(&stream, &input.records)?;
        if input.dry_run == Some(true) {
            return Err(DryRun.into());
        }
        let sealer = append::sealer::<PutRecordsError>(&engine, &stream).await?;
        let results = engine.puts().put(&stream, sealer.as_ref(), &records).await;
        // If some were put before the stream was deleted, the call as a whole must not say that
        // none was.
        if results
            .iter()
            .all(|result| *result == Err(PutError::NotPut(NotPut::StreamGone)))
        {
            return Err(StreamError::gone(&stream.label()).into());
        }
        let runtime = engine.runtime(stream.id);
        if count(&runtime, &records, &results) > 0 {
            runtime
                .counters
                .put_records_latency
                .add_micros(began, clock);
        }
        Ok(PutResults {
            stream: stream.label(),
            results,
            at_rest: append::at_rest(sealer.as_ref()),
        })
    }
}

/// One invalid record fails the whole call, before any is put.
fn check<'a>(
    stream: &FoundStream,
    arena: &'a RecordArena,
) -> Result<Vec<RecordToPut<'a>>, RecordError> {
    let bytes_max = append::record_bytes_max(stream);
    let mut records = Vec::with_capacity(arena.len());
    match stream.distribution {
        Distribution::UserPartitionKey => {
            for record in arena.records() {
                match record {
                    Ok(record) if record.bytes() <= bytes_max => records.push(record),
                    Ok(_) => return Err(too_large(arena, bytes_max)),
                    Err(_) if has_too_large(arena, bytes_max) => {
                        return Err(too_large(arena, bytes_max));
                    }
                    Err(why) => return Err(unroutable(stream, why)),
                }
            }
        }
        Distribution::Auto => {
            for record in arena.records_for_any_shard() {
                if record.bytes() > bytes_max {
                    return Err(too_large(arena, bytes_max));
                }
                records.push(record);
            }
        }
    }
    if arena.bytes() > limits::PUT_RECORDS_BYTES_MAX {
        return Err(RecordError::CallTooLarge {
            bytes: arena.bytes(),
            bytes_max: limits::PUT_RECORDS_BYTES_MAX,
        });
    }
    Ok(records)
}

/// AWS tells of all records that are too large, before anything else that is wrong with one.
fn too_large(arena: &RecordArena, bytes_max: u64) -> RecordError {
    let which = Oversized::Entries(oversized(arena, bytes_max).collect());
    RecordError::TooLarge { which, bytes_max }
}

/// An error because of the stream, which comes after records that are too large.
fn unless_too_large(
    arena: &RecordArena,
    stream: &FoundStream,
    why: StreamError,
) -> PutRecordsError {
    let bytes_max = append::record_bytes_max(stream);
    match has_too_large(arena, bytes_max) {
        true => too_large(arena, bytes_max).into(),
        false => why.into(),
    }
}

fn has_too_large(arena: &RecordArena, bytes_max: u64) -> bool {
    oversized(arena, bytes_max).next().is_some()
}

fn oversized(arena: &RecordArena, bytes_max: u64) -> impl Iterator<Item = usize> {
    let sizes = arena.sizes().enumerate();
    sizes.filter_map(move |(index, bytes)| (bytes > bytes_max).then_some(index))
}

fn unroutable(stream: &Stream, why: Unroutable<'_>) -> RecordError {
    match why {
        Unroutable::NoPartitionKey => RecordError::NoPartitionKey {
            stream: stream.label(),
        },
        Unroutable::ExplicitHashKey(key) => RecordError::ExplicitHashKey {
            key: key.to_owned(),
        },
    }
}

/// Counts a call; returns how many records were put.
fn count(runtime: &StreamRuntime, records: &[RecordToPut<'_>], results: &[PutResult]) -> u64 {
    let counters = &runtime.counters;
    let (mut bytes, mut throttled, mut successful) = (0, 0, 0);
    for (record, result) in records.iter().zip(results) {
        match result {
            Ok(_) => {
                successful += 1;
                bytes += record.bytes();
            }
            Err(PutError::Throttled(_)) => throttled += 1,
            Err(PutError::NotPut(_) | PutError::Unknown) => {}
        }
    }
    let total = records.len() as u64;
    counters.put_records_bytes.add(bytes);
    counters.put_records_success.add(u64::from(successful > 0));
    counters.put_records_total.add(total);
    counters.put_records_successful.add(successful);
    counters.put_records_throttled.add(throttled);
    counters
        .put_records_failed
        .add(total - successful - throttled);
    successful
}
