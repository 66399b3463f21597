//! The first gate: who sent this request?

use crate::claim::{Claim, missing};
use crate::credential::Credential;
use crate::{Head, Principal, Verifier};
use millstream_model::{AccountId, Region};
use millstream_protocol::Error;

/// How senders are identified.
///
/// The claim is parsed the same way in all modes, so a malformed one gets AWS's error in each.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    /// Every claim is believed, and none is required.
    #[default]
    Open,
    /// Every claim is believed, and one is required.
    Claimed,
    /// A claim is required, and believed if its signature is that of the request.
    Verified(Verifier),
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
        match (&self.mode, claim) {
            (Mode::Open | Mode::Claimed, Some(claim)) => believe(&claim),
            (Mode::Verified(verifier), Some(claim)) => verifier.verify(head, &claim, body),
            (Mode::Open, None) => Ok(default_principal()),
            (Mode::Claimed | Mode::Verified(_), None) => Err(missing()),
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
    Principal::root(AccountId::zero(), Region::us_east_1())
}

#[cfg(test)]
mod tests;
