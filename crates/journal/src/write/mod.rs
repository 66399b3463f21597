//! The way of an append: from the queue to one frame, one sync and an answer.

pub(crate) mod chain;
pub(crate) mod ending;
pub(crate) mod group;
pub(crate) mod log_map;
pub(crate) mod open;
pub(crate) mod open_blocks;
pub(crate) mod outcome;
pub(crate) mod queue;
pub(crate) mod slim;
pub(crate) mod tips;
pub(crate) mod writer;
