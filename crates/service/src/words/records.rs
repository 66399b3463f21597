//! Records: putting them, and reading them.

use super::{Record, Words, internal, keys};
use crate::violation_text::{VIOLATIONS_MAX, detected, item, length_at_most};
use millstream_streams::facts::StreamLabel;
use millstream_streams::facts::{
    Oversized, PutFailure, ReadFailure, ReadThrottled, RecordError, Throttled,
};

const MIB: usize = 1024 * 1024;

pub(super) fn words(fact: &RecordError) -> Words {
    match fact {
        RecordError::NoPartitionKey { stream } => {
            let StreamLabel { name, account } = stream;
            Words::unrecorded(format!(
                "PartitionKey is required for stream {name} under account {account}."
            ))
        }
        RecordError::ExplicitHashKey { key } => Words::recorded(format!(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified \
             value was {key}"
        )),
        RecordError::NumberForOrdering { number, stream } => {
            let StreamLabel { name, account } = stream;
            Words::recorded(format!(
                "ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {name} under account \
                 {account} is invalid."
            ))
        }
        RecordError::OrderingUnderAuto { number, stream } => {
            let StreamLabel { name, account } = stream;
            Words::unrecorded(format!(
                "SequenceNumberForOrdering {number} used in PutRecord on stream {name} under account \
                 {account} is not supported with RecordDistributionStrategy=AUTO."
            ))
        }
        RecordError::TooLarge { which, bytes_max } => too_large(which, *bytes_max),
        RecordError::CallTooLarge {
            bytes: _,
            bytes_max,
        } => Words::recorded(format!("Records size exceeds {} MB limit", bytes_max / MIB)),
    }
}

/// AWS says it as if it were a constraint of the service model.
fn too_large(which: &Oversized, bytes_max: u64) -> Words {
    let too_long = |path: &str| item(None, path, &length_at_most(bytes_max));
    let items: Vec<String> = match which {
        Oversized::Record => vec![too_long("data")],
        Oversized::Entries(indexes) => {
            let told = indexes.iter().take(VIOLATIONS_MAX);
            told.map(|index| too_long(&format!("records.{}.member.data", index + 1)))
                .collect()
        }
    };
    Words::recorded(detected(&items))
}

pub(super) fn throttled(fact: &Throttled) -> Words {
    let Throttled { shard, stream } = fact;
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Rate exceeded for shard {shard} in stream {name} under account {account}."
    ))
}

/// AWS says it in other words to readers than to writers.
pub(super) fn read_throttled(fact: &ReadThrottled) -> Words {
    let ReadThrottled { shard, stream } = fact;
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Rate exceeded for Shard - {account}/{name}/{shard}"
    ))
}

pub(super) fn not_put(fact: &PutFailure) -> Words {
    match fact {
        PutFailure::NotPut(_) | PutFailure::Unknown => internal(),
    }
}

pub(super) fn not_read(fact: &ReadFailure) -> Words {
    match fact {
        ReadFailure::Busy => Words {
            text: None,
            record: Record::Unrecorded,
        },
        ReadFailure::Store(_) | ReadFailure::UnknownForm(_) => internal(),
        ReadFailure::DataKey(failure) => keys::data_keys(failure),
    }
}
