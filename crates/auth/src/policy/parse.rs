//! The parser of policies: a walk over JSON that accepts what the policy language has, where it has
//! it, and stops at the first fault.

use super::{
    Condition, Effect, Element, Fault, Operator, Policy, Principal, Statement, Value, Version,
    shared,
};
use crate::{Action, Resource};
use millstream_model::limits::POLICY_BYTES_MAX;
use millstream_protocol::parts::JsonReader;
use millstream_protocol::reader::{self, Checks, Kind, Reader as _};
use std::collections::BTreeSet;

/// The kinds of principals, of which AWS shares streams with the first alone.
const ACCOUNTS_AND_IDENTITIES: &str = "AWS";

pub(super) fn parse(text: &str, resource: Resource<'_>) -> Result<Policy, Fault> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(Fault::TooLong {
            bytes: text.len(),
            bytes_max: POLICY_BYTES_MAX,
        });
    }
    let json = JsonReader::new(text.as_bytes(), Checks::All).map_err(malformed)?;
    let mut parser = Parser { json, resource };
    let policy = parser.policy()?;
    parser.json.finish().map_err(malformed)?;
    Ok(policy)
}

/// The text is not JSON, whatever the reader complains of: types are asked for before they are
/// read.
fn malformed(_: reader::Fault) -> Fault {
    Fault::Malformed
}

struct Parser<'a> {
    json: JsonReader<'a>,
    resource: Resource<'a>,
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

