//! PutRecords: many records, each with a result of its own, in order.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>

use super::shared;
use super::{Engine, Handler, Request};
use crate::catalog::Stream;
use crate::put::{Incoming, Placed, PutError, PutResult};
use crate::runtime::StreamRuntime;
use crate::sink::{RecordArena, Unroutable};
use crate::texts;
use model::limits;
use std::sync::Arc;
use wire::operations::PutRecordsInput;
use wire::types::PutRecordsResultEntry;
use wire::writer::Writer;
use wire::{Encode, Error, ErrorCode};

/// PutRecords.
pub struct PutRecords;

impl Handler for PutRecords {
    type Operation = wire::operations::PutRecords;
    type Input = PutRecordsInput<RecordArena>;
    type Output = PutRecordsAnswer;
    const MUTATES: bool = true;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<PutRecordsAnswer, Error> {
        let (principal, input) = request.into_parts();
        let stream = engine.stream_for_puts(
            &principal,
            input.stream_name.as_deref(),
            input.stream_arn.as_deref(),
        )?;
        let records = check(&stream, &input.records)?;
        if input.dry_run == Some(true) {
            return Err(texts::dry_run());
        }
        let results = engine.put(&stream, &records).await;
        // Where some were put before the stream went, the whole call must not say that none was.
        if results
            .iter()
            .all(|result| *result == Err(PutError::StreamGone))
        {
            return Err(texts::stream_not_found(&stream.name, &stream.scope.account));
        }
        count(&engine.runtimes.stream(stream.id), &records, &results);
        Ok(PutRecordsAnswer { stream, results })
    }
}

/// PutRecords' output, which becomes text only as it is encoded.
#[derive(Debug)]
pub struct PutRecordsAnswer {
    stream: Arc<Stream>,
    results: Vec<PutResult>,
}

impl Encode for PutRecordsAnswer {
    fn encode<W: Writer>(&self, writer: &mut W) {
        let failed = self.results.iter().filter(|result| result.is_err()).count();
        writer.begin_map();
        writer.key("FailedRecordCount");
        writer.integer(failed as i64);
        writer.key("Records");
        writer.begin_list();
        for result in &self.results {
            writer.item();
            match result {
                Ok(placed) => encode_placed(placed, writer),
                Err(error) => refused(&self.stream, *error).encode(writer),
            }
        }
        writer.end_list();
        writer.end_map();
    }
}

fn encode_placed<W: Writer>(placed: &Placed, writer: &mut W) {
    writer.begin_map();
    writer.key("SequenceNumber");
    writer.text(&placed.number.to_text());
    writer.key("ShardId");
    writer.text(&placed.shard.to_text());
    writer.end_map();
}

/// One record that cannot be put fails the whole call, before any is.
fn check<'a>(stream: &Stream, arena: &'a RecordArena) -> Result<Vec<Incoming<'a>>, Error> {
    let records = arena.records().map(|record| {
        let record = record.map_err(|why| match why {
            Unroutable::NoPartitionKey => texts::partition_key_missing(stream),
            Unroutable::ExplicitHashKey(key) => texts::explicit_hash_key(key),
        })?;
        shared::check_size(stream, &record)?;
        Ok(record)
    });
    let records: Vec<Incoming<'_>> = records.collect::<Result<_, Error>>()?;
    if arena.bytes() > limits::PUT_RECORDS_BYTES_MAX {
        return Err(texts::records_too_large(arena.bytes()));
    }
    Ok(records)
}

fn refused(stream: &Stream, error: PutError) -> PutRecordsResultEntry {
    let error = match error {
        PutError::Throttled(shard) => texts::rate_exceeded(shard, stream),
        PutError::Internal | PutError::StreamGone => {
            Error::new(ErrorCode::InternalFailure, texts::INTERNAL_TEXT)
        }
    };
    PutRecordsResultEntry {
        error_code: Some(error.code.name().to_owned()),
        error_message: error.message,
        ..PutRecordsResultEntry::default()
    }
}

fn count(runtime: &StreamRuntime, records: &[Incoming<'_>], results: &[PutResult]) {
    let counters = &runtime.counters;
    let (mut bytes, mut throttled, mut successful) = (0, 0, 0);
    for (record, result) in records.iter().zip(results) {
        match result {
            Ok(_) => {
                successful += 1;
                bytes += record.bytes();
            }
            Err(PutError::Throttled(_)) => throttled += 1,
            Err(PutError::Internal | PutError::StreamGone) => {}
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Mode, Scope, Shards};
    use env::Timestamp;
    use model::{AccountId, Region, SequenceNumber, ShardId, StreamName};
    use wire::Protocol;
    use wire::operations::PutRecordsOutput;

    fn stream() -> Stream {
        Stream {
            id: 1,
            scope: Scope {
                account: AccountId::parse("111111111111").unwrap(),
                region: Region::parse("us-east-1").unwrap(),
            },
            name: StreamName::parse("orders").unwrap(),
            created: Timestamp(0),
            creating_ms: 0,
            mode: Mode::Provisioned,
            retention_hours: 24,
            record_kib_max: 1024,
            tags: Default::default(),
            shard_metrics: Default::default(),
            shards: Arc::new(Shards::default()),
            next_shard: 0,
            consumers: Vec::new(),
            reshard: None,
            deletion: None,
            scalings_ms: Vec::new(),
        }
    }

    #[test]
    fn answer_when_encoded_then_is_what_the_shape_of_the_model_gives() {
        let (stream, shard) = (stream(), ShardId::new(42));
        let number = SequenceNumber {
            created_s: 1_767_225_600,
            counter: 7,
            arrival_s: 1_767_225_601,
            shard_index: 42,
        };
        let placed = PutRecordsResultEntry {
            sequence_number: Some(number.to_string()),
            shard_id: Some(shard.to_string()),
            ..PutRecordsResultEntry::default()
        };
        let throttled = PutRecordsResultEntry {
            error_code: Some("ProvisionedThroughputExceededException".to_owned()),
            error_message: texts::rate_exceeded(shard, &stream).message,
            ..PutRecordsResultEntry::default()
        };
        let failed = PutRecordsResultEntry {
            error_code: Some("InternalFailure".to_owned()),
            error_message: Some("Internal Service Failure.".to_owned()),
            ..PutRecordsResultEntry::default()
        };
        let modelled = PutRecordsOutput {
            failed_record_count: Some(2),
            records: vec![placed, throttled, failed],
            encryption_type: None,
        };
        let results = vec![
            Ok(Placed { shard, number }),
            Err(PutError::Throttled(shard)),
            Err(PutError::Internal),
        ];
        let answer = PutRecordsAnswer {
            stream: Arc::new(stream),
            results,
        };
        for protocol in [Protocol::Json, Protocol::Cbor] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            wire::encode(protocol, &answer, &mut ours);
            wire::encode(protocol, &modelled, &mut theirs);
            assert_eq!(ours, theirs);
        }
    }
}
