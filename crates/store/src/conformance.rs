//! The conformance suite that every [`LogStore`] must pass: a test for each numbered clause of the
//! contract, and a few for its prose.
//!
//! It is library code, so that any provider can run it from its own tests. A test panics if a
//! clause is violated. Device faults are not tested: they differ between providers.

mod changes;
mod claims;
mod looks;
mod records;
mod seals;

pub use changes::{
    changes_are_durable_and_harmless_to_repeat, create_is_all_or_none,
    trimmed_and_deleted_stay_gone,
};
pub use claims::higher_claims_fence_lower_ones;
pub use looks::{fresh_looks_see_what_others_did, known_looks_cover_what_was_done};
pub use records::{
    an_abandoned_append_goes_on, batches_fail_each_for_itself,
    offset_and_arrival_are_what_readers_see, offset_at_finds_the_first_at_or_after,
    offsets_rise_without_gaps, read_limits_hold, reads_keep_to_the_bounds,
    reads_see_resolved_appends, records_of_every_size_come_back, refused_appends_leave_no_trace,
    resolved_appends_survive, tails_follow_appends,
};
pub use seals::{
    sealed_logs_take_no_more, sealing_appends_one_control_record,
    seals_and_appends_in_flight_have_one_order,
};

use crate::batch::{Batch, BatchBuilder, Kind};
use crate::batches::Batches;
use crate::store::{
    Answer, AppendError, Appended, Bounds, LogId, LogSettings, LogStore, Offset, ReadLimit, Reads,
    Slice, StoreError,
};
use std::sync::Arc;

/// How a store ends before it is reopened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// After `shutdown` resolved.
    Stop,
    /// By the worst event that the provider promises to survive.
    Crash,
}

/// Opens the store under test.
pub trait Provider {
    /// Opens a new, empty store.
    fn open(&self) -> Answer<'_, Arc<dyn LogStore>>;
    /// Another handle on the store that [`Provider::open`] returned, as a second node would have;
    /// `None` if the store has a single owner.
    fn beside(&self) -> Answer<'_, Option<Arc<dyn LogStore>>> {
        Box::pin(std::future::ready(None))
    }
    /// Ends the store that [`Provider::open`] returned, and reopens what it left; `None` if the
    /// provider keeps nothing.
    fn reopen(&self, store: Arc<dyn LogStore>, end: End) -> Answer<'_, Option<Arc<dyn LogStore>>>;
}

/// Runs every test, each with a provider of its own.
pub async fn all<P: Provider>(make: impl Fn() -> P) {
    for end in [End::Stop, End::Crash] {
        resolved_appends_survive(&make(), end).await;
        changes_are_durable_and_harmless_to_repeat(&make(), end).await;
        trimmed_and_deleted_stay_gone(&make(), end).await;
        sealing_appends_one_control_record(&make(), end).await;
        sealed_logs_take_no_more(&make(), end).await;
    }
    offsets_rise_without_gaps(&make()).await;
    reads_see_resolved_appends(&make()).await;
    offset_and_arrival_are_what_readers_see(&make()).await;
    batches_fail_each_for_itself(&make()).await;
    an_abandoned_append_goes_on(&make()).await;
    refused_appends_leave_no_trace(&make()).await;
    reads_keep_to_the_bounds(&make()).await;
    create_is_all_or_none(&make()).await;
    read_limits_hold(&make()).await;
    records_of_every_size_come_back(&make()).await;
    offset_at_finds_the_first_at_or_after(&make()).await;
    tails_follow_appends(&make()).await;
    seals_and_appends_in_flight_have_one_order(&make()).await;
    higher_claims_fence_lower_ones(&make()).await;
    known_looks_cover_what_was_done(&make()).await;
    fresh_looks_see_what_others_did(&make()).await;
}

/// Number of reads within which acknowledged records must become visible.
const TURNS_MAX: u32 = 1000;
const ANY: ReadLimit = ReadLimit {
    records: u32::MAX,
    bytes: u64::MAX,
};

fn id(index: u32) -> LogId {
    LogId { group: 7, index }
}

fn batch<T: AsRef<[u8]>>(records: &[T]) -> Batch {
    let mut builder = BatchBuilder::default();
    for record in records {
        builder.push(Kind::Data, &[record.as_ref()]);
    }
    builder.finish()
}

async fn create(store: &Arc<dyn LogStore>, count: u32) {
    let logs = (0..count)
        .map(|index| (id(index), LogSettings::default()))
        .collect();
    store.create(logs).await.expect("fresh logs can be created");
}

async fn try_append(
    store: &Arc<dyn LogStore>,
    index: u32,
    batch: Batch,
) -> Result<Appended, AppendError> {
    let mut results = store.append_many(Batches::one(id(index), batch)).await;
    assert_eq!(results.len(), 1, "one result for each batch");
    results.remove(0)
}

async fn append(store: &Arc<dyn LogStore>, index: u32, batch: Batch) -> Appended {
    let result = try_append(store, index, batch).await;
    result.expect("an append to a healthy store succeeds")
}

/// Reads a log until everything acknowledged before is visible: once, unless the provider promises
/// only a prefix.
async fn read(store: &Arc<dyn LogStore>, index: u32, from: Offset, limit: ReadLimit) -> Slice {
    let mut seen = Offset(0);
    let bounds = store.fresh_bounds(id(index)).await;
    let end = bounds.expect("the log exists").end;
    for _ in 0..TURNS_MAX {
        let slice = store.read(id(index), from, limit).await;
        let slice = slice.expect("a healthy log can be read");
        assert!(slice.end >= seen, "what was seen once is seen again");
        if slice.end >= end {
            return slice;
        }
        let Reads::Prefix = store.promises().reads else {
            panic!("the read ends at {:?}, and the log at {end:?}", slice.end);
        };
        seen = slice.end;
        tokio::task::yield_now().await;
    }
    panic!("no read ever sees the end");
}

/// All kept records of a log, in as many reads as it takes.
async fn read_all(store: &Arc<dyn LogStore>, index: u32) -> Vec<(u64, Vec<u8>)> {
    let mut records = Vec::new();
    let mut from = Offset(0);
    loop {
        let slice = read(store, index, from, ANY).await;
        records.extend(
            slice
                .records()
                .map(|record| (record.offset.0, record.bytes.to_vec())),
        );
        if slice.next == slice.end {
            return records;
        }
        assert!(
            slice.next > from,
            "a read that is not at the end goes forward"
        );
        from = slice.next;
    }
}

async fn list(store: &Arc<dyn LogStore>) -> Vec<LogId> {
    store
        .fresh_list()
        .await
        .expect("a healthy store can be listed")
}

async fn bounds(store: &Arc<dyn LogStore>, index: u32) -> Bounds {
    let bounds = store.fresh_bounds(id(index)).await;
    bounds.expect("the log exists")
}

fn is_missing(result: Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::NoSuchLog(_)))
}
