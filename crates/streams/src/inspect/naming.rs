//! What logs and offsets are called by those who use streams.

use crate::catalog::{Catalog, State};
use millstream_env::Timestamp;
use millstream_model::{SequenceNumber, ShardId, StreamArn};
use millstream_store::{LogId, Offset};

/// What a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The catalog's commands.
    Commands,
    /// The catalog's snapshots.
    Snapshots,
    /// A shard.
    Shard {
        /// Its stream.
        stream: StreamArn,
        /// Which of the stream's shards.
        shard: ShardId,
    },
    /// A log that the catalog does not know.
    Unknown,
}

/// Records, as their readers call them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concerned {
    /// Where they are.
    pub place: Place,
    /// In a shard, a sequence number that all of them are behind, or the first one's own.
    pub from: Option<SequenceNumber>,
    /// In a shard, a sequence number that all of them are before, if their end is known.
    pub before: Option<SequenceNumber>,
}

/// Names records of a log.
pub(super) fn name(
    state: &State,
    log: LogId,
    (first, end): (Offset, Option<Offset>),
    arrival: Option<Timestamp>,
) -> Concerned {
    let of_place = |place| Concerned {
        place,
        from: None,
        before: None,
    };
    if log == Catalog::COMMANDS {
        return of_place(Place::Commands);
    }
    if log == Catalog::SNAPSHOTS {
        return of_place(Place::Snapshots);
    }
    let Some(stream) = state.stream_by_id(log.group) else {
        return of_place(Place::Unknown);
    };
    let place = Place::Shard {
        stream: stream.arn(),
        shard: ShardId::new(log.index),
    };
    let Some(shard) = stream.shards.get(log.index) else {
        return of_place(place);
    };
    let from = match arrival {
        Some(arrival) => shard.sequence_number(first, arrival),
        None => shard.number_before(first),
    };
    Concerned {
        place,
        from: Some(from),
        before: end.map(|end| shard.number_before(end)),
    }
}
