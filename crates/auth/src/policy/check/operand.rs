//! The values of conditions: each parsed as its operator compares it.

use crate::policy::condition::Test;
use crate::policy::fault::Fault;
use crate::policy::fit::Fit;
use crate::policy::key::Keys;
use crate::policy::language::Version;
use crate::policy::pattern::{How, Matched, Pattern, Wildcards};
use ipnet::{IpNet, Ipv4Net};
use millstream_protocol::parts::read_base64;
use std::cmp::Ordering;
use std::net::IpAddr;
use time::format_description::well_known::Iso8601;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// The digits of a year, which could also be taken for seconds.
const YEAR_DIGITS: usize = 4;

/// A value that requests are compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Text(Pattern),
    Number(f64),
    Moment(OffsetDateTime),
    Truth(bool),
    Addresses(IpNet),
    Bytes(Vec<u8>),
    /// It cannot be compared.
    Unknown,
}

impl Operand {
    /// The operand of a text; `None` if the operator compares no such texts.
    pub(super) fn read(
        test: Test,
        text: &str,
        version: Version,
        fault: &mut Option<Fault>,
    ) -> Option<Self> {
        let mut pattern = |wildcards| Pattern::read(text, wildcards, version, fault);
        match test {
            Test::StringEquals
            | Test::StringNotEquals
            | Test::StringEqualsIgnoreCase
            | Test::StringNotEqualsIgnoreCase => Some(Self::Text(pattern(Wildcards::Literal))),
            Test::StringLike | Test::StringNotLike => Some(Self::Text(pattern(Wildcards::Special))),
            Test::ArnEquals | Test::ArnLike | Test::ArnNotEquals | Test::ArnNotLike => {
                let pattern = pattern(Wildcards::Special);
                pattern.is_arn().then_some(Self::Text(pattern))
            }
            Test::NumericEquals
            | Test::NumericNotEquals
            | Test::NumericLessThan
            | Test::NumericLessThanEquals
            | Test::NumericGreaterThan
            | Test::NumericGreaterThanEquals => number(text).map(Self::Number),
            Test::DateEquals
            | Test::DateNotEquals
            | Test::DateLessThan
            | Test::DateLessThanEquals
            | Test::DateGreaterThan
            | Test::DateGreaterThanEquals => moment(text).map(Self::Moment),
            Test::Bool | Test::Null => truth(text).map(Self::Truth),
            Test::IpAddress | Test::NotIpAddress => addresses(text).map(Self::Addresses),
            Test::BinaryEquals => bytes(text).map(Self::Bytes),
        }
    }

    /// Whether it is this truth.
    pub(super) fn is_truth(&self, truth: bool) -> Fit {
        match self {
            Self::Truth(expected) => Fit::of(*expected == truth),
            Self::Text(_)
            | Self::Number(_)
            | Self::Moment(_)
            | Self::Addresses(_)
            | Self::Bytes(_)
            | Self::Unknown => Fit::Unknown,
        }
    }

    /// Compares a request's value with it. Negated operators compare as those that they negate.
    pub(super) fn compare(&self, test: Test, value: &str, keys: &dyn Keys) -> Fit {
        match self {
            Self::Text(pattern) => match pattern.matches(value, how(test), keys) {
                Matched::Yes => Fit::Yes,
                Matched::No | Matched::Null => Fit::No,
                Matched::Unclear => Fit::Unknown,
            },
            Self::Number(expected) => {
                ordered(test, number(value).and_then(|n| n.partial_cmp(expected)))
            }
            Self::Moment(expected) => ordered(test, moment(value).map(|m| m.cmp(expected))),
            Self::Truth(expected) => fits(truth(value), |found| found == *expected),
            Self::Addresses(net) => {
                let address = value.parse::<IpAddr>().ok();
                fits(address, |found| net.contains(&found.to_canonical()))
            }
            Self::Bytes(expected) => fits(bytes(value), |found| found == *expected),
            Self::Unknown => Fit::Unknown,
        }
    }
}

