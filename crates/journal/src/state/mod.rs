//! State that the journal's tasks share. Each file owns its locks; no other file takes them.

pub(crate) mod damage;
pub(crate) mod handover;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod lifecycle;
pub(crate) mod logs;
pub(crate) mod segments;
