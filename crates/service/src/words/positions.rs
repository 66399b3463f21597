//! Where a reader starts.

use super::{Record, Words};
use millstream_protocol::Operation as _;
use millstream_protocol::operations::GetShardIterator;
use millstream_streams::facts::StreamLabel;
use millstream_streams::facts::{NumberUse, PositionError, Presence};

pub(super) fn words(fact: &PositionError) -> Words {
    match fact {
        PositionError::NumberOrType { kind, number } => {
            let presence = presence(*number);
            Words::recorded(format!(
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and \
                 StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. \
                 Request specified {kind} and {presence} StartingSequenceNumber."
            ))
        }
        PositionError::MomentMissing { kind } => Words::recorded(format!(
            "Must specify timestampInMillis parameter for iterator of type {kind}. Current request \
             has no timestamp parameter."
        )),
        PositionError::MomentInFuture { given, latest } => Words::recorded(format!(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
             timestampInMillis: {}, currentTimestampInMillis: {}",
            given.0, latest.0
        )),
        // AWS fails on this: the bare name, the same for every operation, and no text.
        PositionError::NumberZero => Words {
            text: None,
            record: Record::Recorded,
        },
        PositionError::NumberInvalid { given } => {
            let text = format!("{} is invalid.", used(given));
            of_operation(given.operation, text)
        }
        PositionError::NumberOfOtherStream { printed } => {
            let text = format!(
                "{} is invalid because it did not come from this stream.",
                used(printed)
            );
            of_operation(printed.operation, text)
        }
        PositionError::NumberOfOtherShard { given, encoded } => Words::recorded(format!(
            "Invalid StartingSequenceNumber. It encodes shardId-{encoded:012}, while it was used in \
             a call to a shard with {}",
            given.shard
        )),
        // Spring's adapter takes "has reached max possible value for the shard" for its end.
        PositionError::NumberIsLast => Words::recorded(
            "Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, SequenceNumber has \
             reached max possible value for the shard."
                .to_owned(),
        ),
    }
}

fn presence(number: Presence) -> &'static str {
    match number {
        Presence::Given => "also a",
        Presence::Absent => "no",
    }
}

fn used(given: &NumberUse) -> String {
    let NumberUse {
        number,
        operation,
        shard,
        stream: StreamLabel { name, account },
    } = given;
    format!(
        "StartingSequenceNumber {number} used in {operation} on shard {shard} in stream {name} under account \
         {account}"
    )
}

/// For operations other than GetShardIterator the text is not on record.
fn of_operation(operation: &str, text: String) -> Words {
    if operation == GetShardIterator::NAME {
        Words::recorded(text)
    } else {
        Words::unrecorded(text)
    }
}
