//! The judge: policies of both kinds, and the decision that follows from them.
//!
//! Within an account it suffices that the user's policies permit something, or the resource's
//! does to that very user. Between accounts both have to. A statement that refuses wins over all
//! that permit. A root is permitted everything by its own account.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::bounded::Bounded;
use super::claim::Claim;
use super::key::Keys;
use super::language::Effect;
use super::rule::{Deed, Rule, Rules};
use super::shared;
use super::stored::ResourcePolicy;
use super::who::Who;
use millstream_model::AccountId;
use std::fmt;

/// What someone asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asks.
    pub who: &'a Who,
    /// The action, with the service before it: `kinesis:PutRecord`.
    pub action: &'a str,
    /// The resource's ARN, or `*` if there is none.
    pub resource: &'a str,
    /// The account that owns the resource, if there is one.
    pub owner: Option<&'a AccountId>,
    /// The resource's own policy, if it has one.
    pub policy: Option<&'a ResourcePolicy>,
}

/// A statement that a decision follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The name of the policy; empty for a resource's, which has none.
    pub policy: &'a str,
    /// The statement's number in it, from 1.
    pub statement: usize,
    /// The statement's id.
    pub sid: Option<&'a str>,
}

/// What the policies of one kind say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side<'a> {
    /// Nothing: neither permitted nor refused.
    Silent,
    /// A statement permits it.
    Allows(Place<'a>),
    /// A statement permits it to the account, which decides further.
    Delegates(Place<'a>),
    /// A statement refuses it.
    Denies(Place<'a>),
    /// The caller is the account's root, whom no identity policy concerns.
    Root,
    /// The policy cannot be read, so nothing is permitted by it.
    Unreadable,
}

/// Whether caller and resource are of the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// They are, or there is no resource.
    Same,
    /// They are not.
    Across,
}

/// Why something is refused, as the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// None of the caller's policies permits it.
    NoIdentityPolicy,
    /// One of the caller's policies refuses it.
    IdentityPolicy,
    /// The resource has no policy that permits it.
    NoResourcePolicy,
    /// The resource's policy refuses it.
    ResourcePolicy,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Permitted.
    Allow,
    /// Refused, and why.
    Deny(Denial),
}

/// A decision, with what it follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// What the caller's policies say.
    pub identity: Side<'a>,
    /// What the resource's policy says.
    pub resource: Side<'a>,
    /// Which of them has to permit it.
    pub accounts: Accounts,
    /// What follows.
    pub decision: Decision,
}

/// Judges what is asked for. It takes a bounded number of steps, whatever the policies are.
pub fn judge<'a>(asked: Asked<'a>, keys: &dyn Keys) -> Judgement<'a> {
    judge_within(asked, &Bounded::new(keys))
}

fn judge_within<'a>(asked: Asked<'a>, keys: &Bounded<'_>) -> Judgement<'a> {
    let deed = Deed {
        action: asked.action,
        resource: asked.resource,
    };
    let accounts = match asked.owner {
        Some(owner) if *owner != asked.who.account => Accounts::Across,
        Some(_) | None => Accounts::Same,
    };
    let identity = identity_side(asked.who, deed, keys);
    let resource = match asked.policy.map(|policy| &policy.rules) {
        None => Side::Silent,
        // It was about no other actions, whatever it was.
        Some(None) if shared::is_shared(asked.action) => Side::Unreadable,
        Some(None) => Side::Silent,
        Some(Some(rules)) => side(asked.who, [("", rules)], deed, keys),
    };
    Judgement {
        identity,
        resource,
        accounts,
        decision: decide(identity, resource, accounts),
    }
}

fn identity_side<'a>(who: &'a Who, deed: Deed<'_>, keys: &dyn Keys) -> Side<'a> {
    if who.user.is_none() {
        return Side::Root;
    }
    let policies = who.policies.iter();
    let rules = policies.map(|policy| (&*policy.name, &*policy.rules));
    side(who, rules, deed, keys)
}

/// What policies say together.
fn side<'a>(
    who: &Who,
    policies: impl IntoIterator<Item = (&'a str, &'a Rules)>,
    deed: Deed<'_>,
    keys: &dyn Keys,
) -> Side<'a> {
    let mut found: Option<(Claim, Place<'a>)> = None;
    for (policy, Rules(rules)) in policies {
        for (before, rule) in rules.iter().enumerate() {
            let claim = Claim::of(&rule.whom, who).filter(|_| rule.applies(deed, keys));
            let Some(claim) = claim else {
                continue;
            };
            let place = place(policy, before, rule);
            match rule.effect {
                Effect::Deny => return Side::Denies(place),
                Effect::Allow if found.is_none_or(|(best, _)| claim > best) => {
                    found = Some((claim, place));
                }
                Effect::Allow => (),
            }
        }
    }
    match found {
        None => Side::Silent,
        Some((Claim::Direct, place)) => Side::Allows(place),
        Some((Claim::Account, place)) => Side::Delegates(place),
    }
}

fn place<'a>(policy: &'a str, before: usize, rule: &'a Rule) -> Place<'a> {
    Place {
        policy,
        statement: before + 1,
        sid: rule.sid.as_deref(),
    }
}

/// What follows. A caller learns about a resource's policy only once its own permits the action,
/// and of another account's only that it does not permit it: whoever is refused is told the same
/// whether or not the resource exists.
fn decide(identity: Side<'_>, resource: Side<'_>, accounts: Accounts) -> Decision {
    let is_permitted = match identity {
        Side::Denies(_) => return Decision::Deny(Denial::IdentityPolicy),
        Side::Root | Side::Allows(_) => true,
        Side::Silent | Side::Delegates(_) | Side::Unreadable => false,
    };
    let deny = |denial| match is_permitted {
        true => Decision::Deny(denial),
        false => Decision::Deny(Denial::NoIdentityPolicy),
    };
    match (accounts, resource) {
        (Accounts::Same, Side::Denies(_) | Side::Unreadable) => deny(Denial::ResourcePolicy),
        (Accounts::Same, Side::Allows(_)) => Decision::Allow,
        (Accounts::Same, Side::Silent | Side::Delegates(_) | Side::Root) => match is_permitted {
            true => Decision::Allow,
            false => Decision::Deny(Denial::NoIdentityPolicy),
        },
        (Accounts::Across, Side::Allows(_) | Side::Delegates(_)) if is_permitted => Decision::Allow,
        (
            Accounts::Across,
            Side::Allows(_)
            | Side::Delegates(_)
            | Side::Denies(_)
            | Side::Unreadable
            | Side::Silent
            | Side::Root,
        ) => deny(Denial::NoResourcePolicy),
    }
}

impl Denial {
    /// The text of the error that a caller gets.
    pub fn message(self, caller: &str, action: &str, resource: &str) -> String {
        let because = self.because(action);
        format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource} {because}"
        )
    }

    /// The text behind the names of caller, action and resource.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
    pub fn because(self, action: &str) -> impl fmt::Display {
        fmt::from_fn(move |f| match self {
            Self::NoIdentityPolicy => {
                write!(
                    f,
                    "because no identity-based policy allows the {action} action"
                )
            }
            Self::IdentityPolicy => {
                f.write_str("with an explicit deny in an identity-based policy")
            }
            Self::NoResourcePolicy => {
                write!(
                    f,
                    "because no resource-based policy allows the {action} action"
                )
            }
            Self::ResourcePolicy => f.write_str("with an explicit deny in a resource-based policy"),
        })
    }
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;
