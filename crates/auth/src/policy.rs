//! Resource policies: what AWS lets one attach to a stream or a consumer, as values.
//!
//! [`Policy::parse`] reads a document as strictly as AWS does: it holds for one resource, grants
//! only what may be shared, and names everyone it is about. What is not in the policy language is
//! an error and never ignored, since a policy that means less than its author wrote would open
//! what should be closed. Nothing here judges a request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
//! <https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html>

mod condition;
mod fault;
mod parse;
mod principal;
mod shared;

pub use condition::{Condition, OnMissing, Operator, Quantifier, Test, Value};
pub use fault::{Element, Fault};
pub use principal::Principal;

use crate::{Action, Resource};

/// A valid policy of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The version of the policy language.
    pub version: Version,
    /// The policy's own id.
    pub id: Option<String>,
    /// At least one.
    pub statements: Vec<Statement>,
}

/// A version of the policy language. It decides whether texts may contain policy variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 2008-10-17, and the default.
    V2008,
    /// 2012-10-17.
    V2012,
}

/// A statement: who may do what under which conditions, or may not.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Its id, unique in the policy.
    pub sid: Option<String>,
    /// Whether it permits or refuses.
    pub effect: Effect,
    /// Whom it is about: at least one.
    pub principals: Vec<Principal>,
    /// What it is about, in AWS's spelling: at least one.
    pub actions: Vec<Action>,
    /// The ARN of the policy's resource: no other may be named.
    pub resource: String,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It permits.
    Allow,
    /// It refuses, whatever others permit.
    Deny,
}

impl Policy {
    /// Parses a policy that is to be attached to a resource.
    ///
    /// The length of the text bounds everything else: there is no list in it that has a limit of
    /// its own, and it is nested only as deeply as the language is.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(text: &str, resource: Resource<'_>) -> Result<Self, Fault> {
        parse::parse(text, resource)
    }
}

#[cfg(test)]
mod tests;
