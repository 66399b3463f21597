//! Conditions as they are judged: keys resolved, values parsed once.
//!
//! What cannot be compared is a fault where a policy is loaded. In one that was stored before it
//! is unknown whether the condition holds.
//!
//! "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context keys"
//! in <https://docs.aws.amazon.com/IAM/latest/UserGuide/>.

mod operand;

use super::condition::{Condition, OnMissing, Operator, Quantifier, Test, Value};
use super::fault::Fault;
use super::fit::Fit;
use super::key::{Found, Key, Keys, Kind};
use super::language::Version;
use millstream_protocol::reader::Number;
use operand::Operand;
use std::borrow::Cow;

/// A condition that can be judged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Check {
    operator: Operator,
    /// `None` if it is unknown, or its values cannot be compared in this way.
    key: Option<Key>,
    operands: Vec<Operand>,
}

impl Check {
    /// The check of a condition. What is wrong with it is noted.
    pub(super) fn read(condition: &Condition, version: Version, fault: &mut Option<Fault>) -> Self {
        let Condition {
            operator,
            key: name,
            values,
        } = condition;
        let given = || name.clone();
        let mut key = Key::parse(name);
        match &key {
            None => {
                fault.get_or_insert(Fault::Key { given: given() });
            }
            Some(known) if !takes(known.kind(), *operator) => {
                let operator = operator.to_string();
                let key_given = given();
                fault.get_or_insert(Fault::Comparison {
                    operator,
                    key: key_given,
                });
                key = None;
            }
            Some(_) => (),
        }
        let mut operands = Vec::with_capacity(values.len());
        for value in values {
            let text = text_of(value);
            let operand = Operand::read(operator.test, &text, version, fault);
            operands.push(operand.unwrap_or_else(|| {
                let (key, value) = (given(), text.into_owned());
                fault.get_or_insert(Fault::Value { key, value });
                Operand::Unknown
            }));
        }
        Self {
            operator: *operator,
            key,
            operands,
        }
    }

    /// Whether a request fits.
    pub(super) fn holds(&self, keys: &dyn Keys) -> Fit {
        let Some(key) = &self.key else {
            return Fit::Unknown;
        };
        let values = match keys.find(key) {
            Found::Unclear => return Fit::Unknown,
            Found::Absent => Vec::new(),
            Found::One(value) => vec![value],
            Found::Many(values) if self.operator.quantifier == Quantifier::One => {
                match (values.is_empty(), self.operator.test) {
                    (true, _) | (false, Test::Null) => values,
                    (false, _) => return Fit::Unknown,
                }
            }
            Found::Many(values) => values,
        };
        if self.operator.test == Test::Null {
            let is_absent = values.is_empty();
            return Fit::any(self.operands.iter().map(|one| one.is_truth(is_absent)));
        }
        if values.is_empty() {
            return Fit::of(self.fits_nothing());
        }
        let fits = |value: &Cow<'_, str>| self.fits(value, keys);
        match self.operator.quantifier {
            Quantifier::One | Quantifier::Any => Fit::any(values.iter().map(fits)),
            Quantifier::All => Fit::all(values.iter().map(fits)),
        }
    }

    /// Whether a request without the key fits.
    fn fits_nothing(&self) -> bool {
        match (self.operator.on_missing, self.operator.quantifier) {
            (OnMissing::Passes, _) | (_, Quantifier::All) => true,
            (OnMissing::Fails, Quantifier::Any) => false,
            (OnMissing::Fails, Quantifier::One) => self.operator.test.is_negated(),
        }
    }

    /// Whether one value of the request fits: one of the condition's, or for a negated operator
    /// none of them.
    fn fits(&self, value: &str, keys: &dyn Keys) -> Fit {
        let test = self.operator.test;
        let compare = |operand: &Operand| operand.compare(test, value, keys);
        let found = Fit::any(self.operands.iter().map(compare));
        if test.is_negated() {
            found.not()
        } else {
            found
        }
    }
}

/// A key of several values needs to be told how many have to fit.
fn takes(kind: Kind, operator: Operator) -> bool {
    let is_told = operator.quantifier != Quantifier::One || operator.test == Test::Null;
    kind.takes(operator.test) && (kind != Kind::Texts || is_told)
}

fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Number(Number::Integer(number)) => Cow::Owned(number.to_string()),
        Value::Number(Number::Float(number)) => Cow::Owned(number.to_string()),
        Value::Boolean(true) => Cow::Borrowed("true"),
        Value::Boolean(false) => Cow::Borrowed("false"),
    }
}

impl Test {
    /// Whether it asks for the opposite of another.
    pub(super) fn is_negated(self) -> bool {
        match self {
            Self::StringNotEquals
            | Self::StringNotEqualsIgnoreCase
            | Self::StringNotLike
            | Self::NumericNotEquals
            | Self::DateNotEquals
            | Self::NotIpAddress
            | Self::ArnNotEquals
            | Self::ArnNotLike => true,
            Self::StringEquals
            | Self::StringEqualsIgnoreCase
            | Self::StringLike
            | Self::NumericEquals
            | Self::NumericLessThan
            | Self::NumericLessThanEquals
            | Self::NumericGreaterThan
            | Self::NumericGreaterThanEquals
            | Self::DateEquals
            | Self::DateLessThan
            | Self::DateLessThanEquals
            | Self::DateGreaterThan
            | Self::DateGreaterThanEquals
            | Self::Bool
            | Self::BinaryEquals
            | Self::IpAddress
            | Self::ArnEquals
            | Self::ArnLike
            | Self::Null => false,
        }
    }
}
