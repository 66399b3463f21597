//! The read path: finding a log's blocks, and their bytes in memory or on disk.

pub(crate) mod buffers;
pub(crate) mod cache;
pub(crate) mod holding;
pub(crate) mod index;
pub(crate) mod lru;
pub(crate) mod reader;
pub(crate) mod reads;
pub(crate) mod scan;
