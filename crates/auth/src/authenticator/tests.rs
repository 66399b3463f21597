//! Heads in, principals or AWS's texts out.

use super::*;
use http::Request;

const SIGNED: &str = "Signature=abc, SignedHeaders=host";

fn authenticate(uri: &str, headers: &[(&str, &str)]) -> Result<Principal, Error> {
    let mut request = Request::post(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Authenticator::default().authenticate(Head::from(&request.body(()).unwrap()), b"{}")
}

fn check_principal(uri: &str, headers: &[(&str, &str)], account: &str, region: &str) {
    let principal = authenticate(uri, headers).unwrap();
    let found = (principal.account.as_str(), principal.region.as_str());
    assert_eq!(found, (account, region), "{uri} {headers:?}");
}

fn check_refused(uri: &str, headers: &[(&str, &str)], code: wire::ErrorCode, message: &str) {
    let error = authenticate(uri, headers).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_deref()),
        (code, Some(message)),
        "{uri} {headers:?}"
    );
}

fn with_credential(credential: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential={credential}, {SIGNED}")
}

#[test]
fn open_mode_when_credentials_differ_then_account_and_region_follow_them() {
    for (credential, account, region) in [
        (
            "AKID/20260101/eu-west-1/kinesis/aws4_request",
            "000000000000",
            "eu-west-1",
        ),
        (
            "123456789012/20260101/eu-west-1/kinesis/aws4_request",
            "123456789012",
            "eu-west-1",
        ),
        (
            "1234567890123/20260101/eu-west-1/kinesis/aws4_request",
            "000000000000",
            "eu-west-1",
        ),
        ("123456789012", "123456789012", "us-east-1"),
        (
            "123456789012/20260101//kinesis/aws4_request",
            "123456789012",
            "us-east-1",
        ),
        (
            "a/20260101/not_a_region/kinesis/aws4_request",
            "000000000000",
            "us-east-1",
        ),
    ] {
        let header = with_credential(credential);
        let headers = [
            ("authorization", header.as_str()),
            ("x-amz-date", "20260101T000000Z"),
        ];
        check_principal("/", &headers, account, region);
    }
}

#[test]
fn open_mode_when_nothing_claimed_then_is_the_default_principal() {
    check_principal("/", &[], "000000000000", "us-east-1");
    check_principal("/", &[("authorization", "")], "000000000000", "us-east-1");
    check_principal("/?other=1", &[], "000000000000", "us-east-1");
}

#[test]
fn open_mode_when_claimed_in_the_query_then_follows_it() {
    let uri = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256\
               &X-Amz-Credential=123456789012%2F20260101%2Feu-west-1%2Fkinesis%2Faws4_request\
               &X-Amz-Signature=a&X-Amz-SignedHeaders=host&X-Amz-Date=20260101T000000Z";
    check_principal(uri, &[], "123456789012", "eu-west-1");
}

#[test]
fn header_when_parts_missing_then_names_each() {
    let credential = "Authorization header requires 'Credential' parameter. ";
    let signature = "Authorization header requires 'Signature' parameter. ";
    let signed = "Authorization header requires 'SignedHeaders' parameter. ";
    let date = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                header. ";
    let all = format!("{credential}{signature}{signed}");
    for (header, dated, expected) in [
        ("AWS4-HMAC-SHA256", false, format!("{all}{date}")),
        ("a", true, all.clone()),
        ("AWS4-HMAC-SHA256 Credential=", true, all.clone()),
        (
            "AWS4-HMAC-SHA256 Credential=x",
            true,
            format!("{signature}{signed}"),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=x,Signature=y",
            false,
            format!("{signed}{date}"),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=x, Signature=y, SignedHeaders=z",
            false,
            date.to_owned(),
        ),
        (
            "Credential=x, Signature=y, SignedHeaders=z",
            true,
            credential.to_owned(),
        ),
    ] {
        let mut headers = vec![("authorization", header)];
        headers.extend(dated.then_some(("date", "Thu, 01 Jan 2026 00:00:00 GMT")));
        let message = format!("{expected}Authorization={header}");
        check_refused(
            "/",
            &headers,
            wire::ErrorCode::IncompleteSignatureException,
            &message,
        );
    }
}

#[test]
fn query_when_parts_missing_then_names_each() {
    let must = |name| format!("AWS query-string parameters must include '{name}'. ");
    let end = "Re-examine the query-string parameters.";
    let code = wire::ErrorCode::IncompleteSignatureException;
    let rest = ["X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"]
        .map(must)
        .concat();
    let message = format!("{}{rest}{end}", must("X-Amz-Credential"));
    check_refused("/?X-Amz-Algorithm=x", &[], code, &message);
    let message = format!("{}{rest}{end}", must("X-Amz-Algorithm"));
    check_refused("/?X-Amz-Credential=x&X-Amz-Date=", &[], code, &message);
}

#[test]
fn claims_when_made_in_both_forms_then_are_refused() {
    let message =
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
    let code = wire::ErrorCode::InvalidSignatureException;
    check_refused(
        "/?X-Amz-Algorithm=",
        &[("authorization", "a")],
        code,
        message,
    );
    check_refused(
        "/?X-Amz-Credential=a",
        &[("authorization", "a")],
        code,
        message,
    );
}
