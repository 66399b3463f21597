//! Signing of requests with AWS's Signature Version 4, by AWS's own crate.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Request, header};
use millstream_env::Timestamp;
use std::time::{Duration, SystemTime};

/// The service name in signatures.
const SERVICE: &str = "kinesis";
/// The headers that botocore does not sign, because proxies may change them.
const UNSIGNED: [header::HeaderName; 2] = [header::ACCEPT_ENCODING, header::USER_AGENT];

/// Signs a request: its target, body, and what says how to read it.
pub(crate) fn sign_request(
    credentials: Credentials,
    region: &str,
    now: Timestamp,
    request: &mut Request<Bytes>,
) -> Result<(), String> {
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now.millis()))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let headers = request.headers().iter();
    let headers = headers.filter(|(name, _)| !UNSIGNED.contains(name));
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let uri = request.uri().to_string();
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new("POST", uri, headers, body);
    let signed = sign(signable.map_err(|error| error.to_string())?, &params);
    let (instructions, _signature) = signed.map_err(|error| error.to_string())?.into_parts();
    instructions.apply_to_request_http1x(request);
    // A session's token comes before the signature, as botocore sends it.
    if let Some(authorization) = request.headers_mut().remove(header::AUTHORIZATION) {
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, authorization);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(body: &'static str, target: &str, token: Option<&str>) -> Request<Bytes> {
        let token = token.map(str::to_owned);
        let credentials = Credentials::new("AKID", "secret", token, None, "test");
        let request = Request::post("http://localhost:4567/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header("user-agent", "anything");
        let mut request = request.body(Bytes::from(body)).unwrap();
        let now = Timestamp(1_700_000_000_000);
        sign_request(credentials, "us-east-1", now, &mut request).unwrap();
        request
    }

    #[test]
    fn request_when_signed_then_covers_time_target_and_body() {
        let request = signed("{}", "Kinesis_20131202.ListStreams", None);
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let expected = "AWS4-HMAC-SHA256 Credential=AKID/20231114/us-east-1/kinesis/aws4_request, \
                        SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=";
        assert!(authorization.starts_with(expected), "{authorization}");
        assert_eq!(request.headers()["x-amz-date"], "20231114T221320Z");
        for other in [
            signed("{} ", "Kinesis_20131202.ListStreams", None),
            signed("{}", "Kinesis_20131202.PutRecord", None),
        ] {
            assert_ne!(other.headers()["authorization"], authorization);
        }
    }

    #[test]
    fn request_when_of_a_session_then_covers_its_token() {
        let request = signed("{}", "Kinesis_20131202.ListStreams", Some("token"));
        assert_eq!(request.headers()["x-amz-security-token"], "token");
        let authorization = request.headers()["authorization"].to_str().unwrap();
        assert!(
            authorization.contains(";x-amz-security-token;"),
            "{authorization}"
        );
    }
}
