//! PutRecords' response: one result per record, formatted only as it is encoded.
//!
//! The output is byte for byte that of the model's shape, which a test checks. Results of
//! acknowledged records differ only in number and shard, so the rest is encoded once and copied.
//!
//! The instruction budgets of PutRecords cover this; `bench/run only batch-small` measures it.

use super::number_template::{NO_NUMBER, NUMBER_DIGITS};
use super::put_record::write_encryption;
use crate::words::say;
use millstream_model::{NearNumbers, RisingDigits, SequenceNumber, ShardId};
use millstream_protocol::Encode;
use millstream_protocol::types::PutRecordsResultEntry;
use millstream_protocol::writer::Writer;
use millstream_streams::{Placed, PutError, PutResults};
use std::ops::Range;

/// Size of a result in JSON, rounded up.
const RESULT_BYTES: usize = 120;
/// Size of the rest.
const REST_BYTES: usize = 64;
/// Number of shards whose next number is cached.
const LANES: usize = 128;

/// What became of records, as PutRecords' output has it.
#[derive(Debug)]
pub(super) struct PutRecordsAnswer<'a>(pub(super) &'a PutResults);

impl Encode for PutRecordsAnswer<'_> {
    fn encode<W: Writer>(&self, writer: &mut W) {
        let results = &self.0.results;
        let failed = results.iter().filter(|result| result.is_err()).count();
        writer.begin_map();
        writer.member("FailedRecordCount");
        writer.integer(failed as i64);
        writer.member("Records");
        writer.begin_list();
        let mut pattern = Pattern::new::<W>();
        for result in results {
            writer.item();
            match result {
                Ok(placed) => pattern.write(placed, writer),
                Err(error) => refused(self.0, *error).encode(writer),
            }
        }
        writer.end_list();
        write_encryption(self.0.at_rest, writer);
        writer.end_map();
    }

    fn bytes_expected(&self) -> usize {
        REST_BYTES + self.0.results.len() * RESULT_BYTES
    }
}

/// A template for the result of an acknowledged record.
struct Pattern {
    text: Vec<u8>,
    number: Range<usize>,
    shard: Range<usize>,
    numbers: Numbers,
}

impl Pattern {
    fn new<W: Writer>() -> Self {
        let mut text = Vec::new();
        write_pattern(&mut W::part(&mut text));
        Self {
            number: place_of(NO_NUMBER, &text),
            shard: place_of(ShardId::ZERO, &text),
            text,
            numbers: Numbers::default(),
        }
    }

    fn write<W: Writer>(&mut self, placed: &Placed, writer: &mut W) {
        let text = writer.copy(&self.text);
        let number = text[self.number.clone()].as_mut_array();
        let number = number.expect("the pattern has room for it");
        self.numbers.write(placed.number, number);
        placed.shard.write_onto_zero(&mut text[self.shard.clone()]);
        writer.end_map();
    }
}

fn write_pattern<W: Writer>(writer: &mut W) {
    writer.begin_map();
    writer.member("SequenceNumber");
    writer.utf8(NO_NUMBER);
    writer.member("ShardId");
    writer.utf8(ShardId::ZERO);
}

fn place_of(part: &[u8], text: &[u8]) -> Range<usize> {
    let mut places = text.windows(part.len());
    let start = places.position(|window| window == part);
    let start = start.expect("it was written");
    start..start + part.len()
}

/// Numbers as text: within a shard the next is derived from the previous one; those of other shards
/// share most of their digits with the last.
struct Numbers {
    lanes: Vec<Option<Lane>>,
    near: Option<NearNumbers>,
}

struct Lane {
    next: SequenceNumber,
    digits: RisingDigits,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            lanes: (0..LANES).map(|_| None).collect(),
            near: None,
        }
    }
}

