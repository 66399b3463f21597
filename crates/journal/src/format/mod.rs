//! The bytes on the disk: how files are laid out, encoded and checked. It opens no file of its own
//! accord, and none of the other folders is known here.

pub(crate) mod footer;
pub(crate) mod frame;
pub(crate) mod layout;
pub(crate) mod long_list;
pub(crate) mod manifest;
pub(crate) mod segment;
pub(crate) mod segment_index;
