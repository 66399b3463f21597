//! A resource's policy, from the text that is kept of it.

use super::fault::Fault;
use super::language::Policy;
use super::parse::parse;
use super::rule::Rules;
use crate::Resource;

impl Policy {
    /// Parses a policy that is to be attached to a resource.
    ///
    /// The length of the text bounds everything else: there is no list in it that has a limit of
    /// its own, and it is nested only as deeply as the language is.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(text: &str, resource: Resource<'_>) -> Result<Self, Fault> {
        let policy = parse(text, resource)?;
        let mut fault = None;
        Rules::of(&policy, &mut fault);
        fault.map_or(Ok(policy), Err)
    }
}

/// A resource's policy as it was stored, for the judge.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourcePolicy {
    /// `None` if it cannot be read.
    pub(super) rules: Option<Rules>,
}

impl ResourcePolicy {
    /// Reads a policy that was accepted once. A condition that would not be accepted today holds
    /// for no permission and for every refusal; a text that is no policy permits nothing.
    pub fn of_stored(text: &str, resource: Resource<'_>) -> Self {
        let policy = parse(text, resource).ok();
        let rules = policy.map(|policy| Rules::of(&policy, &mut None));
        Self { rules }
    }
}
