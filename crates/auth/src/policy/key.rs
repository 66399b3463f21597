//! Condition keys: what a condition can ask about a request.
//!
//! A key is one of AWS's global ones, by whatever capitals. Some of these are in no request to this
//! server, as they are about things that it does not have: organizations, sessions, private
//! networks, services that call for someone. Kinesis has no keys of its own. Every other name is
//! unknown.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
//! "Actions, resources, and condition keys for Amazon Kinesis Data Streams" in
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/>.

use super::condition::Test;
use std::borrow::Cow;
use std::fmt;

/// The longest key of a tag.
const TAG_KEY_CHARS_MAX: usize = 128;

/// A condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A key that is in every request, or in every request of its kind.
    Global(Global),
    /// `aws:ResourceTag/KEY`: a tag of the stream or the consumer.
    ResourceTag(Box<str>),
    /// `aws:RequestTag/KEY`: a tag that the request gives to something.
    RequestTag(Box<str>),
    /// A key that AWS has and that is in no request to this server.
    Never(Box<str>),
}

/// What kind of values a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Arn,
    Truth,
    Address,
    /// A date, in the form of ISO 8601.
    Moment,
    /// A date, in seconds.
    Seconds,
    /// Texts, of which a request may have several.
    Texts,
    /// Whatever the policy takes it for.
    Any,
}

macro_rules! globals {
    ($($(#[$doc:meta])* $name:ident = $text:literal: $kind:ident,)+) => {
        /// A key of AWS's that this server knows the value of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Global {
            $($(#[$doc])* $name,)+
        }

        impl Global {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name, in AWS's capitals.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            fn kind(self) -> Kind {
                match self {
                    $(Self::$name => Kind::$kind,)+
                }
            }
        }
    };
}

globals! {
    /// The time of the request.
    CurrentTime = "aws:CurrentTime": Moment,
    /// The same in seconds.
    EpochTime = "aws:EpochTime": Seconds,
    /// The caller's account.
    PrincipalAccount = "aws:PrincipalAccount": Text,
    /// The caller's ARN.
    PrincipalArn = "aws:PrincipalArn": Arn,
    /// Whether the caller is a service: never.
    PrincipalIsAwsService = "aws:PrincipalIsAWSService": Truth,
    /// `User`, or `Account` for an account's root.
    PrincipalType = "aws:PrincipalType": Text,
    /// The region that the request is signed for.
    RequestedRegion = "aws:RequestedRegion": Text,
    /// The account that owns the stream or the consumer.
    ResourceAccount = "aws:ResourceAccount": Text,
    /// Whether the request came by TLS.
    SecureTransport = "aws:SecureTransport": Truth,
    /// The address at the other end of the connection.
    SourceIp = "aws:SourceIp": Address,
    /// The keys of the tags in the request.
    TagKeys = "aws:TagKeys": Texts,
    /// The caller's unique id.
    UserId = "aws:userid": Text,
    /// The user's name.
    UserName = "aws:username": Text,
    /// Whether a service calls for someone: never.
    ViaAwsService = "aws:ViaAWSService": Truth,
}

const RESOURCE_TAG: &str = "aws:ResourceTag/";
const REQUEST_TAG: &str = "aws:RequestTag/";
const PRINCIPAL_TAG: &str = "aws:PrincipalTag/";

/// Keys of AWS's that are in no request to this server.
const NEVER: &[&str] = &[
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:ChatbotSourceArn",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TokenIssueTime",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:VpcSourceIp",
];

impl Key {
    /// The key of a name; `None` if it is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        let is = |name: &&str| name.eq_ignore_ascii_case(text);
        if let Some(global) = Global::ALL.iter().find(|global| is(&global.name())) {
            return Some(Self::Global(*global));
        }
        if let Some(name) = NEVER.iter().copied().find(is) {
            return Some(Self::Never(name.into()));
        }
        if let Some(tag) = tag_of(text, RESOURCE_TAG) {
            return Some(Self::ResourceTag(tag.into()));
        }
        if let Some(tag) = tag_of(text, REQUEST_TAG) {
            return Some(Self::RequestTag(tag.into()));
        }
        tag_of(text, PRINCIPAL_TAG).map(|_| Self::Never(text.into()))
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Global(global) => global.kind(),
            Self::ResourceTag(_) | Self::RequestTag(_) | Self::Never(_) => Kind::Any,
        }
    }
}

