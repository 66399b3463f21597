//! Identity policies: what a user may do, as values that can be judged.
//!
//! A document is read as strictly as a resource's policy, in the grammar of identities: no
//! principals, wildcards in actions and resources, and the opposites of both. What is unknown is a
//! fault, since a statement that nobody understands permits and refuses what nobody meant.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use super::check::Check;
use super::condition::Condition;
use super::document::{missing, unknown};
use super::fault::{Element, Fault};
use super::language::{Effect, Version};
use super::pattern::{Pattern, Wildcards};
use super::rule::{Extent, Rule, Rules, Whom};
use super::walk::Walk;
use std::sync::Arc;

/// The most characters of an identity policy, white space apart: AWS's quota of a managed one.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const IDENTITY_POLICY_CHARS_MAX: usize = 6_144;
/// The most bytes of its text, white space included.
pub const IDENTITY_POLICY_BYTES_MAX: usize = 64 * 1024;

/// The parts of an ARN.
const ARN_PARTS: usize = 6;

/// Why a text is not an identity policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// It has what no policy may have.
    #[error(transparent)]
    Document(#[from] Fault),
    /// It is longer than AWS allows.
    #[error("{chars} characters besides white space are more than {IDENTITY_POLICY_CHARS_MAX}")]
    TooLong {
        /// Its length.
        chars: usize,
    },
    /// It is longer than this server reads.
    #[error("{bytes} bytes are more than {IDENTITY_POLICY_BYTES_MAX}")]
    TooManyBytes {
        /// Its length.
        bytes: usize,
    },
    /// Only a resource's policy says whom it is about.
    #[error("{member} has no place in an identity policy: it is about whoever has it")]
    Principal {
        /// The element.
        member: &'static str,
    },
    /// A statement has an element and its opposite.
    #[error("a statement has both {element} and Not{element}: leave one out")]
    Both {
        /// The element.
        element: &'static str,
    },
    /// Not the name of an action.
    #[error("{given} is no action: write * or SERVICE:NAME, as in kinesis:Get*")]
    Action {
        /// As given.
        given: String,
    },
    /// Not the name of a resource.
    #[error("{given} is no resource: write * or an ARN, as in arn:aws:kinesis:*:*:stream/orders")]
    Resource {
        /// As given.
        given: String,
    },
}

type Result<T> = std::result::Result<T, IdentityFault>;

/// A valid identity policy. Clones share it.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityPolicy {
    /// By which name its owner knows it.
    pub name: Arc<str>,
    pub(super) rules: Arc<Rules>,
}

/// A statement of which not all members have been read.
#[derive(Default)]
struct Draft {
    sid: Option<String>,
    effect: Option<Effect>,
    actions: Option<Named>,
    resources: Option<Named>,
    conditions: Vec<Condition>,
}

/// Names, or all others.
enum Named {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

struct Sound {
    sid: Option<String>,
    effect: Effect,
    actions: Named,
    resources: Named,
    conditions: Vec<Condition>,
}

impl IdentityPolicy {
    /// Parses a policy that is known to its owner by a name.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let bytes = text.len();
        if bytes > IDENTITY_POLICY_BYTES_MAX {
            return Err(IdentityFault::TooManyBytes { bytes });
        }
        let chars = text.chars().filter(|char| !char.is_whitespace()).count();
        if chars > IDENTITY_POLICY_CHARS_MAX {
            return Err(IdentityFault::TooLong { chars });
        }
        let mut walk = Walk::new(text, ())?;
        let document = walk.document(Walk::identity_statement, |one| one.sid.as_deref())?;
        walk.finish()?;
        let version = document.version;
        let statements = document.statements.into_iter();
        let rules = statements.map(|one| one.rule(version));
        Ok(Self {
            name: name.into(),
            rules: Arc::new(Rules(rules.collect::<Result<_>>()?)),
        })
    }
}

