//! The elements of policies of resources, as values.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use super::condition::Condition;
use super::principal::Principal;
use crate::Action;

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
