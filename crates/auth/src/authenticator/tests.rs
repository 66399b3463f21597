//! Heads in, principals or AWS's texts out.

use super::*;
use crate::{Channel, Context};
use http::Request;

const SIGNED: &str = "Signature=abc, SignedHeaders=host";
const DATED: (&str, &str) = ("x-amz-date", "20260101T000000Z");

fn authenticate(uri: &str, headers: &[(&str, &str)]) -> Result<Principal, Error> {
    let mut request = Request::post(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let context = Context {
        peer: ([192, 0, 2, 7], 4711).into(),
        channel: Channel::Plain,
    };
    Authenticator::default().authenticate(Head::new(&parts, context), b"{}")
}

fn check_principal(uri: &str, headers: &[(&str, &str)], account: &str, region: &str) {
    let principal = authenticate(uri, headers).unwrap();
    let found = (principal.account.as_str(), principal.region.as_str());
    assert_eq!(found, (account, region), "{uri} {headers:?}");
}

fn check_refused(
    uri: &str,
    headers: &[(&str, &str)],
    code: millstream_protocol::ErrorCode,
    message: &str,
) {
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

/// A claim in the query; the credential's slashes may stay unescaped.
fn in_query(credential: &str) -> String {
    let credential = credential.replace('\u{e9}', "%C3%A9");
    let credential = credential.replace("1%00/", "1%2500/");
    format!(
        "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}\
         &X-Amz-Signature=a&X-Amz-SignedHeaders=host&X-Amz-Date=20260101T000000Z"
    )
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
        (
            "any-key+of=mine/20260101/local/kinesis/aws4_request",
            "000000000000",
            "local",
        ),
        (
            "a/20260101/eusc-de-east-1/kinesis/aws4_request",
            "000000000000",
            "eusc-de-east-1",
        ),
    ] {
        let header = with_credential(credential);
        let headers = [("authorization", header.as_str()), DATED];
        check_principal("/", &headers, account, region);
    }
}

#[test]
fn scope_when_its_region_is_none_then_is_refused_and_not_taken_for_the_default() {
    let long = "a".repeat(300);
    for region in [
        "",
        "..",
        "not_a_region",
        "eu-west-1%00",
        "eu-west-1\u{e9}",
        "EU-WEST-1",
        "-west-1",
        "eu-west-",
        ".",
        &long,
    ] {
        let credential = format!("222222222222/20260101/{region}/kinesis/aws4_request");
        let message = "Credential should be scoped to a valid region. ";
        let code = millstream_protocol::ErrorCode::InvalidSignatureException;
        let header = with_credential(&credential);
        check_refused("/", &[("authorization", &header), DATED], code, message);
        check_refused(&in_query(&credential), &[], code, message);
    }
}

#[test]
fn credential_when_its_elements_are_not_five_then_is_refused() {
    for credential in [
        "222222222222",
        "222222222222/20260101/eu-west-1/kinesis",
        "222222222222/20260101/../../kinesis/aws4_request",
        "222222222222/20260101/eu-west-1/kinesis/aws4_request/",
        "a/b/20260101/eu-west-1/kinesis/aws4_request",
    ] {
        let message = format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got '{credential}'"
        );
        let code = millstream_protocol::ErrorCode::IncompleteSignatureException;
        let header = with_credential(credential);
        check_refused("/", &[("authorization", &header), DATED], code, &message);
        check_refused(&in_query(credential), &[], code, &message);
    }
}

#[test]
fn account_when_there_is_white_space_about_it_then_is_not_that_account() {
    let rest = "/20260101/eu-west-1/kinesis/aws4_request";
    let header = with_credential(&format!("222222222222 {rest}"));
    check_refused(
        "/",
        &[("authorization", &header), DATED],
        millstream_protocol::ErrorCode::IncompleteSignatureException,
        &format!(
            "'{rest}' not a valid key=value pair (missing equal-sign) in Authorization header: \
             '{header}'."
        ),
    );
    for key in ["222222222222%20", "%20222222222222", "222222222222%00", ""] {
        let uri = in_query(&format!("{key}{rest}"));
        let code = millstream_protocol::ErrorCode::UnrecognizedClientException;
        let message = "The security token included in the request is invalid.";
        check_refused(&uri, &[], code, message);
    }
    let header = with_credential(&format!("222222222222\t{rest}"));
    let code = millstream_protocol::ErrorCode::UnrecognizedClientException;
    let message = "The security token included in the request is invalid.";
    check_refused("/", &[("authorization", &header), DATED], code, message);
}

#[test]
fn claim_when_it_says_something_twice_then_is_refused() {
    let code = millstream_protocol::ErrorCode::IncompleteSignatureException;
    let one = with_credential("111111111111/20260101/eu-west-1/kinesis/aws4_request");
    let other = with_credential("222222222222/20260101/eu-west-1/kinesis/aws4_request");
    let headers = [("authorization", &*one), ("authorization", &other), DATED];
    let message = "Authorization header is present more than once.";
    check_refused("/", &headers, code, message);
    let headers = [("authorization", ""), ("authorization", &other), DATED];
    check_refused("/", &headers, code, message);

    let doubled = format!("{one}, Credential=222222222222/20260101/eu-west-1/kinesis/aws4_request");
    let message = "'Credential' parameter is present more than once.";
    check_refused("/", &[("authorization", &doubled), DATED], code, message);

    let uri = format!(
        "{}&X-Amz-Credential=x",
        in_query("a/20260101/b/kinesis/aws4_request")
    );
    let message = "'X-Amz-Credential' parameter is present more than once.";
    check_refused(&uri, &[], code, message);
}

#[test]
fn scope_when_the_algorithm_has_a_set_of_regions_then_names_none() {
    let credential = "123456789012/20260101/kinesis/aws4_request";
    let header = format!("AWS4-ECDSA-P256-SHA256 Credential={credential}, {SIGNED}");
    for (set, region) in [
        (None, "us-east-1"),
        (Some("eu-west-1"), "eu-west-1"),
        (Some("*"), "us-east-1"),
        (Some("eu-west-1,eu-west-2"), "us-east-1"),
    ] {
        let mut headers = vec![("authorization", header.as_str()), DATED];
        headers.extend(set.map(|set| ("x-amz-region-set", set)));
        check_principal("/", &headers, "123456789012", region);
    }
    let headers = [
        ("authorization", &*header),
        DATED,
        ("x-amz-region-set", ".."),
    ];
    let message = "Credential should be scoped to a valid region. ";
    let code = millstream_protocol::ErrorCode::InvalidSignatureException;
    check_refused("/", &headers, code, message);
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
            millstream_protocol::ErrorCode::IncompleteSignatureException,
            &message,
        );
    }
}

#[test]
fn query_when_parts_missing_then_names_each() {
    let must = |name| format!("AWS query-string parameters must include '{name}'. ");
    let end = "Re-examine the query-string parameters.";
    let code = millstream_protocol::ErrorCode::IncompleteSignatureException;
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
    let code = millstream_protocol::ErrorCode::InvalidSignatureException;
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
