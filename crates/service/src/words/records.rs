//! Records: putting them, and reading them.

use super::{Record, Words, internal};
use millstream_streams::facts::StreamLabel;
use millstream_streams::facts::{PutFailure, ReadFailure, RecordError, Throttled};

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
        RecordError::TooLarge {
            bytes,
            kib_max,
            stream: StreamLabel { name, account },
        } => Words::unrecorded(format!(
            "Record of {bytes} bytes, its partition key included, is larger than the maximum record \
             size of {kib_max} KiB of stream {name} under account {account}."
        )),
        RecordError::CallTooLarge { bytes, bytes_max } => Words::unrecorded(format!(
            "Records of {bytes} bytes in all, partition keys included, are larger than the maximum of \
             {} MiB of a PutRecords request.",
            bytes_max / MIB
        )),
    }
}

pub(super) fn throttled(fact: &Throttled) -> Words {
    let Throttled { shard, stream } = fact;
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Rate exceeded for shard {shard} in stream {name} under account {account}."
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
    }
}
