//! What the journal's tasks share: each file owns its locks, and nobody else takes them.

pub(crate) mod damage;
pub(crate) mod handover;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod lifecycle;
pub(crate) mod logs;
pub(crate) mod segments;