/// Whether a value that could be parsed fits.
fn fits<T>(value: Option<T>, is_so: impl FnOnce(T) -> bool) -> Fit {
    value.map_or(Fit::Unknown, |value| Fit::of(is_so(value)))
}

fn how(test: Test) -> How {
    match test {
        Test::StringEqualsIgnoreCase | Test::StringNotEqualsIgnoreCase => How::AnyCase,
        Test::ArnEquals | Test::ArnLike | Test::ArnNotEquals | Test::ArnNotLike => How::Arn,
        Test::StringEquals
        | Test::StringNotEquals
        | Test::StringLike
        | Test::StringNotLike
        | Test::NumericEquals
        | Test::NumericNotEquals
        | Test::NumericLessThan
        | Test::NumericLessThanEquals
        | Test::NumericGreaterThan
        | Test::NumericGreaterThanEquals
        | Test::DateEquals
        | Test::DateNotEquals
        | Test::DateLessThan
        | Test::DateLessThanEquals
        | Test::DateGreaterThan
        | Test::DateGreaterThanEquals
        | Test::Bool
        | Test::BinaryEquals
        | Test::IpAddress
        | Test::NotIpAddress
        | Test::Null => How::Text,
    }
}

/// Whether an order of the request's value and the condition's is the one asked for.
fn ordered(test: Test, order: Option<Ordering>) -> Fit {
    fits(order, |order| match test {
        Test::NumericLessThan | Test::DateLessThan => order.is_lt(),
        Test::NumericLessThanEquals | Test::DateLessThanEquals => order.is_le(),
        Test::NumericGreaterThan | Test::DateGreaterThan => order.is_gt(),
        Test::NumericGreaterThanEquals | Test::DateGreaterThanEquals => order.is_ge(),
        Test::NumericEquals | Test::NumericNotEquals | Test::DateEquals | Test::DateNotEquals => {
            order.is_eq()
        }
        Test::StringEquals
        | Test::StringNotEquals
        | Test::StringEqualsIgnoreCase
        | Test::StringNotEqualsIgnoreCase
        | Test::StringLike
        | Test::StringNotLike
        | Test::Bool
        | Test::BinaryEquals
        | Test::IpAddress
        | Test::NotIpAddress
        | Test::ArnEquals
        | Test::ArnLike
        | Test::ArnNotEquals
        | Test::ArnNotLike
        | Test::Null => false,
    })
}

/// A number in decimal digits.
fn number(text: &str) -> Option<f64> {
    let is_decimal = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let number: f64 = text.bytes().all(is_decimal).then(|| text.parse().ok())??;
    number.is_finite().then_some(number)
}

/// A date as W3C writes it, from the day on, or in seconds.
fn moment(text: &str) -> Option<OffsetDateTime> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = (text.len() != YEAR_DIGITS).then(|| text.parse().ok())??;
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    let day = format_description!("[year]-[month]-[day]");
    match Date::parse(text, day) {
        Ok(date) => Some(date.midnight().assume_utc()),
        Err(_) => OffsetDateTime::parse(text, &Iso8601::DEFAULT).ok(),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A network or a single address. One of IPv4 in the form of IPv6 is one of IPv4, as the addresses
/// are that it is compared with.
fn addresses(text: &str) -> Option<IpNet> {
    const MAPPED_BITS: u8 = 96;
    let net = match text.parse::<IpNet>() {
        Ok(net) => net,
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    let IpAddr::V4(mapped) = net.addr().to_canonical() else {
        return Some(net);
    };
    match net {
        IpNet::V4(_) => Some(net),
        IpNet::V6(net) => {
            let bits = net.prefix_len().checked_sub(MAPPED_BITS)?;
            Ipv4Net::new(mapped, bits).ok().map(IpNet::V4)
        }
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    read_base64(text.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}
