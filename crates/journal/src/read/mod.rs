//! The way of a read: where a log's blocks are, and their bytes, from memory or from the disk.

pub(crate) mod bounded;
pub(crate) mod buffers;
pub(crate) mod cache;
pub(crate) mod gathered;
pub(crate) mod holding;
pub(crate) mod index;
pub(crate) mod reader;
pub(crate) mod scan;