impl Parser<'_> {
    fn policy(&mut self) -> Result<Policy, Fault> {
        let (mut version, mut id, mut statements) = (Version::V2008, None, None);
        self.members(Element::Policy, |parser, member| {
            match member {
                "Version" => version = parser.version()?,
                "Id" => id = Some(parser.text(Element::Id)?),
                "Statement" => {
                    statements = Some(parser.one_or_more(Element::Statement, Self::statement)?);
                }
                _ => return Err(unknown(member, Element::Policy)),
            }
            Ok(())
        })?;
        let statements = statements.ok_or_else(|| missing(Element::Statement))?;
        let mut sids = BTreeSet::new();
        let sid_of = |statement: &Statement| statement.sid.clone();
        if let Some(sid) = statements
            .iter()
            .filter_map(sid_of)
            .find(|sid| !sids.insert(sid.clone()))
        {
            return Err(Fault::RepeatedSid { sid });
        }
        Ok(Policy {
            version,
            id,
            statements,
        })
    }

    fn version(&mut self) -> Result<Version, Fault> {
        let given = self.text(Element::Version)?;
        match given.as_str() {
            "2008-10-17" => Ok(Version::V2008),
            "2012-10-17" => Ok(Version::V2012),
            _ => Err(Fault::Version { given }),
        }
    }

    fn statement(&mut self) -> Result<Statement, Fault> {
        let mut draft = Draft::default();
        self.members(Element::Statement, |parser, member| {
            match member {
                "Sid" => draft.sid = Some(parser.text(Element::Sid)?),
                "Effect" => draft.effect = Some(parser.effect()?),
                "Principal" => draft.principals = Some(parser.principals()?),
                "Action" => {
                    draft.actions = Some(parser.one_or_more(Element::Action, Self::action)?);
                }
                "Resource" => {
                    let named = parser.one_or_more(Element::Resource, Self::resource)?;
                    draft.resource = named.into_iter().next();
                }
                "Condition" => draft.conditions = parser.conditions()?,
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

    fn effect(&mut self) -> Result<Effect, Fault> {
        let given = self.text(Element::Effect)?;
        match given.as_str() {
            "Allow" => Ok(Effect::Allow),
            "Deny" => Ok(Effect::Deny),
            _ => Err(Fault::Effect { given }),
        }
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
        self.members(element, |parser, member| {
            if member != ACCOUNTS_AND_IDENTITIES {
                let given = member.to_owned();
                return Err(Fault::PrincipalKind { given });
            }
            found = Some(parser.one_or_more(element, Self::principal)?);
            Ok(())
        })?;
        found.ok_or(Fault::Form { element })
    }

    fn principal(&mut self) -> Result<Principal, Fault> {
        let text = self.text(Element::Principal)?;
        Principal::parse(&text, self.resource.partition())
    }

    fn action(&mut self) -> Result<Action, Fault> {
        let text = self.text(Element::Action)?;
        shared::parse(&text, self.resource)
    }

    fn resource(&mut self) -> Result<String, Fault> {
        let given = self.text(Element::Resource)?;
        match given == self.resource.to_string() {
            true => Ok(given),
            false => Err(Fault::Resource { given }),
        }
    }

    fn conditions(&mut self) -> Result<Vec<Condition>, Fault> {
        let element = Element::Condition;
        let mut conditions = Vec::new();
        self.members(element, |parser, name| {
            let operator = Operator::parse(name).ok_or_else(|| Fault::Operator {
                given: name.to_owned(),
            })?;
            parser.members(element, |parser, key| {
                if key.is_empty() {
                    return Err(Fault::Form { element });
                }
                conditions.push(Condition {
                    operator,
                    key: key.to_owned(),
                    values: parser.one_or_more(element, Self::value)?,
                });
                Ok(())
            })
        })?;
        Ok(conditions)
    }

    fn value(&mut self) -> Result<Value, Fault> {
        match self.kind()? {
            Kind::Text => self.text(Element::Condition).map(Value::Text),
            Kind::Number => self.json.number().map(Value::Number).map_err(malformed),
            Kind::Boolean => self.json.boolean().map(Value::Boolean).map_err(malformed),
            Kind::Null | Kind::Bytes | Kind::List | Kind::Map => self.misfit(Element::Condition),
        }
    }

    // --- JSON
    // -------------------------------------------------------------------------------------

    fn kind(&mut self) -> Result<Kind, Fault> {
        self.json.kind().map_err(malformed)
    }

    /// Refuses the next value, of the wrong type, unless it is not even JSON.
    fn misfit<T>(&mut self, element: Element) -> Result<T, Fault> {
        self.json.skip().map_err(malformed)?;
        Err(Fault::Form { element })
    }

    fn text(&mut self, element: Element) -> Result<String, Fault> {
        if self.kind()? != Kind::Text {
            return self.misfit(element);
        }
        let text = self.json.text().map_err(malformed)?;
        Ok(text.into_owned())
    }

    /// Reads the members of an object, none of which may occur twice.
    fn members(
        &mut self,
        element: Element,
        mut read: impl FnMut(&mut Self, &str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.kind()? != Kind::Map {
            return self.misfit(element);
        }
        let mut cursor = self.json.begin_map().map_err(malformed)?;
        let mut seen = BTreeSet::new();
        while let Some(member) = self.json.next_key(&mut cursor).map_err(malformed)? {
            if seen.contains(&member) {
                let member = member.into_owned();
                return Err(Fault::Repeated { member });
            }
            read(self, &member)?;
            seen.insert(member);
        }
        Ok(())
    }

    /// Reads a value, or a list of at least one.
    fn one_or_more<T>(
        &mut self,
        element: Element,
        mut read: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        if self.kind()? != Kind::List {
            return Ok(vec![read(self)?]);
        }
        let mut cursor = self.json.begin_list().map_err(malformed)?;
        let mut all = Vec::new();
        while self.json.next_item(&mut cursor).map_err(malformed)? {
            all.push(read(self)?);
        }
        match all.is_empty() {
            true => Err(Fault::Form { element }),
            false => Ok(all),
        }
    }
}

fn unknown(member: &str, within: Element) -> Fault {
    let member = member.to_owned();
    Fault::Unknown { member, within }
}

fn negated(member: &'static str) -> Fault {
    Fault::Negated { member }
}

fn missing(element: Element) -> Fault {
    Fault::Missing { element }
}
