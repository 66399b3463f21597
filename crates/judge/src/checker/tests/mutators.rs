//! Mutators: ways to break a good history, each of which must cause the named anomaly.
//!
//! A mutator returns whether the history had room for its fault; it may cause further anomalies.

mod fanout;
mod lists;
mod reads;
mod records;
mod times;

use crate::{History, Kind};
use fastrand::Rng;

type Plant = fn(&mut History, &mut Rng) -> bool;

/// Kind, description and function of each mutator.
pub(super) const MUTATORS: &[(Kind, &str, Plant)] = &[
    (
        Kind::EndlessSubscription,
        "events come after six minutes",
        fanout::outlast,
    ),
    (
        Kind::SharedSeat,
        "a subscription goes on beside the next",
        fanout::share_seat,
    ),
    (
        Kind::LostWrite,
        "an acknowledged record is in no read",
        records::lose,
    ),
    (
        Kind::LostWrite,
        "another record took its place",
        records::overwrite,
    ),
    (Kind::Unseen, "nobody reads a shard", records::leave_unread),
    (
        Kind::Phantom,
        "a record that was read was never put",
        records::forget_put,
    ),
    (
        Kind::Phantom,
        "a read shows a record of nobody",
        records::invent,
    ),
    (
        Kind::Duplicate,
        "a record is written twice in a row",
        records::write_twice,
    ),
    (
        Kind::Duplicate,
        "a record is also in another shard",
        records::write_elsewhere,
    ),
    (
        Kind::AbortedRead,
        "a refused write is read",
        records::refuse,
    ),
    (Kind::Damaged, "a payload is damaged", records::damage),
    (
        Kind::InconsistentOffset,
        "one read shows another record at a number",
        records::exchange,
    ),
    (
        Kind::InconsistentOffset,
        "two shards share a number",
        records::share_number,
    ),
    (
        Kind::AckMismatch,
        "an acknowledgement names another number",
        records::acknowledge_number,
    ),
    (
        Kind::AckMismatch,
        "an acknowledgement names another shard",
        records::acknowledge_shard,
    ),
    (
        Kind::Misrouted,
        "a hash key is outside the range",
        records::misroute,
    ),
    (
        Kind::RequestReordered,
        "two entries of a request change places",
        records::reorder_request,
    ),
    (
        Kind::NonmonotonicPoll,
        "two records of a read change places",
        reads::swap_adjacent,
    ),
    (
        Kind::NonmonotonicPoll,
        "the next read repeats a record",
        reads::repeat,
    ),
    (
        Kind::NonmonotonicPoll,
        "AFTER includes its record",
        reads::include_start,
    ),
    (Kind::PollSkip, "a session leaves a record out", reads::skip),
    (
        Kind::PollSkip,
        "a session leaves out its first record",
        reads::skip_first,
    ),
    (
        Kind::StaleRead,
        "a tail read misses acknowledged records",
        reads::stop_early,
    ),
    (
        Kind::StaleRead,
        "LATEST never sees what follows",
        reads::silence_latest,
    ),
    (
        Kind::ShardEndTooEarly,
        "a shard ends before its last record",
        reads::end_early,
    ),
    (
        Kind::ParentNotDrained,
        "a parent's end was never met",
        reads::forget_parent_end,
    ),
    (
        Kind::ParentNotDrained,
        "a child is opened before its parent's end",
        reads::open_child_early,
    ),
    (
        Kind::RealtimeInversion,
        "two records change places",
        times::swap_records,
    ),
    (
        Kind::RealtimeInversion,
        "a later record ended before an earlier began",
        times::move_before,
    ),
    (
        Kind::RealtimeInversion,
        "a record is read before its write began",
        times::begin_after_read,
    ),
    (
        Kind::LineageInversion,
        "a parent is written after its child",
        times::write_parent_late,
    ),
    (
        Kind::OutsideShard,
        "a shard begins above its records",
        lists::begin_above,
    ),
    (
        Kind::OutsideShard,
        "a closed shard ends below a record",
        lists::end_below,
    ),
    (
        Kind::ChildBelowParent,
        "a child begins at its parent's end",
        lists::lower_child,
    ),
    (
        Kind::UnlistedShard,
        "a shard that was used is never listed",
        lists::hide,
    ),
    (
        Kind::InconsistentShard,
        "a list shows another range",
        lists::change_range,
    ),
    (
        Kind::InconsistentShard,
        "a list shows other parents",
        lists::change_parents,
    ),
    (
        Kind::InconsistentShard,
        "a list shows another end",
        lists::change_end,
    ),
    (
        Kind::InconsistentShard,
        "a list shows a shard twice",
        lists::list_twice,
    ),
    (
        Kind::BrokenCover,
        "an open shard is missing",
        lists::leave_out_open,
    ),
    (Kind::BrokenCover, "two open shards overlap", lists::overlap),
    (
        Kind::StaleList,
        "a closed shard is open again",
        lists::reopen,
    ),
    (
        Kind::StaleList,
        "a closed shard is missing",
        lists::leave_out_closed,
    ),
    (
        Kind::LostReshard,
        "an acknowledged reshard shows nowhere",
        lists::acknowledge_nothing,
    ),
    (
        Kind::LostReshard,
        "a list shows a resharded parent open",
        lists::undo_reshard,
    ),
    (
        Kind::AbortedReshard,
        "a refused reshard took place",
        lists::refuse_reshard,
    ),
];
