//! The condition keys of a request to this server.

use super::key::{Found, Global, Key, Keys};
use super::who::Who;
use crate::{Channel, Context};
use millstream_env::Timestamp;
use millstream_model::AccountId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What policies can ask about a request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who sent it.
    pub who: &'a Who,
    /// The region that it is signed for, if that is known.
    pub region: Option<&'a str>,
    /// How it arrived, if that is known.
    pub context: Option<Context>,
    /// When it is judged.
    pub now: Timestamp,
    /// The account that owns what it is about, if there is such a thing.
    pub owner: Option<&'a AccountId>,
    /// The tags of what it is about.
    pub resource_tags: Option<&'a BTreeMap<String, String>>,
    /// The tags that it gives to something, or takes.
    pub request_tags: &'a RequestTags,
}

/// The tags in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequestTags {
    /// It speaks of none.
    #[default]
    None,
    /// It gives something these tags.
    Pairs(Vec<(String, String)>),
    /// It takes the tags with these keys away.
    Keys(Vec<String>),
    /// They cannot be told.
    Unclear,
}

impl Keys for Request<'_> {
    fn find(&self, key: &Key) -> Found<'_> {
        match key {
            Key::Global(global) => self.global(*global),
            Key::ResourceTag(name) => {
                let tags = self.resource_tags.into_iter().flatten();
                tag(
                    name,
                    tags.map(|(key, value)| (key.as_str(), value.as_str())),
                )
            }
            Key::RequestTag(name) => match self.request_tags {
                RequestTags::None | RequestTags::Keys(_) => Found::Absent,
                RequestTags::Unclear => Found::Unclear,
                RequestTags::Pairs(pairs) => {
                    let pairs = pairs.iter();
                    tag(
                        name,
                        pairs.map(|(key, value)| (key.as_str(), value.as_str())),
                    )
                }
            },
            Key::Never(_) => Found::Absent,
        }
    }
}

impl Request<'_> {
    fn global(&self, global: Global) -> Found<'_> {
        let is_tls = |context: Context| match context.channel {
            Channel::Tls => "true".into(),
            Channel::Plain => "false".into(),
        };
        let address = |context: Context| context.peer.ip().to_canonical().to_string().into();
        match global {
            Global::CurrentTime => known(iso8601(self.now).map(Cow::Owned)),
            Global::EpochTime => Found::One(self.now.seconds().to_string().into()),
            Global::PrincipalAccount => Found::One(self.who.account.as_str().into()),
            Global::PrincipalArn => Found::One(self.who.arn().into()),
            Global::PrincipalIsAwsService | Global::ViaAwsService => Found::One("false".into()),
            Global::PrincipalType => Found::One(match self.who.user {
                Some(_) => "User".into(),
                None => "Account".into(),
            }),
            Global::RequestedRegion => known(self.region.map(Cow::Borrowed)),
            Global::ResourceAccount => {
                let owner = self.owner.map(|owner| owner.as_str().into());
                owner.map_or(Found::Absent, Found::One)
            }
            Global::SecureTransport => known(self.context.map(is_tls)),
            Global::SourceIp => known(self.context.map(address)),
            Global::TagKeys => match self.request_tags {
                RequestTags::None => Found::Many(Vec::new()),
                RequestTags::Unclear => Found::Unclear,
                RequestTags::Pairs(pairs) => {
                    Found::Many(pairs.iter().map(|(key, _)| key.as_str().into()).collect())
                }
                RequestTags::Keys(keys) => {
                    Found::Many(keys.iter().map(|key| key.as_str().into()).collect())
                }
            },
            Global::UserId => known(match &self.who.user {
                None => Some(self.who.account.as_str().into()),
                Some(user) => user.id.as_deref().map(Cow::Borrowed),
            }),
            Global::UserName => {
                let user = self.who.user.as_ref();
                user.map_or(Found::Absent, |user| Found::One(user.name().into()))
            }
        }
    }
}

