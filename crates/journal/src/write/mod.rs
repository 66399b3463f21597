//! The append path: from the queue to one frame, one sync and a result.

pub(crate) mod active_blocks;
pub(crate) mod active_segment;
pub(crate) mod chain;
pub(crate) mod compact;
pub(crate) mod group;
pub(crate) mod log_map;
pub(crate) mod outcome;
pub(crate) mod queue;
pub(crate) mod writer;
pub(crate) mod writer_tails;
