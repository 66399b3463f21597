//! Statements of both kinds of policies, as they are judged.

use super::check::Check;
use super::fault::Fault;
use super::fit::Fit;
use super::key::Keys;
use super::language::{Effect, Policy, Statement, Version};
use super::pattern::{How, Matched, Pattern, Wildcards};
use super::principal::Principal;

/// A policy that can be judged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rules(pub(super) Vec<Rule>);

/// A statement that can be judged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) whom: Whom,
    pub(super) actions: Extent,
    pub(super) resources: Extent,
    pub(super) checks: Vec<Check>,
}

/// Whom a statement is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Whom {
    /// Whoever the policy is attached to.
    Holder,
    These(Vec<Principal>),
}

/// What a statement extends to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Extent {
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Deed<'a> {
    /// With the service before it.
    pub(super) action: &'a str,
    /// The ARN, or `*`.
    pub(super) resource: &'a str,
}

impl Extent {
    fn covers(&self, text: &str, how: How, keys: &dyn Keys) -> Fit {
        let (patterns, of_null) = match self {
            Self::Only(patterns) => (patterns, Fit::No),
            // Whoever excepts something that has no name means something by it.
            Self::AllBut(patterns) => (patterns, Fit::Unknown),
        };
        let named = Fit::any(patterns.iter().map(
            |pattern| match pattern.matches(text, how, keys) {
                Matched::Yes => Fit::Yes,
                Matched::No => Fit::No,
                Matched::Null => of_null,
                Matched::Unclear => Fit::Unknown,
            },
        ));
        match self {
            Self::Only(_) => named,
            Self::AllBut(_) => named.not(),
        }
    }
}

impl Rule {
    /// Whether everything but the caller fits.
    pub(super) fn fits(&self, deed: Deed<'_>, keys: &dyn Keys) -> Fit {
        Fit::all(
            [
                self.actions.covers(deed.action, How::Action, keys),
                self.resources.covers(deed.resource, How::Resource, keys),
            ]
            .into_iter()
            .chain(self.checks.iter().map(|check| check.holds(keys))),
        )
    }

    /// Whether the statement applies. One that permits has to fit, one that refuses has not to be
    /// known not to.
    pub(super) fn applies(&self, deed: Deed<'_>, keys: &dyn Keys) -> bool {
        match (self.fits(deed, keys), self.effect) {
            (Fit::Yes, Effect::Allow | Effect::Deny) | (Fit::Unknown, Effect::Deny) => true,
            (Fit::No, Effect::Allow | Effect::Deny) | (Fit::Unknown, Effect::Allow) => false,
        }
    }
}

impl Rules {
    /// The rules of a resource's policy. What is wrong with its conditions is noted.
    pub(super) fn of(policy: &Policy, fault: &mut Option<Fault>) -> Self {
        let statements = policy.statements.iter();
        let rules = statements.map(|one| Rule::of(one, policy.version, fault));
        Self(rules.collect())
    }
}

impl Rule {
    fn of(statement: &Statement, version: Version, fault: &mut Option<Fault>) -> Self {
        // Neither has wildcards or variables.
        let exact = |text: &str| Pattern::read(text, Wildcards::Literal, Version::V2008, &mut None);
        let actions = statement.actions.iter();
        let actions = actions.map(|action| exact(&format!("kinesis:{}", action.0)));
        let actions = Extent::Only(actions.collect());
        let resources = Extent::Only(vec![exact(&statement.resource)]);
        let conditions = statement.conditions.iter();
        Self {
            sid: statement.sid.clone(),
            effect: statement.effect,
            whom: Whom::These(statement.principals.clone()),
            actions,
            resources,
            checks: conditions
                .map(|condition| Check::read(condition, version, fault))
                .collect(),
        }
    }
}
