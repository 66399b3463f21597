//! The way of a read: where a log's blocks are, and their bytes, from memory or from the disk.

pub(crate) mod buffers;
pub(crate) mod cache;
pub(crate) mod holding;
pub(crate) mod index;
pub(crate) mod lru;
pub(crate) mod reader;
pub(crate) mod reads;
pub(crate) mod scan;
