//! Policies of IAM: those of users, those of streams and consumers, and the judge of both.
//!
//! [`Policy::parse`] reads a resource's document as strictly as AWS does: it holds for one
//! resource, grants only what may be shared, and names everyone it is about.
//! [`IdentityPolicy::parse`] reads a user's. What is not in the policy language is an error and
//! never ignored, since a policy that means less than its author wrote would open what should be
//! closed. [`judge`] takes what both have made and parses nothing.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
//! <https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html>

mod bounded;
mod check;
mod claim;
mod condition;
mod document;
mod fault;
mod fit;
mod identity;
mod judgement;
mod key;
mod language;
mod managed;
mod parse;
mod pattern;
mod principal;
mod request;
mod rule;
mod shared;
mod stored;
mod walk;
mod who;

pub use condition::{Condition, OnMissing, Operator, Quantifier, Test, Value};
pub use fault::{Element, Fault};
pub use identity::{
    IDENTITY_POLICY_BYTES_MAX, IDENTITY_POLICY_CHARS_MAX, IdentityFault, IdentityPolicy,
};
pub use judgement::{Accounts, Asked, Decision, Denial, Judgement, Place, Side, judge};
pub use key::{Found, Global, Key, Keys};
pub use language::{Effect, Policy, Statement, Version};
pub use managed::{MANAGED, managed};
pub use principal::Principal;
pub use request::{Request, RequestTags};
pub use stored::ResourcePolicy;
pub use who::{PARTITIONS, POLICIES_PER_USER_MAX, User, Who};

#[cfg(test)]
mod tests;