impl Walk<'_, ()> {
    fn identity_statement(&mut self) -> Result<Sound> {
        let mut draft = Draft::default();
        self.members(Element::Statement, |walk, member| {
            match member {
                "Sid" => draft.sid = Some(walk.text(Element::Sid)?),
                "Effect" => draft.effect = Some(walk.effect()?),
                "Action" => {
                    let names = walk.one_or_more(Element::Action, Self::an_action)?;
                    once(&mut draft.actions, Named::Only(names), "Action")?;
                }
                "NotAction" => {
                    let names = walk.one_or_more(Element::Action, Self::an_action)?;
                    once(&mut draft.actions, Named::AllBut(names), "Action")?;
                }
                "Resource" => {
                    let names = walk.one_or_more(Element::Resource, Self::a_resource)?;
                    once(&mut draft.resources, Named::Only(names), "Resource")?;
                }
                "NotResource" => {
                    let names = walk.one_or_more(Element::Resource, Self::a_resource)?;
                    once(&mut draft.resources, Named::AllBut(names), "Resource")?;
                }
                "Condition" => draft.conditions = walk.conditions()?,
                "Principal" => return Err(principal("Principal")),
                "NotPrincipal" => return Err(principal("NotPrincipal")),
                _ => return Err(unknown(member, Element::Statement).into()),
            }
            Ok(())
        })?;
        Ok(Sound {
            sid: draft.sid,
            effect: draft.effect.ok_or_else(|| missing(Element::Effect))?,
            actions: draft.actions.ok_or_else(|| missing(Element::Action))?,
            resources: draft.resources.ok_or_else(|| missing(Element::Resource))?,
            conditions: draft.conditions,
        })
    }

    /// An action's name, of whatever service: a policy may be about others, too.
    fn an_action(&mut self) -> Result<String> {
        let given = self.text(Element::Action)?;
        let is_service = |text: &str| {
            let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !text.is_empty() && text.bytes().all(is_in_name)
        };
        let is_action = |text: &str| {
            let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"*?".contains(&byte);
            !text.is_empty() && text.bytes().all(is_in_name)
        };
        let parts = given.split_once(':');
        let is_named = parts.is_some_and(|(service, name)| is_service(service) && is_action(name));
        match given == "*" || is_named {
            true => Ok(given),
            false => Err(IdentityFault::Action { given }),
        }
    }

    /// A resource's name. An ARN has all of its parts, or ends where a `*` stands for the others:
    /// one that lacks a part in the middle means something that its author did not.
    fn a_resource(&mut self) -> Result<String> {
        let given = self.text(Element::Resource)?;
        match given == "*" || (given.starts_with("arn:") && is_whole(&given)) {
            true => Ok(given),
            false => Err(IdentityFault::Resource { given }),
        }
    }
}

/// Whether an ARN has all of its parts, or ends where a `*` stands for the others: one elsewhere in
/// a part stands for none. Colons in variables separate nothing.
fn is_whole(arn: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut rest = arn;
    while let Some(next) = rest.chars().next() {
        let variable = rest.strip_prefix("${").and_then(|rest| rest.find('}'));
        let length = variable.map_or(next.len_utf8(), |end| "${}".len() + end);
        let (here, behind) = rest.split_at(length);
        match here {
            ":" if parts.len() < ARN_PARTS => parts.push(String::new()),
            _ => parts.last_mut().expect("there is one").push_str(here),
        }
        rest = behind;
    }
    let last = parts.last().map_or("", String::as_str);
    parts.len() == ARN_PARTS || last.find('*').is_some_and(|at| at + 1 == last.len())
}

/// Notes what a statement extends to, which it says in one of two ways.
fn once(place: &mut Option<Named>, named: Named, element: &'static str) -> Result<()> {
    match place.replace(named) {
        None => Ok(()),
        Some(_) => Err(IdentityFault::Both { element }),
    }
}

fn principal(member: &'static str) -> IdentityFault {
    IdentityFault::Principal { member }
}

impl Sound {
    fn rule(self, version: Version) -> Result<Rule> {
        let mut fault = None;
        // Names of actions have no variables.
        let actions = self.actions.extent(Version::V2008, &mut fault);
        let resources = self.resources.extent(version, &mut fault);
        let conditions = self.conditions.iter();
        let checks = conditions
            .map(|condition| Check::read(condition, version, &mut fault))
            .collect();
        match fault {
            Some(fault) => Err(fault.into()),
            None => Ok(Rule {
                sid: self.sid,
                effect: self.effect,
                whom: Whom::Holder,
                actions,
                resources,
                checks,
            }),
        }
    }
}

impl Named {
    fn extent(&self, version: Version, fault: &mut Option<Fault>) -> Extent {
        let mut patterns = |names: &[String]| {
            let read = |name: &String| Pattern::read(name, Wildcards::Special, version, fault);
            names.iter().map(read).collect()
        };
        match self {
            Self::Only(names) => Extent::Only(patterns(names)),
            Self::AllBut(names) => Extent::AllBut(patterns(names)),
        }
    }
}

#[cfg(test)]
mod tests;
