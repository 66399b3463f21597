//! The parser of resource policies: a walk over JSON that accepts what the policy language has,
//! where it has it, and stops at the first fault.

use super::condition::Condition;
use super::document::{missing, unknown};
use super::fault::{Element, Fault};
use super::language::{Effect, Policy, Statement};
use super::principal::Principal;
use super::shared;
use super::walk::Walk;
use crate::{Action, Resource};
use millstream_model::limits::POLICY_BYTES_MAX;
use millstream_protocol::reader::Kind;

/// The kinds of principals, of which AWS shares streams with the first alone.
const ACCOUNTS_AND_IDENTITIES: &str = "AWS";

pub(super) fn parse(text: &str, resource: Resource<'_>) -> Result<Policy, Fault> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(Fault::TooLong {
            bytes: text.len(),
            bytes_max: POLICY_BYTES_MAX,
        });
    }
    let mut walk = Walk::new(text, resource)?;
    let document = walk.document(Walk::statement, |statement| statement.sid.as_deref())?;
    walk.finish()?;
    Ok(Policy {
        version: document.version,
        id: document.id,
        statements: document.statements,
    })
}

/// A statement of which not all members have been read.
#[derive(Default)]
struct Draft {
    sid: Option<String>,
    effect: Option<Effect>,
    principals: Option<Vec<Principal>>,
    actions: Option<Vec<Action>>,
    resource: Option<String>,
    conditions: Vec<Condition>,
}

/// The grammar of a resource's own policies.
impl Walk<'_, Resource<'_>> {
    fn statement(&mut self) -> Result<Statement, Fault> {
        let mut draft = Draft::default();
        self.members(Element::Statement, |walk, member| {
            match member {
                "Sid" => draft.sid = Some(walk.text(Element::Sid)?),
                "Effect" => draft.effect = Some(walk.effect()?),
                "Principal" => draft.principals = Some(walk.principals()?),
                "Action" => {
                    draft.actions = Some(walk.one_or_more(Element::Action, Self::action)?);
                }
                "Resource" => {
                    let named = walk.one_or_more(Element::Resource, Self::resource)?;
                    draft.resource = named.into_iter().next();
                }
                "Condition" => draft.conditions = walk.conditions()?,
                "NotPrincipal" => return Err(negated("NotPrincipal")),
                "NotAction" => return Err(negated("NotAction")),
                "NotResource" => return Err(negated("NotResource")),
                _ => return Err(unknown(member, Element::Statement)),
            }
            Ok(())
        })?;
        Ok(Statement {
            sid: draft.sid,
            effect: draft.effect.ok_or_else(|| missing(Element::Effect))?,
            principals: draft
                .principals
                .ok_or_else(|| missing(Element::Principal))?,
            actions: draft.actions.ok_or_else(|| missing(Element::Action))?,
            resource: draft.resource.ok_or_else(|| missing(Element::Resource))?,
            conditions: draft.conditions,
        })
    }

    fn principals(&mut self) -> Result<Vec<Principal>, Fault> {
        let element = Element::Principal;
        if self.kind()? == Kind::Text {
            let text = self.text(element)?;
            return Err(match text.as_str() {
                "*" => Fault::Wildcard { element },
                _ => Fault::Form { element },
            });
        }
        let mut found = None;
        self.members(element, |walk, member| {
            if member != ACCOUNTS_AND_IDENTITIES {
                let given = member.to_owned();
                return Err(Fault::PrincipalKind { given });
            }
            found = Some(walk.one_or_more(element, Self::principal)?);
            Ok(())
        })?;
        found.ok_or(Fault::Form { element })
    }

    fn principal(&mut self) -> Result<Principal, Fault> {
        let text = self.text(Element::Principal)?;
        Principal::parse(&text, self.grammar.partition())
    }

    fn action(&mut self) -> Result<Action, Fault> {
        let text = self.text(Element::Action)?;
        shared::parse(&text, self.grammar)
    }

    fn resource(&mut self) -> Result<String, Fault> {
        let given = self.text(Element::Resource)?;
        match given == self.grammar.to_string() {
            true => Ok(given),
            false => Err(Fault::Resource { given }),
        }
    }
}

fn negated(member: &'static str) -> Fault {
    Fault::Negated { member }
}