/// A value that is there; if it is not known, nothing can be told about it.
fn known(value: Option<Cow<'_, str>>) -> Found<'_> {
    value.map_or(Found::Unclear, Found::One)
}

/// A tag's value. The capitals of its key do not matter to policies, though they do to tags: of two
/// that differ by them alone none is meant for sure.
fn tag<'a>(name: &str, tags: impl Iterator<Item = (&'a str, &'a str)>) -> Found<'a> {
    let folded = |text: &'a str| text.chars().flat_map(char::to_lowercase);
    let mut found =
        tags.filter(|(key, _)| folded(key).eq(name.chars().flat_map(char::to_lowercase)));
    match (found.next(), found.next()) {
        (None, _) => Found::Absent,
        (Some((_, value)), None) => Found::One(value.into()),
        (Some(_), Some(_)) => Found::Unclear,
    }
}

fn iso8601(now: Timestamp) -> Option<String> {
    let seconds = i64::try_from(now.seconds()).ok()?;
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    time.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::User;

    const NOON: Timestamp = Timestamp(1_796_040_000_123);

    fn found(request: Request<'_>, name: &str) -> String {
        match request.find(&Key::parse(name).unwrap()) {
            Found::Absent => "absent".to_owned(),
            Found::Unclear => "unclear".to_owned(),
            Found::One(value) => value.into_owned(),
            Found::Many(values) => values.join(","),
        }
    }

    /// Key, of a user's request over TLS, and of a root's of which little is known.
    const KEYS: &str = "
        aws:CurrentTime | 2026-11-30T12:00:00Z | 2026-11-30T12:00:00Z
        aws:EpochTime | 1796040000 | 1796040000
        aws:PrincipalAccount | 111111111111 | 222222222222
        aws:PrincipalArn | arn:aws:iam::111111111111:user/team/ann | arn:aws:iam::222222222222:root
        aws:PrincipalIsAWSService | false | false
        aws:PrincipalType | User | Account
        aws:PrincipalOrgID | absent | absent
        aws:RequestedRegion | us-east-1 | unclear
        aws:ResourceAccount | 222222222222 | absent
        aws:ResourceTag/TEAM | red | absent
        aws:ResourceTag/twice | unclear | absent
        aws:RequestTag/owner | bob | absent
        aws:SecureTransport | true | unclear
        aws:SourceIp | 10.1.2.3 | unclear
        aws:TagKeys | Owner |
        aws:userid | unclear | 222222222222
        aws:username | ann | absent
        aws:ViaAWSService | false | false";

    #[test]
    fn request_when_asked_for_a_key_then_says_what_is_known_of_it() {
        let account = |id| AccountId::parse(id).unwrap();
        let (own, other) = (account("111111111111"), account("222222222222"));
        let mut ann = Who::root(own, "aws");
        ann.user = Some(User::new("team/ann", None).unwrap());
        let root = Who::root(other.clone(), "aws");
        let context = Context {
            peer: "[::ffff:10.1.2.3]:5".parse().unwrap(),
            channel: Channel::Tls,
        };
        let tags = [("team", "red"), ("twice", "a"), ("Twice", "b")];
        let tags = tags
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let given = RequestTags::Pairs(vec![("Owner".to_owned(), "bob".to_owned())]);
        let full = Request {
            who: &ann,
            region: Some("us-east-1"),
            context: Some(context),
            now: NOON,
            owner: Some(&other),
            resource_tags: Some(&tags),
            request_tags: &given,
        };
        let bare = Request {
            who: &root,
            region: None,
            context: None,
            owner: None,
            resource_tags: None,
            request_tags: &RequestTags::None,
            ..full
        };
        for row in KEYS.trim().lines() {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let both = [found(full, cells[0]), found(bare, cells[0])];
            assert_eq!(both, cells[1..], "{row}");
        }
        assert_eq!(KEYS.trim().lines().count(), Global::ALL.len() + 4);
    }
}
