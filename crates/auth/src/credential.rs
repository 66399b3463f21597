//! A credential as requests name it: an access key id and the scope of the signature.
//!
//! Its form is judged with AWS's texts. A scope without a plausible region is refused, never mapped
//! to the default region.

use crate::Principal;
use crate::claim::Scope;
use millstream_model::{AccountId, Region};
use millstream_protocol::{Error, ErrorCode};

/// The longest name of a region. AWS's are shorter; a self-hosted server may use its own, and SDKs
/// accept any label of a host name.
const REGION_BYTES_MAX: usize = 63;

/// `KEY/DATE/REGION/SERVICE/aws4_request` or `KEY/DATE/SERVICE/aws4_request`, split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credential<'a> {
    pub(crate) access_key_id: &'a str,
    /// The day of the signature, `YYYYMMDD` if it is one.
    pub(crate) day: &'a str,
    pub(crate) region: Option<&'a str>,
    pub(crate) service: &'a str,
    pub(crate) terminator: &'a str,
}

impl<'a> Credential<'a> {
    /// Parses a credential.
    ///
    /// # Errors
    /// `IncompleteSignatureException` if there are too few or too many elements,
    /// `InvalidSignatureException` if the region is invalid, `UnrecognizedClientException` if the
    /// access key cannot be one.
    pub(crate) fn parse(text: &'a str, scope: &'a Scope<'_>) -> Result<Self, Error> {
        let mut elements = text.split('/');
        // One more than any has, so that a longer one is seen.
        let elements: [_; 6] = std::array::from_fn(|_| elements.next());
        let credential = match (scope, elements) {
            (
                Scope::Regional,
                [
                    Some(key),
                    Some(day),
                    Some(region),
                    Some(service),
                    Some(terminator),
                    None,
                ],
            ) => Self {
                access_key_id: key,
                day,
                region: Some(region),
                service,
                terminator,
            },
            (
                Scope::OfRegions(region),
                [
                    Some(key),
                    Some(day),
                    Some(service),
                    Some(terminator),
                    None,
                    None,
                ],
            ) => Self {
                access_key_id: key,
                day,
                region: region.as_deref(),
                service,
                terminator,
            },
            (Scope::Regional | Scope::OfRegions(_), _) => return Err(elements_wrong(text, scope)),
        };
        if !is_access_key(credential.access_key_id) {
            return Err(unrecognized());
        }
        let region = credential.region;
        if region.is_some_and(|region| !is_region(region)) {
            return Err(no_region());
        }
        Ok(credential)
    }

    /// The principal that the credential names, unverified. The access key id is taken as the
    /// account if it looks like one.
    pub(crate) fn believed(self) -> Principal {
        let account = AccountId::parse(self.access_key_id).unwrap_or_else(|_| AccountId::zero());
        let region = self.region.and_then(|region| Region::parse(region).ok());
        Principal::root(account, region.unwrap_or_else(Region::us_east_1))
    }
}

/// Whether a text has the form of a region's name: `[a-z0-9-]`, a label of a host name.
fn is_region(text: &str) -> bool {
    (1..=REGION_BYTES_MAX).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a text can be an access key id: any visible ASCII. Which ones there are is for whoever
/// has a list.
fn is_access_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

/// *Unrecorded* for a scope that names no region.
fn elements_wrong(text: &str, scope: &Scope<'_>) -> Error {
    let expected = match scope {
        Scope::Regional => "5 slash-delimited elements, e.g. keyid/date/region/service/term",
        Scope::OfRegions(_) => "4 slash-delimited elements, e.g. keyid/date/service/term",
    };
    Error::new(
        ErrorCode::IncompleteSignatureException,
        format!("Credential must have exactly {expected}, got '{text}'"),
    )
}

fn no_region() -> Error {
    Error::new(ErrorCode::InvalidSignatureException, NO_REGION)
}

/// AWS's text, with its trailing space.
pub(crate) const NO_REGION: &str = "Credential should be scoped to a valid region. ";

pub(crate) fn unrecognized() -> Error {
    Error::new(
        ErrorCode::UnrecognizedClientException,
        "The security token included in the request is invalid.",
    )
}
