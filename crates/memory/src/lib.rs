//! Memory shared by many holders: budgets that bound it, and free lists that reuse it.
//!
//! What the bytes are for, and who is refused when there are too few of them, is up to the users:
//! request bodies and responses have budgets, cold reads and encoded pieces have free lists.
//! Nothing here allocates on behalf of a budget: a holder takes bytes first and allocates then.

mod budget;
mod free_list;
mod holders;

pub use budget::{Budget, Share};
pub use free_list::{Buffer, FreeList};
pub use holders::{HOLDER_QUARTERS, Holder, Holders};
