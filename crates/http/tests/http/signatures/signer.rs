//! Requests that AWS's own crate has signed, in the header or in the query.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use http::{HeaderValue, Request};
use millstream_env::Timestamp;
use std::time::{Duration, SystemTime};

pub(super) const KEY_ID: &str = "AKIDEXAMPLE";
pub(super) const SESSION_ID: &str = "AKIDSESSION";
pub(super) const REMOVED_ID: &str = "AKIDREMOVED";
pub(super) const SECRET: &str = "CANARYxwJalrXUtnFEMI/K7MDENG";
pub(super) const TOKEN: &str = "CANARYxAQoDYXdzEJr";
pub(super) const HOST: &str = "kinesis.example:4567";
/// 2015-08-30T12:36:00Z.
pub(super) const NOW: Timestamp = Timestamp(1_440_938_160_000);
pub(super) const CREATE: (&str, &str) = (
    "Kinesis_20131202.CreateStream",
    r#"{"StreamName":"orders","ShardCount":1}"#,
);
pub(super) const LIST: (&str, &str) = ("Kinesis_20131202.ListStreams", "{}");

pub(super) type Signed = Request<&'static str>;

/// Where a request has its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Header,
    Query,
}

/// Who signs, and what.
#[derive(Clone, Copy)]
pub(super) struct Signer {
    pub(super) form: Form,
    pub(super) key_id: &'static str,
    pub(super) secret: &'static str,
    pub(super) token: Option<&'static str>,
    pub(super) service: &'static str,
    pub(super) at: Timestamp,
    pub(super) expires: Duration,
    /// A header that is not signed.
    pub(super) unsigned: Option<&'static str>,
    pub(super) call: (&'static str, &'static str),
}

impl Signer {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            key_id: KEY_ID,
            secret: SECRET,
            token: None,
            service: "kinesis",
            at: NOW,
            expires: Duration::from_secs(60),
            unsigned: None,
            call: CREATE,
        }
    }

    /// The request, signed as AWS's own crate does.
    pub(super) fn request(self) -> Signed {
        let mut request = Request::post("/")
            .header("host", HOST)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", self.call.0)
            .body(self.call.1)
            .unwrap();
        let token = self.token.map(str::to_owned);
        let identity = Credentials::new(self.key_id, self.secret, token, None, "test").into();
        let mut settings = SigningSettings::default();
        if self.form == Form::Query {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(self.expires);
        }
        if let Some(name) = self.unsigned {
            let excluded = settings.excluded_headers.get_or_insert_default();
            excluded.push(name.into());
        }
        let params = SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(self.at.millis()))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let body = SignableBody::Bytes(self.call.1.as_bytes());
        let signable = SignableRequest::new("POST", format!("http://{HOST}/"), headers, body);
        let (instructions, _) = sign(signable.unwrap(), &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

/// A request with something changed where its signature is: in the header or in the query.
pub(super) fn forged(form: Form, change: impl Fn(&str) -> String) -> Signed {
    let mut request = Signer::new(form).request();
    match form {
        Form::Header => {
            let value = change(request.headers()["authorization"].to_str().unwrap());
            set(&mut request, "authorization", &value);
        }
        Form::Query => {
            let uri = change(&request.uri().to_string());
            *request.uri_mut() = uri.parse().unwrap();
        }
    }
    request
}

pub(super) fn set(request: &mut Signed, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    request.headers_mut().insert(name, value);
}

/// The usual request with a header set after it was signed.
pub(super) fn with(form: Form, name: &'static str, value: &str) -> Signed {
    let mut request = Signer::new(form).request();
    set(&mut request, name, value);
    request
}
