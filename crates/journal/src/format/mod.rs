//! The byte formats on disk: layout, encoding and validation. It opens no files itself, and depends
//! on none of the other folders.

pub(crate) mod footer;
pub(crate) mod frame;
pub(crate) mod layout;
pub(crate) mod long_list;
pub(crate) mod manifest;
#[cfg(test)]
mod numbers_tests;
pub(crate) mod segment;
pub(crate) mod segment_index;
