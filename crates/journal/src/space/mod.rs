//! Disk space: segments are created, sorted, copied and freed here, and a full disk is handled.

pub(crate) mod abandoned;
pub(crate) mod backlog;
pub(crate) mod clean_plan;
pub(crate) mod cleaner;
pub(crate) mod copy;
pub(crate) mod footers;
pub(crate) mod grace;
pub(crate) mod keeper;
pub(crate) mod listing;
pub(crate) mod making;
pub(crate) mod reclaim;
pub(crate) mod reserve;
pub(crate) mod rewrite;
pub(crate) mod scatter_read;
pub(crate) mod shortage;
pub(crate) mod sorter;
pub(crate) mod upkeep;
