//! Requests that AWS's own crate has signed, and a verifier for them.

use crate::keys::{AccessKey, AccessKeyId, KeyStore, Keys, Validity};
use crate::{
    Authenticator, Channel, Context, Head, Mode, Principal, SecretText, User, UserName, Verifier,
};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use http::Request;
use millstream_env::ManualClock;
use millstream_env::Timestamp;
use millstream_model::{AccountId, Region};
use millstream_protocol::{Error, ErrorCode};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(super) const KEY_ID: &str = "AKIDEXAMPLE";
pub(super) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(super) const REGION: &str = "us-east-1";
/// 2015-08-30T12:36:00Z, at which AWS's examples are signed.
pub(super) const NOW: Timestamp = Timestamp(1_440_938_160_000);

pub(super) type Signed = Request<Vec<u8>>;

/// Who signs, when, and how.
#[derive(Clone)]
pub(super) struct Signer {
    pub key_id: &'static str,
    pub secret: &'static str,
    pub token: Option<&'static str>,
    pub region: &'static str,
    pub service: &'static str,
    pub at: Timestamp,
    /// A signed query, valid for so long.
    pub expires: Option<Duration>,
}

impl Default for Signer {
    fn default() -> Self {
        Self {
            key_id: KEY_ID,
            secret: SECRET,
            token: None,
            region: REGION,
            service: super::SERVICE,
            at: NOW,
            expires: None,
        }
    }
}

impl Signer {
    /// Signs a request as it is.
    pub fn sign(&self, mut request: Signed) -> Signed {
        let token = self.token.map(str::to_owned);
        let identity = Credentials::new(self.key_id, self.secret, token, None, "test").into();
        let mut settings = SigningSettings::default();
        if let Some(expires) = self.expires {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(expires);
        }
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(self.at.millis()))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let body = SignableBody::Bytes(request.body());
        let uri = request.uri().to_string();
        let signable = SignableRequest::new(request.method().as_str(), uri, headers, body);
        let (instructions, _) = sign(signable.unwrap(), &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }

    /// Signs the usual request.
    pub fn usual(&self) -> Signed {
        self.sign(usual())
    }
}

/// A request of the usual headers, unsigned.
pub(super) fn usual() -> Signed {
    Request::post("/")
        .header("host", "kinesis.example:4567")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "Kinesis_20131202.ListStreams")
        .body(b"{\"Limit\": 7}".to_vec())
        .unwrap()
}

/// A table with one key of a user of account 111122223333.
pub(super) fn keys(validity: Validity) -> Keys {
    let mut keys = Keys::none(BTreeSet::new());
    keys.add(AccessKeyId::parse(KEY_ID).unwrap(), key(SECRET, validity))
        .unwrap();
    keys
}

pub(super) fn key(secret: &str, validity: Validity) -> AccessKey {
    let account = AccountId::parse("111122223333").unwrap();
    let user = User::new(account, UserName::parse("ann").unwrap(), Arc::default());
    AccessKey::new(
        Arc::new(user),
        &SecretText::from(secret.to_owned()),
        validity,
    )
}

/// The end of a session's example.
pub(super) fn session(token: &str, expires: Option<Timestamp>) -> Validity {
    let token = SecretText::from(token.to_owned());
    Validity::Session { token, expires }
}

/// An authenticator by a table, at a time.
pub(super) fn authenticator(keys: Keys, now: Timestamp) -> Authenticator {
    let clock = Arc::new(ManualClock::new(now));
    let verifier = Verifier::new(KeyStore::new(keys), clock);
    Authenticator::new(Mode::Verified(verifier))
}

/// The head of a request that came over TLS.
pub(super) fn head_of(request: &Signed) -> Head<'_> {
    Head {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        context: Context {
            peer: ([192, 0, 2, 7], 4711).into(),
            channel: Channel::Tls,
        },
    }
}

/// Authenticates a request.
pub(super) fn judge(authenticator: &Authenticator, request: &Signed) -> Result<Principal, Error> {
    authenticator.authenticate(head_of(request), request.body())
}

/// The code and the message of a refusal.
pub(super) fn refusal(authenticator: &Authenticator, request: &Signed) -> (ErrorCode, String) {
    let error = judge(authenticator, request).expect_err("it is refused");
    (error.code, error.message.unwrap_or_default())
}

/// The sender of every request that is accepted.
pub(super) fn ann() -> Principal {
    key(SECRET, Validity::Lasting).principal(Region::us_east_1())
}
