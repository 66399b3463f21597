//! The first gate: who sent this request?

use crate::claim::Claim;
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
    /// AWS's error for a claim that is malformed, contradictory or (in a mode that verifies claims)
    /// untrue. Nothing has been done then.
    pub fn authenticate(&self, head: Head<'_>, body: &[u8]) -> Result<Principal, Error> {
        let claim = Claim::read(head)?;
        match self.mode {
            Mode::Open => {
                // Only signature verification reads the body.
                let _ = body;
                believe(claim)
            }
        }
    }
}

/// Accepts a claim without proof. A request without one comes from the default account, in the
/// default region.
fn believe(claim: Option<Claim<'_>>) -> Result<Principal, Error> {
    let Some(claim) = claim else {
        return Ok(Principal {
            account: AccountId::zero(),
            region: Region::us_east_1(),
        });
    };
    let credential = Credential::parse(&claim.credential, claim.scope)?;
    Ok(credential.believed())
}

#[cfg(test)]
mod tests;