impl Numbers {
    #[inline]
    fn write(&mut self, number: SequenceNumber, place: &mut [u8; NUMBER_DIGITS]) {
        let lane = &mut self.lanes[number.shard_index as usize % LANES];
        let lane = match lane {
            Some(lane) if lane.next == number => lane,
            Some(_) | None => {
                let lane = lane.get_or_insert_with(|| Lane {
                    next: number,
                    digits: RisingDigits::default(),
                });
                write_near(&mut self.near, &mut lane.digits, number);
                lane.next = number;
                lane
            }
        };
        lane.next.counter += 1;
        lane.digits.write_next(place);
    }
}

/// Sets `digits` to those of a number, which is usually near the last one.
fn write_near(near: &mut Option<NearNumbers>, digits: &mut RisingDigits, number: SequenceNumber) {
    let is_near = |near: &NearNumbers| near.write_to(digits, number);
    if near.as_ref().is_some_and(is_near) {
        return;
    }
    let near = near.insert(NearNumbers::to(number));
    if !near.write_to(digits, number) {
        *digits = number.rising_digits();
    }
}

fn refused(results: &PutResults, error: PutError) -> PutRecordsResultEntry {
    let error = say(&results.fact(error));
    PutRecordsResultEntry {
        error_code: Some(error.code.name().to_owned()),
        error_message: error.message,
        ..PutRecordsResultEntry::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::put_record::encryption_type;
    use millstream_model::{AccountId, StreamName};
    use millstream_protocol::Protocol;
    use millstream_protocol::operations::PutRecordsOutput;
    use millstream_streams::facts::StreamLabel;
    use millstream_streams::{AtRest, PutResult};

    fn stream() -> StreamLabel {
        StreamLabel {
            name: StreamName::parse("orders").unwrap(),
            account: AccountId::parse("111111111111").unwrap(),
        }
    }

    #[test]
    fn answer_when_encoded_then_is_what_the_shape_of_the_model_gives() {
        let (stream, shard) = (stream(), ShardId::new(42));
        let throttled = PutRecordsResultEntry {
            error_code: Some("ProvisionedThroughputExceededException".to_owned()),
            error_message: Some(
                "Rate exceeded for shard shardId-000000000042 in stream orders under account 111111111111."
                    .to_owned(),
            ),
            ..PutRecordsResultEntry::default()
        };
        let failed = PutRecordsResultEntry {
            error_code: Some("InternalFailure".to_owned()),
            error_message: Some("Internal Service Failure.".to_owned()),
            ..PutRecordsResultEntry::default()
        };
        // Neighbours, a gap, another second, and a shard that shares its lane.
        let numbers = [
            (42, 8, 1),
            (42, 9, 1),
            (42 + LANES as u32, 10, 1),
            (42, 10, 1),
            (42, 12, 1),
            (42, 13, 2),
            (7, 99_999_999, 2),
            (7, 100_000_000, 2),
        ];
        let placed = numbers.map(|(shard_index, counter, second)| Placed {
            shard: ShardId::new(shard_index),
            number: SequenceNumber {
                created_s: 1_767_225_600,
                counter,
                arrival_s: 1_767_225_600 + second,
                shard_index,
            },
        });
        let shape = |placed: &Placed| PutRecordsResultEntry {
            sequence_number: Some(placed.number.to_string()),
            shard_id: Some(placed.shard.to_string()),
            ..PutRecordsResultEntry::default()
        };
        let mut records: Vec<PutRecordsResultEntry> = placed.iter().map(shape).collect();
        records.splice(3..3, [throttled, failed]);
        let mut results: Vec<PutResult> = placed.into_iter().map(Ok).collect();
        results.splice(
            3..3,
            [Err(PutError::Throttled(shard)), Err(PutError::Unknown)],
        );
        for at_rest in [AtRest::Plain, AtRest::Encrypted] {
            let modelled = PutRecordsOutput {
                failed_record_count: Some(2),
                records: records.clone(),
                encryption_type: encryption_type(at_rest),
            };
            let results = PutResults {
                stream: stream.clone(),
                results: results.clone(),
                at_rest,
            };
            let answer = PutRecordsAnswer(&results);
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                millstream_protocol::encode(protocol, &answer, &mut ours);
                millstream_protocol::encode(protocol, &modelled, &mut theirs);
                assert_eq!(ours, theirs);
            }
        }
    }
}