fn tag_of<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (head, tag) = text.split_at_checked(before.len())?;
    let is_tag = (1..=TAG_KEY_CHARS_MAX).contains(&tag.chars().count());
    (head.eq_ignore_ascii_case(before) && is_tag).then_some(tag)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global(global) => f.write_str(global.name()),
            Self::ResourceTag(tag) => write!(f, "{RESOURCE_TAG}{tag}"),
            Self::RequestTag(tag) => write!(f, "{REQUEST_TAG}{tag}"),
            Self::Never(name) => f.write_str(name),
        }
    }
}

impl Kind {
    /// Whether a condition may compare such values in this way.
    pub(super) fn takes(self, test: Test) -> bool {
        use Test as T;
        match test {
            T::StringEquals
            | T::StringNotEquals
            | T::StringEqualsIgnoreCase
            | T::StringNotEqualsIgnoreCase
            | T::StringLike
            | T::StringNotLike
            | T::Null => true,
            T::NumericEquals
            | T::NumericNotEquals
            | T::NumericLessThan
            | T::NumericLessThanEquals
            | T::NumericGreaterThan
            | T::NumericGreaterThanEquals => matches!(self, Self::Seconds | Self::Any),
            T::DateEquals
            | T::DateNotEquals
            | T::DateLessThan
            | T::DateLessThanEquals
            | T::DateGreaterThan
            | T::DateGreaterThanEquals => {
                matches!(self, Self::Moment | Self::Seconds | Self::Any)
            }
            T::Bool => matches!(self, Self::Truth | Self::Any),
            T::BinaryEquals => self == Self::Any,
            T::IpAddress | T::NotIpAddress => matches!(self, Self::Address | Self::Any),
            T::ArnEquals | T::ArnLike | T::ArnNotEquals | T::ArnNotLike => {
                matches!(self, Self::Arn | Self::Any)
            }
        }
    }
}

/// A request's values of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// The request does not have it.
    Absent,
    /// One value, as text.
    One(Cow<'a, str>),
    /// As many values as there are, which may be none.
    Many(Vec<Cow<'a, str>>),
    /// It cannot be told: no statement may permit anything by it.
    Unclear,
}

/// A request's condition keys.
pub trait Keys {
    /// The values of a key.
    fn find(&self, key: &Key) -> Found<'_>;

    /// How many steps patterns may still take with it.
    fn steps_left(&self) -> usize {
        usize::MAX
    }

    /// Notes how many are left.
    fn set_steps_left(&self, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_when_written_in_any_capitals_then_is_the_same() {
        for (given, shown) in [
            ("aws:SourceIp", "aws:SourceIp"),
            ("AWS:SOURCEIP", "aws:SourceIp"),
            ("aws:UserName", "aws:username"),
            ("aws:principalorgid", "aws:PrincipalOrgID"),
            ("AWS:resourcetag/Team", "aws:ResourceTag/Team"),
            ("aws:RequestTag/a/b:c", "aws:RequestTag/a/b:c"),
            ("aws:PrincipalTag/x", "aws:PrincipalTag/x"),
        ] {
            assert_eq!(Key::parse(given).unwrap().to_string(), shown, "{given}");
        }
    }

    #[test]
    fn key_when_of_no_meaning_here_then_is_unknown() {
        let long = format!("aws:ResourceTag/{}", "k".repeat(129));
        for given in [
            "",
            "SourceIp",
            "aws:",
            "aws:ResourceTag",
            "aws:ResourceTag/",
            "aws:UserAgent",
            "aws:referer",
            "kinesis:Stream",
            "s3:prefix",
            " aws:SourceIp",
            "aws:ResourceTagé/x",
            &long,
        ] {
            assert_eq!(Key::parse(given), None, "{given}");
        }
    }
}
