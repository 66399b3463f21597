//! When a statement applies: conditions, checked for their form and kept.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>

use millstream_protocol::reader::Number;
use std::fmt;

/// A condition: it holds if the operator finds that the request's value of the key fits the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// How values are compared.
    pub operator: Operator,
    /// The condition key, such as `aws:SourceIp`, as given.
    pub key: String,
    /// At least one; one of them has to fit.
    pub values: Vec<Value>,
}

/// A value in a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, which may stand for anything else.
    Text(String),
    /// A number.
    Number(Number),
    /// True or false.
    Boolean(bool),
}

/// A condition operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// How one value is compared with another.
    pub test: Test,
    /// How many of the request's values have to fit.
    pub quantifier: Quantifier,
    /// What becomes of a request without the key.
    pub on_missing: OnMissing,
}

/// How many of the request's values have to fit, if the key has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// The key has one value.
    One,
    /// Each: `ForAllValues:`.
    All,
    /// At least one: `ForAnyValue:`.
    Any,
}

/// What becomes of a request without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMissing {
    /// It does not fit.
    Fails,
    /// It fits: `IfExists`.
    Passes,
}

macro_rules! tests {
    ($($name:ident)+) => {
        /// How one value is compared with another, under IAM's name.
        #[expect(missing_docs, reason = "IAM's reference explains each name")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Test {
            $($name,)+
        }

        impl Test {
            fn parse(text: &str) -> Option<Self> {
                match text {
                    $(stringify!($name) => Some(Self::$name),)+
                    _ => None,
                }
            }

            fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

tests! {
    StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase
    StringLike StringNotLike
    NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals
    NumericGreaterThan NumericGreaterThanEquals
    DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals
    Bool BinaryEquals IpAddress NotIpAddress
    ArnEquals ArnLike ArnNotEquals ArnNotLike
    Null
}

impl Operator {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (quantifier, rest) = match text.split_once(':') {
            None => (Quantifier::One, text),
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(_) => return None,
        };
        let (on_missing, name) = match rest.strip_suffix("IfExists") {
            Some(name) => (OnMissing::Passes, name),
            None => (OnMissing::Fails, rest),
        };
        let test = Test::parse(name)?;
        // Whether the key is missing is what Null asks.
        let makes_sense = test != Test::Null || on_missing == OnMissing::Fails;
        makes_sense.then_some(Self {
            test,
            quantifier,
            on_missing,
        })
    }
}

/// Formats as in a document.
impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            Quantifier::One => "",
            Quantifier::All => "ForAllValues:",
            Quantifier::Any => "ForAnyValue:",
        })?;
        f.write_str(self.test.name())?;
        f.write_str(match self.on_missing {
            OnMissing::Fails => "",
            OnMissing::Passes => "IfExists",
        })
    }
}
