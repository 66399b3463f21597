//! What comes in: a request's body, and the budgets that every byte is charged to before it is
//! taken.

pub(crate) mod body;
pub(crate) mod budgets;
pub(crate) mod content_type;
