//! The first gate: who sent this request?

use crate::claim::{Claim, missing};
use crate::credential::Credential;
use crate::{Head, Principal};
use millstream_model::{AccountId, Region};
use millstream_protocol::Error;

/// How senders are identified.
///
/// A mode that verifies signatures is one more variant, with its keys. The claim is parsed the same
/// way in all of them, so a malformed one gets AWS's error in every mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Every claim is believed, and none is required.
    #[default]
    Open,
    /// Every claim is believed, and one is required.
    Claimed,
}

/// Turns request heads into principals.
#[derive(Clone, Debug, Default)]
pub struct Authenticator {
    mode: Mode,
}

impl Authenticator {
    /// An authenticator for a mode.
    pub fn new(mode: Mode) -> Self {
        Self { mode }
    }

    /// Identifies the sender of a request. `body` is the whole body, which a signature covers.
    ///
    /// # Errors
    /// AWS's error for a claim that is malformed, contradictory, (in a mode that requires one)
    /// missing or (in a mode that verifies claims) untrue. Nothing has been done then.
    pub fn authenticate(&self, head: Head<'_>, body: &[u8]) -> Result<Principal, Error> {
        let claim = Claim::read(head)?;
        // Only signature verification reads the body.
        let _ = body;
        match (self.mode, claim) {
            (Mode::Open | Mode::Claimed, Some(claim)) => believe(&claim),
            (Mode::Open, None) => Ok(default_principal()),
            (Mode::Claimed, None) => Err(missing()),
        }
    }
}

/// Accepts a claim without proof.
fn believe(claim: &Claim<'_>) -> Result<Principal, Error> {
    let credential = Credential::parse(&claim.credential, &claim.scope)?;
    Ok(credential.believed())
}

/// The sender of a request without a claim: the default account, in the default region.
fn default_principal() -> Principal {
    Principal {
        account: AccountId::zero(),
        region: Region::us_east_1(),
    }
}

#[cfg(test)]
mod tests;
