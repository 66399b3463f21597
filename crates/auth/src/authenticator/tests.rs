//! Heads in, principals or AWS's texts out.

use super::*;
use crate::{Channel, Context};
use http::Request;

const SIGNED: &str = "Signature=abc, SignedHeaders=host";
const DATED: (&str, &str) = ("x-amz-date", "20260101T000000Z");

fn authenticate(uri: &str, headers: &[(&str, &str)]) -> Result<Principal, Error> {
    authenticate_in(&Mode::Open, uri, headers)
}

fn authenticate_in(mode: &Mode, uri: &str, headers: &[(&str, &str)]) -> Result<Principal, Error> {
    let mut request = Request::post(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let context = Context {
        peer: ([192, 0, 2, 7], 4711).into(),
        channel: Channel::Plain,
    };
    Authenticator::new(mode.clone()).authenticate(Head::new(&parts, context), b"{}")
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
    let uri = "/?X-Amz-Algorithm=&X-Amz-Algorithm=AWS4-HMAC-SHA256";
    let message = "'X-Amz-Algorithm' parameter is present more than once.";
    check_refused(uri, &[], code, message);
    let sets = "&X-Amz-Region-Set=a&X-Amz-Region-Set=b";
    let uri = format!("{}{sets}", in_query("a/20260101/kinesis/aws4_request"));
    let message = "'X-Amz-Region-Set' parameter is present more than once.";
    check_refused(&uri, &[], code, message);
    // Another form's parts are not the claim's.
    let headers = [("authorization", &*one), DATED];
    let uri = "/?X-Amz-Credential=a&X-Amz-Credential=b&X-Amz-Date=c";
    check_principal(uri, &headers, "111111111111", "eu-west-1");
}

#[test]
fn scope_when_the_algorithm_has_a_set_of_regions_then_is_the_first_that_is_named() {
    let credential = "123456789012/20260101/kinesis/aws4_request";
    let header = format!("AWS4-ECDSA-P256-SHA256 Credential={credential}, {SIGNED}");
    let uri = in_query(credential).replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    for (set, region) in [
        (None, "us-east-1"),
        (Some(""), "us-east-1"),
        (Some("eu-west-1"), "eu-west-1"),
        (Some("*"), "us-east-1"),
        (Some("eu-*"), "us-east-1"),
        (Some("eu-west-1,eu-west-2"), "eu-west-1"),
        (Some("us-*, eu-west-2"), "eu-west-2"),
        (Some(" , eu-west-2 ,eu-west-1"), "eu-west-2"),
    ] {
        let mut headers = vec![("authorization", header.as_str()), DATED];
        headers.extend(set.map(|set| ("x-amz-region-set", set)));
        check_principal("/", &headers, "123456789012", region);
        let set = set.map(|set| format!("&X-Amz-Region-Set={}", set.replace(' ', "%20")));
        let uri = format!("{uri}{}", set.unwrap_or_default());
        check_principal(&uri, &[], "123456789012", region);
    }
    let sets = [
        ("authorization", &*header),
        DATED,
        ("x-amz-region-set", "*"),
        ("x-amz-region-set", "eu-west-1"),
    ];
    check_principal("/", &sets, "123456789012", "eu-west-1");

    let message = "Credential should be scoped to a valid region. ";
    let code = millstream_protocol::ErrorCode::InvalidSignatureException;
    for set in ["..", "EU-WEST-1", "a b", "eu-west-1;us-east-1"] {
        let headers = [
            ("authorization", &*header),
            DATED,
            ("x-amz-region-set", set),
        ];
        check_refused("/", &headers, code, message);
        let uri = format!("{uri}&X-Amz-Region-Set={}", set.replace(' ', "%20"));
        check_refused(&uri, &[], code, message);
    }
}

#[test]
fn scope_when_it_has_not_the_elements_of_its_algorithm_then_is_refused() {
    let four = "a/20260101/kinesis/aws4_request";
    let five = "a/20260101/eu-west-1/kinesis/aws4_request";
    let code = millstream_protocol::ErrorCode::IncompleteSignatureException;
    for (algorithm, credential, elements) in [
        (
            "AWS4-HMAC-SHA256",
            four,
            "5 slash-delimited elements, e.g. keyid/date/region/service/term",
        ),
        (
            "AWS4-ECDSA-P256-SHA256",
            five,
            "4 slash-delimited elements, e.g. keyid/date/service/term",
        ),
    ] {
        let message = format!("Credential must have exactly {elements}, got '{credential}'");
        let header = format!("{algorithm} Credential={credential}, {SIGNED}");
        check_refused("/", &[("authorization", &header), DATED], code, &message);
        let uri = in_query(credential).replace("AWS4-HMAC-SHA256", algorithm);
        check_refused(&uri, &[], code, &message);
    }
}

#[test]
fn algorithm_when_it_is_none_of_aws_then_is_refused_after_what_is_missing() {
    let code = millstream_protocol::ErrorCode::IncompleteSignatureException;
    let credential = "a/20260101/eu-west-1/kinesis/aws4_request";
    for algorithm in [
        "AWS4-HMAC-SHA512",
        "aws4-hmac-sha256",
        "AWS4-HMAC-SHA256x",
        "AWS",
    ] {
        let message = format!("Unsupported AWS 'algorithm': '{algorithm}'.");
        let header = format!("{algorithm} Credential={credential}, {SIGNED}");
        check_refused("/", &[("authorization", &header), DATED], code, &message);
        let uri = in_query(credential).replace("AWS4-HMAC-SHA256", algorithm);
        check_refused(&uri, &[], code, &message);
    }
}

fn check_missing(mode: &Mode, uri: &str, headers: &[(&str, &str)]) {
    let error = authenticate_in(mode, uri, headers).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_deref()),
        (
            millstream_protocol::ErrorCode::MissingAuthenticationTokenException,
            Some("Missing Authentication Token")
        ),
        "{mode:?} {uri} {headers:?}"
    );
}

