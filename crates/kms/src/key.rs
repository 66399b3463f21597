//! How keys are named: by their id, their ARN, or an alias's name or ARN.

use millstream_model::{AccountId, NameError, Region};
use std::fmt;

/// Maximum length of what names a key: the service model's.
pub const KEY_ID_CHARS_MAX: usize = 2048;
/// Maximum length of an id, and of an alias's name: AWS KMS's.
const NAME_CHARS_MAX: usize = 256;

/// Where keys are: a name without account and region means one of its caller's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

/// `KeyId` as clients give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyId {
    /// A key of the caller's place, by its id: a GUID, or that of a multi-region key.
    Id(String),
    /// A key by its ARN.
    Arn(KeyArn),
    /// An alias of the caller's place: what follows `alias/`.
    Alias(String),
    /// An alias by its ARN.
    AliasArn(Place, String),
}

/// An alias's ARN.
pub(crate) fn alias_arn(place: &Place, alias: &str) -> String {
    let Place { account, region } = place;
    let partition = region.partition();
    format!("arn:{partition}:kms:{region}:{account}:alias/{alias}")
}

impl KeyId {
    /// Parses any of the four forms.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const WRONG: NameError = NameError("KMS key");
        if let Some(alias) = text.strip_prefix("alias/") {
            return is_alias(alias)
                .then(|| Self::Alias(alias.to_owned()))
                .ok_or(WRONG);
        }
        if !text.starts_with("arn:") {
            return is_id(text).then(|| Self::Id(text.to_owned())).ok_or(WRONG);
        }
        let (place, resource) = split(text).ok_or(WRONG)?;
        match resource.split_once('/') {
            Some(("key", id)) if is_id(id) => Ok(Self::Arn(KeyArn::new(place, id))),
            Some(("alias", alias)) if is_alias(alias) => {
                Ok(Self::AliasArn(place, alias.to_owned()))
            }
            Some(_) | None => Err(WRONG),
        }
    }
}

/// The text that it is parsed from.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id),
            Self::Arn(arn) => arn.fmt(f),
            Self::Alias(alias) => write!(f, "alias/{alias}"),
            Self::AliasArn(place, alias) => f.write_str(&alias_arn(place, alias)),
        }
    }
}

/// `arn:aws:kms:REGION:ACCOUNT:key/ID`
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    place: Place,
    id: String,
}

impl KeyArn {
    /// Parses an ARN.
    ///
    /// # Errors
    /// If it is not a key's.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match KeyId::parse(text)? {
            KeyId::Arn(arn) => Ok(arn),
            KeyId::Id(_) | KeyId::Alias(_) | KeyId::AliasArn(..) => Err(NameError("key ARN")),
        }
    }

    pub(crate) fn new(place: Place, id: &str) -> Self {
        let id = id.to_owned();
        Self { place, id }
    }

    /// The key's account and region.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The key's id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { account, region } = &self.place;
        let partition = region.partition();
        write!(f, "arn:{partition}:kms:{region}:{account}:key/{}", self.id)
    }
}

impl fmt::Debug for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn split(text: &str) -> Option<(Place, &str)> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let (arn, partition, service) = (next()?, next()?, next()?);
    let (region, account, resource) = (next()?, next()?, next()?);
    let region = Region::parse(region).ok()?;
    if arn != "arn" || service != "kms" || partition != region.partition() {
        return None;
    }
    let account = AccountId::parse(account).ok()?;
    Some((Place { account, region }, resource))
}

fn is_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_alias(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_when_named_in_any_form_then_is_parsed_and_an_arn_prints_as_the_same_text() {
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        for text in [
            id,
            "alias/aws/kinesis",
            &format!("arn:aws-cn:kms:cn-north-1:123456789012:key/{id}"),
            "arn:aws:kms:us-east-1:123456789012:alias/a",
        ] {
            assert_eq!(
                KeyId::parse(text).map(|key| key.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(KeyId::parse(id), Ok(KeyId::Id(id.to_owned())));
        assert_eq!(
            KeyId::parse("alias/aws/kinesis"),
            Ok(KeyId::Alias("aws/kinesis".to_owned()))
        );
        let text = format!("arn:aws-cn:kms:cn-north-1:123456789012:key/{id}");
        let arn = KeyArn::parse(&text).unwrap();
        assert_eq!((arn.to_string(), arn.id()), (text.clone(), id));
        assert_eq!(KeyId::parse(&text), Ok(KeyId::Arn(arn.clone())));
        let alias = KeyId::parse("arn:aws-cn:kms:cn-north-1:123456789012:alias/a");
        assert_eq!(
            alias,
            Ok(KeyId::AliasArn(arn.place().clone(), "a".to_owned()))
        );
    }

    #[test]
    fn key_when_named_otherwise_then_is_refused() {
        let long = "a".repeat(NAME_CHARS_MAX + 1);
        for bad in [
            "",
            "alias/",
            "alias/a b",
            "key/1",
            "../x",
            &long,
            "arn:aws:kms:us-east-1:123456789012:key/",
            "arn:aws:kms:us-east-1:123456789012:grant/x",
            "arn:aws:kms:us-east-1:12345678901:key/x",
            "arn:aws-cn:kms:us-east-1:123456789012:key/x",
            "arn:aws:kinesis:us-east-1:123456789012:key/x",
        ] {
            assert!(KeyId::parse(bad).is_err(), "{bad}");
        }
        assert!(KeyArn::parse("arn:aws:kms:us-east-1:123456789012:alias/x").is_err());
    }
}
