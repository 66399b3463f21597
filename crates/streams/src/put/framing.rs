//! Framing: records on their way into batches, as they came or sealed.
//!
//! A sealed record is bound to the log that it is framed for: one that goes to another shard is
//! framed anew.

use crate::encryption::{Place, Sealer, sealed_bytes_max};
use crate::record::{OVERHEAD_BYTES, StoredRecord};
use millstream_store::{BatchBuilder, LogId, LogStore, Offset, Reads};

/// How the records of some logs are framed.
pub(super) enum Frames<'s> {
    /// As they came.
    Plain,
    /// Sealed for these places, one for each log.
    Sealed(&'s Sealer, Vec<Place>),
}

impl<'s> Frames<'s> {
    /// Of logs, in the order in which their records are framed.
    pub(super) async fn of(
        store: &dyn LogStore,
        sealer: Option<&'s Sealer>,
        logs: impl Iterator<Item = LogId>,
    ) -> Self {
        let Some(sealer) = sealer else {
            return Self::Plain;
        };
        let mut places = Vec::new();
        for log in logs {
            let range = end_of(store, log).await;
            places.push(Place { log, range });
        }
        Self::Sealed(sealer, places)
    }

    /// Bytes that so many records of so many bytes take at most in so many batches.
    pub(super) fn bytes_max(&self, records: usize, bytes: usize, batches: usize) -> usize {
        match self {
            Self::Plain => bytes + records * OVERHEAD_BYTES,
            Self::Sealed(..) => sealed_bytes_max(records, bytes, batches),
        }
    }

    /// Frames records into a batch for the log of this place in the order.
    pub(super) fn push<'r>(
        &self,
        place: usize,
        records: impl Iterator<Item = &'r StoredRecord<'r>>,
        batch: &mut BatchBuilder,
    ) {
        match self {
            Self::Plain => records.for_each(|record| record.push_to(batch)),
            Self::Sealed(sealer, places) => sealer.push(records, places[place], batch),
        }
    }
}

/// An end of a log, at or behind which whatever is appended next will stand. What other handles
/// appended must not be missing by much: a range has a bound.
async fn end_of(store: &dyn LogStore, log: LogId) -> Offset {
    let known = || store.known_bounds(log);
    let bounds = match store.promises().reads {
        Reads::Newest => known(),
        Reads::Prefix => store.fresh_bounds(log).await.or_else(|_| known()),
    };
    // Nothing stands in a log that is not there yet.
    bounds.map_or(Offset(0), |bounds| bounds.end)
}
