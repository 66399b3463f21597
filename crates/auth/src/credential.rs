//! A credential as requests name it: an access key id and the scope of the signature.

use crate::Principal;
use model::{AccountId, Region};

/// `KEY/DATE/REGION/SERVICE/aws4_request`, taken apart but not judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credential<'a> {
    access_key_id: &'a str,
    region: Option<&'a str>,
}

impl<'a> Credential<'a> {
    /// Takes a credential's text apart. Missing parts are absent.
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut parts = text.split('/');
        let access_key_id = parts.next().unwrap_or_default();
        let region = parts.nth(1).filter(|region| !region.is_empty());
        Self {
            access_key_id,
            region,
        }
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
