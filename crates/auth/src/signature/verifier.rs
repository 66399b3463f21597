//! Verifies the signature of a request, and says whose it is.
//!
//! The order of checks: what is said twice, the list of signed headers, the date, the scope, the
//! time, the signature, the session's token, the end of the key. What a sender learns of a request
//! that is refused before the signature is wrong follows from the request alone.

use crate::claim::{ASYMMETRIC, Claim, DATE, Form, Presigned, Scope, unsupported};
use crate::credential::{Credential, unrecognized};
use crate::keys::{AccessKey, KeyStore, Keys};
use crate::signature::date::{SignedDate, parse_expires};
use crate::signature::hex::{self, HASH_BYTES};
use crate::signature::key::hash;
use crate::signature::signed_headers::{
    CONTENT_SHA256, DateHeader, SECURITY_TOKEN, SignedHeaders, check_once, host_of,
};
use crate::signature::{SERVICE, TERMINATOR, canonical, words};
use crate::{Head, Principal};
use http::{HeaderName, header};
use millstream_env::{Clock, Timestamp};
use millstream_model::Region;
use millstream_protocol::Error;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

#[cfg(test)]
use crate::signature::work::{Step, note};

/// Verifies signatures by the keys of a store. Clones share it.
#[derive(Clone)]
pub struct Verifier {
    keys: KeyStore,
    clock: Arc<dyn Clock>,
    /// The service in the scope of signatures.
    service: &'static str,
}

impl Verifier {
    /// A verifier by these keys and this clock.
    pub fn new(keys: KeyStore, clock: Arc<dyn Clock>) -> Self {
        Self::of_service(keys, clock, SERVICE)
    }

    pub(super) fn of_service(keys: KeyStore, clock: Arc<dyn Clock>, service: &'static str) -> Self {
        Self {
            keys,
            clock,
            service,
        }
    }

    /// Verifies a claim.
    ///
    /// # Errors
    /// AWS's error for what is wrong with it.
    pub(crate) fn verify(
        &self,
        head: Head<'_>,
        claim: &Claim<'_>,
        body: &[u8],
    ) -> Result<Principal, Error> {
        check_algorithm(&claim.scope)?;
        check_once(head.headers)?;
        let credential = Credential::parse(&claim.credential, &claim.scope)?;
        let (date, source) = date_of(head, claim)?;
        let signed = SignedHeaders::parse(&claim.signed_headers)?;
        signed.check(head, source)?;
        let host = host_of(head)?;
        let keys = self.keys.current();
        let region = self.check_scope(&credential, &date, &keys)?;
        let now = self.clock.now();
        check_time(claim, &date, now)?;

        // Who has no key goes the same way as who has one, to its end.
        let known = keys.find(credential.access_key_id);
        let secret = known.map_or(keys.nobody(), AccessKey::secret);
        let body_hash = hex::encode(&hash(body));
        let request = canonical::request(head, host, signed, &body_hash);
        let scope = [credential.day, region.as_str(), self.service, TERMINATOR];
        let string = canonical::string_to_sign(date.text(), scope, &hash(&request));
        let signing_key = secret.for_scope(credential.day, region.as_str(), self.service);
        let is_signed = is_equal(&signing_key.sign(&string), &claim.signature);
        let Some(known) = known else {
            return Err(unrecognized());
        };
        if !is_signed {
            secret.even_out(&signing_key);
            return Err(words::mismatch());
        }
        secret.remember(&signing_key);
        check_body(head, &body_hash)?;
        check_token(head, claim, known)?;
        match known.is_expired(now) {
            true => Err(words::expired_token()),
            false => Ok(known.principal(region)),
        }
    }

    /// Holds the scope of a credential against the service, and gives its region.
    fn check_scope(
        &self,
        credential: &Credential<'_>,
        date: &SignedDate,
        keys: &Keys,
    ) -> Result<Region, Error> {
        let region = credential
            .region
            .and_then(|region| Region::parse(region).ok());
        let region = region.filter(|region| keys.has_region(region));
        let is_ours = (credential.service, credential.terminator) == (self.service, TERMINATOR);
        match region {
            Some(region) if is_ours && credential.day == date.day() => Ok(region),
            region => Err(words::scope(credential, date, region.is_some())),
        }
    }
}

/// Refuses the algorithm without a region in its scope: nothing of it is verified here.
fn check_algorithm(scope: &Scope<'_>) -> Result<(), Error> {
    match scope {
        Scope::Regional => Ok(()),
        Scope::OfRegions(_) => Err(unsupported(ASYMMETRIC)),
    }
}

/// The date of the signature, and where it is from.
fn date_of(head: Head<'_>, claim: &Claim<'_>) -> Result<(SignedDate, DateHeader), Error> {
    let text_of = |name: HeaderName| match head.headers.get(name) {
        Some(value) => String::from_utf8_lossy(value.as_bytes()),
        None => Cow::Borrowed(""),
    };
    let (text, source) = match &claim.form {
        Form::Query(presigned) => (Cow::Borrowed(&*presigned.date), DateHeader::Query),
        Form::Header if head.headers.contains_key(DATE) => (text_of(DATE), DateHeader::AmzDate),
        Form::Header => (text_of(header::DATE), DateHeader::Date),
    };
    let date = match source {
        DateHeader::AmzDate | DateHeader::Query => SignedDate::parse(&text),
        DateHeader::Date => SignedDate::parse_http(&text),
    };
    match date {
        Some(date) => Ok((date, source)),
        None => Err(words::no_date(&text)),
    }
}

/// Holds the time of a signature against the clock.
fn check_time(claim: &Claim<'_>, date: &SignedDate, now: Timestamp) -> Result<(), Error> {
    match &claim.form {
        Form::Header | Form::Query(Presigned { expires: None, .. }) => date.check_skew(now),
        Form::Query(Presigned {
            expires: Some(expires),
            ..
        }) => match parse_expires(expires) {
            Some(valid) => date.check_validity(valid, now),
            None => Err(words::expires()),
        },
    }
}

/// Compares a signature with the one that was sent, in constant time.
fn is_equal(signature: &[u8; HASH_BYTES], sent: &str) -> bool {
    #[cfg(test)]
    note(Step::Compare);
    let sent = hex::decode(sent.as_bytes());
    sent.is_some_and(|sent| signature.ct_eq(&sent).into())
}

/// Refuses a body that is not the one that the head speaks of, and what is no hash of a body at
/// all: bodies that are not signed, or in pieces, are not in this protocol.
fn check_body(head: Head<'_>, body_hash: &[u8; 2 * HASH_BYTES]) -> Result<(), Error> {
    match head.headers.get(CONTENT_SHA256) {
        Some(said) if said.as_bytes() != body_hash => Err(words::other_body()),
        Some(_) | None => Ok(()),
    }
}

/// Holds the token of a session against that of the key: both have the same, or none.
fn check_token(head: Head<'_>, claim: &Claim<'_>, key: &AccessKey) -> Result<(), Error> {
    let given = match &claim.form {
        Form::Header => head
            .headers
            .get(SECURITY_TOKEN)
            .map(|token| token.as_bytes()),
        Form::Query(presigned) => presigned.token.as_deref().map(str::as_bytes),
    };
    match key.has_token(given) {
        true => Ok(()),
        false => Err(unrecognized()),
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}