#[test]
fn query_when_it_names_no_algorithm_then_is_no_claim_whatever_else_it_has() {
    let whole = in_query("a/20260101/eu-west-1/kinesis/aws4_request");
    let whole = whole.replace("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "");
    for uri in [
        &*whole,
        "/?X-Amz-Credential=a",
        "/?X-Amz-Signature=",
        "/?a=b&X-Amz-SignedHeaders=host",
        "/?X-Amz-Date=20260101T000000Z",
        "/?X-Amz-Credential=a&X-Amz-Credential=b",
    ] {
        for mode in [Mode::Open, Mode::Claimed] {
            check_missing(&mode, uri, &[]);
            check_missing(&mode, uri, &[("authorization", "")]);
        }
    }
}

#[test]
fn claim_when_it_is_required_and_none_is_made_then_is_missing() {
    for uri in ["/", "/?", "/?a=b", "/?x-amz-algorithm=AWS4-HMAC-SHA256"] {
        for headers in [&[][..], &[DATED], &[("authorization", "")]] {
            check_missing(&Mode::Claimed, uri, headers);
            check_principal(uri, headers, "000000000000", "us-east-1");
        }
    }
    let credential = "123456789012/20260101/eu-west-1/kinesis/aws4_request";
    let header = with_credential(credential);
    let headers = [("authorization", &*header), DATED];
    let query = in_query(credential);
    for (uri, headers) in [("/", &headers[..]), (&*query, &[][..])] {
        let principal = authenticate_in(&Mode::Claimed, uri, headers).unwrap();
        assert_eq!(principal.account.as_str(), "123456789012");
        assert_eq!(principal.region.as_str(), "eu-west-1");
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

/// Every way in which parts can be missing or empty: each is named, in AWS's order.
#[test]
fn header_when_parts_missing_then_names_each() {
    const PARTS: [&str; 3] = ["Credential", "Signature", "SignedHeaders"];
    let code = millstream_protocol::ErrorCode::IncompleteSignatureException;
    for missing in 1..16_usize {
        for of_missing in ["", "Part="] {
            let mut header = "AWS4-HMAC-SHA256".to_owned();
            let mut expected = String::new();
            for (place, part) in PARTS.into_iter().enumerate() {
                let is_missing = missing & (1 << place) != 0;
                let separator = if place == 0 { " " } else { ", " };
                match (is_missing, of_missing) {
                    (false, _) => header += &format!("{separator}{part}=x"),
                    (true, "") => (),
                    (true, _) => header += &format!("{separator}{part}="),
                }
                if is_missing {
                    expected += &format!("Authorization header requires '{part}' parameter. ");
                }
            }
            let mut headers = vec![("authorization", &*header)];
            match (missing & 8 == 0, of_missing) {
                (true, _) => headers.push(("date", "Thu, 01 Jan 2026 00:00:00 GMT")),
                (false, "") => (),
                (false, _) => headers.extend([("date", ""), ("x-amz-date", "")]),
            }
            if missing & 8 != 0 {
                expected += "Authorization header requires existence of either a 'X-Amz-Date' or \
                             a 'Date' header. ";
            }
            let message = format!("{expected}Authorization={header}");
            check_refused("/", &headers, code, &message);
        }
    }
    for header in ["a", "Credential=x", "Credential=x, Credential=", "Basic"] {
        let all = PARTS.map(|part| format!("Authorization header requires '{part}' parameter. "));
        let message = format!("{}Authorization={header}", all.concat());
        check_refused("/", &[("authorization", header), DATED], code, &message);
    }
}

/// The same for a query that names its algorithm.
#[test]
fn query_when_parts_missing_then_names_each() {
    const PARTS: [&str; 4] = [
        "X-Amz-Credential",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "X-Amz-Date",
    ];
    let code = millstream_protocol::ErrorCode::IncompleteSignatureException;
    let must = |name| format!("AWS query-string parameters must include '{name}'. ");
    for missing in 0..16_usize {
        for (algorithm, is_named) in [("", false), ("AWS4-HMAC-SHA256", true)] {
            if missing == 0 && is_named {
                continue;
            }
            let mut uri = format!("/?X-Amz-Algorithm={algorithm}");
            let mut expected = String::new();
            if !is_named {
                expected += &must("X-Amz-Algorithm");
            }
            for (place, part) in PARTS.into_iter().enumerate() {
                match missing & (1 << place) != 0 {
                    // Every other one is there, but empty.
                    true if place % 2 == 0 => uri += &format!("&{part}="),
                    true => (),
                    false => uri += &format!("&{part}=x"),
                }
                if missing & (1 << place) != 0 {
                    expected += &must(part);
                }
            }
            let message = format!("{expected}Re-examine the query-string parameters.");
            check_refused(&uri, &[], code, &message);
            check_refused(&uri, &[("authorization", "")], code, &message);
        }
    }
}

#[test]
fn claims_when_made_in_both_forms_then_are_refused() {
    let message =
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
    let code = millstream_protocol::ErrorCode::InvalidSignatureException;
    for uri in [
        "/?X-Amz-Algorithm=",
        "/?X-Amz-Algorithm",
        "/?X-Amz-Algorithm=a&X-Amz-Algorithm=b",
    ] {
        check_refused(uri, &[("authorization", "a")], code, message);
    }
    // A query without an algorithm is no claim: the header's is judged alone.
    let code = millstream_protocol::ErrorCode::IncompleteSignatureException;
    let message = "Authorization header requires 'Signature' parameter. Authorization header \
                   requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 Credential=a";
    let headers = [("authorization", "AWS4-HMAC-SHA256 Credential=a"), DATED];
    check_refused("/?X-Amz-Credential=a", &headers, code, message);
}
