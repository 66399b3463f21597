//! A credential as requests name it: an access key id and the scope of the signature.
//!
//! Its form is judged with AWS's texts: a scope that names no region that could be one is refused,
//! never taken for the default region.

use crate::Principal;
use crate::claim::Scope;
use model::{AccountId, Region};
use wire::{Error, ErrorCode};

/// The longest name of a region. AWS's are shorter; a server of one's own may be given another
/// name, and a label of a host name is what SDKs take.
const REGION_BYTES_MAX: usize = 63;

/// `KEY/DATE/REGION/SERVICE/aws4_request`, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credential<'a> {
    access_key_id: &'a str,
    region: Option<&'a str>,
}

impl<'a> Credential<'a> {
    /// Takes a credential's text apart.
    ///
    /// # Errors
    /// `IncompleteSignatureException` if elements are missing or too many,
    /// `InvalidSignatureException` if the region is none, `UnrecognizedClientException` if no
    /// access key could be named so.
    pub(crate) fn parse(text: &'a str, scope: Scope<'a>) -> Result<Self, Error> {
        let mut elements = text.split('/');
        let mut next = || elements.next();
        let (access_key_id, region) = match (scope, [next(), next(), next(), next(), next()]) {
            (Scope::Regional, [Some(key), Some(_), Some(region), Some(_), Some(_)]) => {
                (key, Some(region))
            }
            (Scope::OfRegions(regions), [Some(key), Some(_), Some(_), Some(_), None]) => {
                (key, regions.and_then(single))
            }
            (Scope::Regional | Scope::OfRegions(_), _) => return Err(elements_wrong(text)),
        };
        if elements.next().is_some() {
            return Err(elements_wrong(text));
        }
        if !is_access_key(access_key_id) {
            return Err(unrecognized());
        }
        if region.is_some_and(|region| !is_region(region)) {
            return Err(no_region());
        }
        Ok(Self {
            access_key_id,
            region,
        })
    }

    /// The principal that the credential names if it is simply believed: the access key id is the
    /// account where it looks like one.
    pub(crate) fn believed(self) -> Principal {
        let account = AccountId::parse(self.access_key_id).unwrap_or_else(|_| AccountId::zero());
        let region = self.region.and_then(|region| Region::parse(region).ok());
        Principal {
            account,
            region: region.unwrap_or_else(Region::us_east_1),
        }
    }
}

/// The region of a set that has one; a pattern or several name none in particular.
fn single(regions: &str) -> Option<&str> {
    (!regions.contains([',', '*'])).then_some(regions)
}

/// Whether a text has the form of a region's name: `[a-z0-9-]`, as a label of a host name.
fn is_region(text: &str) -> bool {
    (1..=REGION_BYTES_MAX).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a text can be an access key's id: any visible ASCII, as nobody checks it against a list.
fn is_access_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

fn elements_wrong(text: &str) -> Error {
    Error::new(
        ErrorCode::IncompleteSignatureException,
        format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got '{text}'"
        ),
    )
}

/// AWS's text, with the space at its end.
fn no_region() -> Error {
    Error::new(
        ErrorCode::InvalidSignatureException,
        "Credential should be scoped to a valid region. ",
    )
}

fn unrecognized() -> Error {
    Error::new(
        ErrorCode::UnrecognizedClientException,
        "The security token included in the request is invalid.",
    )
}
