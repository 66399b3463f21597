//! What is done: an operation, as policies name it.

/// An operation's name, which a policy writes after `kinesis:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action(pub &'static str);
