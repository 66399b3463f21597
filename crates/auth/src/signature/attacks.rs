//! Attacks on the signature of a request, each with a signature that is right where it can be: what
//! is refused is refused for its own reason.

use crate::keys::{AccessKeyId, KeyStore, Keys, Validity};
use crate::signature::hex;
use crate::signature::key::{SigningSecret, hash};
use crate::signature::signed_headers::{SignedHeaders, host_of};
use crate::signature::signing::{
    KEY_ID, NOW, SECRET, Signed, Signer, ann, authenticator, head_of, judge, key, keys, refusal,
    session, usual,
};
use crate::signature::work;
use crate::signature::{SERVICE, TERMINATOR, canonical};
use crate::{Authenticator, Mode, Verifier};
use http::{HeaderValue, Method, Uri};
use millstream_env::{ManualClock, Timestamp};
use millstream_protocol::ErrorCode::{
    self, ExpiredTokenException, IncompleteSignatureException, InvalidSignatureException,
    MissingAuthenticationTokenException, UnrecognizedClientException,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const MISMATCH: &str = "The request signature we calculated does not match the signature you \
                        provided. Check your AWS Secret Access Key and signing method. Consult \
                        the service documentation for details.";
const INVALID_TOKEN: &str = "The security token included in the request is invalid.";
const DATE: &str = "20150830T123600Z";
const DAY: &str = "20150830";
const USUAL: &str = "content-type;host;x-amz-date;x-amz-target";

/// A signature over any headers, for any date and scope.
struct Forged<'a> {
    signed: &'a str,
    date: &'a str,
    day: &'a str,
    region: &'a str,
    service: &'a str,
    terminator: &'a str,
}

const FORGED: Forged<'_> = Forged {
    signed: USUAL,
    date: DATE,
    day: DAY,
    region: "us-east-1",
    service: SERVICE,
    terminator: TERMINATOR,
};

impl Forged<'_> {
    /// Signs a request with the right secret.
    fn sign(&self, mut request: Signed) -> Signed {
        let Self {
            signed,
            day,
            region,
            service,
            terminator,
            ..
        } = self;
        let head = head_of(&request);
        let host = host_of(head).unwrap_or_default().to_vec();
        // A list that is refused has no canonical form: any signature does.
        let list = SignedHeaders::parse(signed)
            .or(SignedHeaders::parse("host"))
            .unwrap();
        let text = canonical::request(head, &host, list, &hex::encode(&hash(request.body())));
        let scope = [*day, *region, *service, *terminator];
        let string = canonical::string_to_sign(self.date, scope, &hash(&text));
        let key = SigningSecret::new(SECRET.as_bytes()).for_scope(day, region, SERVICE);
        let signature = String::from_utf8(hex::encode(&key.sign(&string)).to_vec()).unwrap();
        let scope = scope.join("/");
        set(
            &mut request,
            "authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={signed}, \
                 Signature={signature}"
            ),
        );
        request
    }
}

fn set(request: &mut Signed, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    request.headers_mut().insert(name, value);
}

fn authorization(request: &Signed) -> String {
    let value = request.headers()["authorization"].to_str();
    value.unwrap().to_owned()
}

/// The usual request with a date, unsigned.
fn dated() -> Signed {
    let mut request = usual();
    set(&mut request, "x-amz-date", DATE);
    request
}

fn usual_authenticator() -> Authenticator {
    authenticator(keys(Validity::Lasting), NOW)
}

#[track_caller]
fn check_refused(request: &Signed, code: ErrorCode, message: &str) {
    let said = refusal(&usual_authenticator(), request);
    assert_eq!(said, (code, message.to_owned()), "{request:?}");
}

#[track_caller]
fn check_accepted(request: &Signed) {
    assert_eq!(judge(&usual_authenticator(), request).unwrap(), ann());
}

#[test]
fn request_when_signed_by_either_form_then_is_its_users() {
    check_accepted(&Signer::default().usual());
    check_accepted(&FORGED.sign(dated()));
    let expires = Some(Duration::from_secs(60));
    check_accepted(
        &Signer {
            expires,
            ..Signer::default()
        }
        .usual(),
    );
}

// Line 1: no claim, an empty one, two, one in each form.
#[test]
fn claim_when_none_or_more_than_one_is_made_then_none_is_believed() {
    let missing = "Missing Authentication Token";
    check_refused(&dated(), MissingAuthenticationTokenException, missing);
    let mut empty = dated();
    set(&mut empty, "authorization", "");
    check_refused(&empty, MissingAuthenticationTokenException, missing);

    let mut two = Signer::default().usual();
    let again = two.headers()["authorization"].clone();
    two.headers_mut().append("authorization", again);
    let message = "Authorization header is present more than once.";
    check_refused(&two, IncompleteSignatureException, message);

    let expires = Some(Duration::from_secs(60));
    let mut both = Signer {
        expires,
        ..Signer::default()
    }
    .usual();
    let header = authorization(&Signer::default().usual());
    set(&mut both, "authorization", &header);
    let message =
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
    check_refused(&both, InvalidSignatureException, message);

    // Parts of a signed query beside no algorithm are no reason to look anywhere else.
    let mut half = dated();
    let query = format!("/?X-Amz-Credential={KEY_ID}%2F{DAY}%2Fus-east-1%2Fkinesis%2Faws4_request");
    *half.uri_mut() = query.parse().unwrap();
    check_refused(&half, MissingAuthenticationTokenException, missing);
}

// Line 2: who has no key costs what a wrong signature costs.
#[test]
fn unknown_key_when_used_then_takes_every_step_of_a_wrong_signature() {
    const REFUSED: [usize; 4] = [2, 1, 1, 1];
    let steps = |authenticator: &Authenticator, signer: &Signer, is_accepted: bool| {
        let request = signer.usual();
        work::take();
        assert_eq!(judge(authenticator, &request).is_ok(), is_accepted);
        work::take()
    };
    let stranger = Signer {
        key_id: "AKIDNOBODY",
        ..Signer::default()
    };
    let wrong = Signer {
        secret: "wrong",
        ..Signer::default()
    };
    // Signed as nobody signs: not even then.
    let nobody = Signer {
        key_id: "AKIDNOBODY",
        secret: "",
        ..Signer::default()
    };
    let authenticator = usual_authenticator();
    for _ in 0..2 {
        assert_eq!(steps(&authenticator, &stranger, false), REFUSED);
        assert_eq!(steps(&authenticator, &nobody, false), REFUSED);
        assert_eq!(steps(&authenticator, &wrong, false), REFUSED);
    }
    let right = Signer::default();
    assert_eq!(steps(&authenticator, &right, true), [2, 1, 1, 1]);
    // The key is remembered now.
    assert_eq!(steps(&authenticator, &right, true), [2, 0, 1, 1]);
    assert_eq!(steps(&authenticator, &wrong, false), REFUSED);
    assert_eq!(steps(&authenticator, &stranger, false), REFUSED);
    check_refused(
        &stranger.usual(),
        UnrecognizedClientException,
        INVALID_TOKEN,
    );
    check_refused(&nobody.usual(), UnrecognizedClientException, INVALID_TOKEN);
    check_refused(&wrong.usual(), InvalidSignatureException, MISMATCH);
}

// Line 3: forms of a signature.
#[test]
fn signature_when_not_its_64_lower_case_digits_then_is_refused() {
    let request = Signer::default().usual();
    let header = authorization(&request);
    let (before, signature) = header.split_once("Signature=").unwrap();
    let last = if signature.ends_with('0') { "1" } else { "0" };
    for other in [
        signature.to_uppercase(),
        signature[..63].to_owned(),
        format!("{signature}0"),
        format!("0{signature}"),
        format!("{}{last}", &signature[..63]),
        "0".repeat(64),
        "x".to_owned(),
    ] {
        let mut request = request.clone();
        set(
            &mut request,
            "authorization",
            &format!("{before}Signature={other}"),
        );
        check_refused(&request, InvalidSignatureException, MISMATCH);
    }
    let request = Signer {
        expires: Some(Duration::from_secs(60)),
        ..Signer::default()
    }
    .usual();
    let uri = request.uri().to_string();
    let (before, signature) = uri.split_once("X-Amz-Signature=").unwrap();
    for other in [signature.to_uppercase(), signature[..63].to_owned()] {
        let mut request = request.clone();
        *request.uri_mut() = format!("{before}X-Amz-Signature={other}").parse().unwrap();
        check_refused(&request, InvalidSignatureException, MISMATCH);
    }
}

// Line 4: what is signed.
#[test]
fn signed_headers_when_one_that_decides_is_missing_then_are_refused() {
    for (signed, unsigned) in [
        (
            "content-type;x-amz-date;x-amz-target",
            "'Host' or ':authority'",
        ),
        ("content-type;host;x-amz-target", "'x-amz-date'"),
        ("content-type;host;x-amz-date", "'x-amz-target'"),
        ("host", "'x-amz-target'"),
    ] {
        let request = Forged { signed, ..FORGED }.sign(dated());
        let message = format!("{unsigned} must be a 'SignedHeader' in the AWS Authorization.");
        check_refused(&request, InvalidSignatureException, &message);
    }
    for name in ["x-amz-user-agent", "x-amz-security-token", "x-amz-anything"] {
        let mut request = dated();
        set(&mut request, name, "a");
        let message = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
        check_refused(&FORGED.sign(request), InvalidSignatureException, &message);
    }
    // Without an X-Amz-Date it is the Date that must be.
    let mut request = usual();
    set(&mut request, "date", "Sun, 30 Aug 2015 12:36:00 GMT");
    let signed = "content-type;host;x-amz-target";
    let message = "'Date' must be a 'SignedHeader' in the AWS Authorization.";
    let unsigned = Forged { signed, ..FORGED }.sign(request.clone());
    check_refused(&unsigned, InvalidSignatureException, message);
    let signed = "content-type;date;host;x-amz-target";
    check_accepted(&Forged { signed, ..FORGED }.sign(request));
}

#[test]
fn signed_headers_when_not_canonical_or_absent_then_are_refused() {
    for signed in [
        "host;content-type;x-amz-date;x-amz-target",
        "content-type;host;host;x-amz-date;x-amz-target",
        "content-type;Host;x-amz-date;x-amz-target",
        "content-type;host;x-amz-date;x-amz-target;",
    ] {
        let request = Forged { signed, ..FORGED }.sign(dated());
        let message = format!(
            "SignedHeaders must be lower-case names of headers in ascending order, each once, \
             between semicolons, got '{signed}'"
        );
        check_refused(&request, InvalidSignatureException, &message);
    }
    let signed = "content-type;host;x-amz-date;x-amz-other;x-amz-target";
    let request = Forged { signed, ..FORGED }.sign(dated());
    let message = "'x-amz-other' is a 'SignedHeader' in the AWS Authorization, but not a header of the request.";
    check_refused(&request, InvalidSignatureException, message);
}

// Line 5: headers that are there twice, or mean another host.
#[test]
fn headers_when_said_twice_then_are_refused_whatever_is_signed() {
    for (name, signed) in [
        ("x-amz-target", USUAL),
        ("x-amz-date", USUAL),
        ("host", USUAL),
        (
            "x-amz-security-token",
            "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
        ),
    ] {
        let mut request = dated();
        for value in ["a", "b"] {
            request
                .headers_mut()
                .append(name, HeaderValue::from_static(value));
        }
        let request = Forged { signed, ..FORGED }.sign(request);
        let message = format!("The header '{name}' is present more than once.");
        check_refused(&request, InvalidSignatureException, &message);
    }
    // Others are signed as one value, in their order.
    let mut request = dated();
    for value in ["b  c", " a"] {
        request
            .headers_mut()
            .append("x-amz-more", HeaderValue::from_static(value));
    }
    let signed = "content-type;host;x-amz-date;x-amz-more;x-amz-target";
    let mut request = Forged { signed, ..FORGED }.sign(request);
    check_accepted(&request);
    set(&mut request, "x-amz-more", "b c,a");
    check_accepted(&request);
    set(&mut request, "x-amz-more", "a,b c");
    check_refused(&request, InvalidSignatureException, MISMATCH);
}

#[test]
fn host_when_not_the_signed_one_then_is_refused_over_either_http() {
    let request = Signer::default().usual();
    for host in [
        "kinesis.example",
        "kinesis.example.:4567",
        "KINESIS.example:4567",
        "",
        "kinesis",
    ] {
        let mut request = request.clone();
        set(&mut request, "host", host);
        check_refused(&request, InvalidSignatureException, MISMATCH);
    }
    // HTTP/2 has it in the target; some clients sign it by its name there.
    let over_http2 = |request: &Signed, authority: &str| {
        let mut request = request.clone();
        request.headers_mut().remove("host");
        *request.uri_mut() = format!("https://{authority}/").parse::<Uri>().unwrap();
        request
    };
    check_accepted(&over_http2(&request, "kinesis.example:4567"));
    let other = over_http2(&request, "kinesis.example:4568");
    check_refused(&other, InvalidSignatureException, MISMATCH);
    let signed = ":authority;content-type;x-amz-date;x-amz-target";
    let by_name = Forged { signed, ..FORGED }.sign(over_http2(&dated(), "kinesis.example:4567"));
    check_accepted(&by_name);
    let mut two = over_http2(&request, "kinesis.example:4567");
    set(&mut two, "host", "kinesis.example");
    let message = "The header 'Host' and ':authority' name different hosts.";
    check_refused(&two, InvalidSignatureException, message);
}

// Line 6: the body.
#[test]
fn body_when_not_the_signed_one_then_is_refused_whatever_the_head_says() {
    let mut changed = Signer::default().usual();
    changed.body_mut().push(b' ');
    check_refused(&changed, InvalidSignatureException, MISMATCH);

    let of_body = String::from_utf8(hex::encode(&hash(usual().body())).to_vec()).unwrap();
    let signed = "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target";
    let with_hash = |text: &str| {
        let mut request = dated();
        set(&mut request, "x-amz-content-sha256", text);
        Forged { signed, ..FORGED }.sign(request)
    };
    check_accepted(&with_hash(&of_body));
    let other = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    for text in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        &of_body.to_uppercase(),
        "",
    ] {
        check_refused(&with_hash(text), InvalidSignatureException, other);
    }
    // The hash that was signed, of a body that was not.
    let mut changed = with_hash(&of_body);
    *changed.body_mut() = b"{}".to_vec();
    check_refused(&changed, InvalidSignatureException, MISMATCH);
}

// Line 7: the path and the query.
#[test]
fn target_when_not_the_signed_one_then_is_refused() {
    let at = |request: &Signed, uri: &str| {
        let mut request = request.clone();
        *request.uri_mut() = uri.parse().unwrap();
        request
    };
    let request = Signer::default().usual();
    for uri in [
        "/a",
        "/%2f",
        "/%2F",
        "//a",
        "/?a=1",
        "/?X-Amz-Date=20150830T123600Z",
        "/a/../b",
    ] {
        check_refused(&at(&request, uri), InvalidSignatureException, MISMATCH);
        check_accepted(&Signer::default().sign(at(&usual(), uri)));
    }
    // The same path, by the rules of the signature.
    for uri in ["//", "/.", "/a/..", "/?"] {
        check_accepted(&at(&request, uri));
    }
    let mut other = request;
    *other.method_mut() = Method::PUT;
    check_refused(&other, InvalidSignatureException, MISMATCH);
}

// Line 8: the date.
#[test]
fn date_when_far_from_the_clock_or_no_date_then_is_refused() {
    let at = |millis: u64| authenticator(keys(Validity::Lasting), Timestamp(millis));
    let request = Signer::default().usual();
    let (now, skew) = (NOW.millis(), 5 * 60_000);
    for millis in [now - skew, now, now + skew + 999] {
        assert_eq!(judge(&at(millis), &request).unwrap(), ann());
    }
    let early = refusal(&at(now - skew - 1000), &request);
    let message = "Signature not yet current: 20150830T123600Z is still later than \
                   20150830T123559Z (20150830T123059Z + 5 min.)";
    assert_eq!(early, (InvalidSignatureException, message.to_owned()));
    let late = refusal(&at(now + skew + 1000), &request);
    let message = "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
                   (20150830T124101Z - 5 min.)";
    assert_eq!(late, (InvalidSignatureException, message.to_owned()));

    for date in [
        "20150830T123660Z",
        "20150830T246000Z",
        "2015-08-30T12:36:00Z",
        "now",
        "1440938160",
    ] {
        let mut request = usual();
        set(&mut request, "x-amz-date", date);
        let request = Forged { date, ..FORGED }.sign(request);
        let message = format!(
            "Date must be in ISO-8601 'basic format'. Got '{date}'. See \
             http://en.wikipedia.org/wiki/ISO_8601"
        );
        check_refused(&request, InvalidSignatureException, &message);
    }
}

#[test]
fn dates_when_they_disagree_then_the_one_of_amz_counts_and_the_scopes_day_must_be_its() {
    let mut request = dated();
    set(&mut request, "date", "Mon, 31 Aug 2015 12:36:00 GMT");
    check_accepted(&FORGED.sign(request));
    let request = Forged {
        day: "20150831",
        ..FORGED
    }
    .sign(dated());
    let message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                   from HTTP: '20150831' != '20150830', from '20150830T123600Z'. ";
    check_refused(&request, InvalidSignatureException, message);
    // The last second of a day, received on the next.
    let at = Timestamp(NOW.millis() + 11 * 3_600_000 + 23 * 60_000 + 59_000);
    let request = Signer {
        at,
        ..Signer::default()
    }
    .usual();
    assert_eq!(request.headers()["x-amz-date"], "20150830T235959Z");
    let next_day = authenticator(keys(Validity::Lasting), at.plus(Duration::from_secs(2)));
    assert_eq!(judge(&next_day, &request).unwrap(), ann());
}

// Line 9: the scope.
#[test]
fn scope_when_not_of_this_service_then_is_refused_by_its_faults() {
    let service = "Credential should be scoped to correct service: 'kinesis'. ";
    let terminator = "Credential should be scoped with a valid terminator: 'aws4_request', not \
                      'aws5_request'. ";
    for service_name in ["s3", "dynamodb", "Kinesis", ""] {
        let request = Forged {
            service: service_name,
            ..FORGED
        }
        .sign(dated());
        check_refused(&request, InvalidSignatureException, service);
    }
    let request = Forged {
        terminator: "aws5_request",
        ..FORGED
    }
    .sign(dated());
    check_refused(&request, InvalidSignatureException, terminator);
    let both = Forged {
        terminator: "aws5_request",
        service: "s3",
        ..FORGED
    }
    .sign(dated());
    check_refused(
        &both,
        InvalidSignatureException,
        &format!("{service}{terminator}"),
    );
    let slashes = Forged {
        terminator: "aws4_request/",
        ..FORGED
    }
    .sign(dated());
    let (code, message) = refusal(&usual_authenticator(), &slashes);
    assert_eq!(code, IncompleteSignatureException);
    assert!(
        message.starts_with("Credential must have exactly 5"),
        "{message}"
    );
}

#[test]
fn region_when_not_served_then_is_refused_and_otherwise_is_the_senders() {
    let request = |region| {
        Signer {
            region,
            ..Signer::default()
        }
        .usual()
    };
    let anywhere = judge(&usual_authenticator(), &request("eu-west-1")).unwrap();
    assert_eq!(anywhere.region.as_str(), "eu-west-1");
    let regions = BTreeSet::from([ann().region]);
    let mut here = Keys::none(regions);
    here.add(
        AccessKeyId::parse(KEY_ID).unwrap(),
        key(SECRET, Validity::Lasting),
    )
    .unwrap();
    let here = authenticator(here, NOW);
    assert_eq!(judge(&here, &request("us-east-1")).unwrap(), ann());
    let message = "Credential should be scoped to a valid region. ".to_owned();
    let said = refusal(&here, &request("eu-west-1"));
    assert_eq!(said, (InvalidSignatureException, message));
    // Signed for one region, sent to another.
    let mut moved = request("us-east-1");
    let header = authorization(&moved).replace("us-east-1", "eu-west-1");
    set(&mut moved, "authorization", &header);
    check_refused(&moved, InvalidSignatureException, MISMATCH);
}

// Line 10: replays.
#[test]
fn request_when_sent_again_then_is_accepted_in_its_time_and_refused_after_it() {
    let authenticator = usual_authenticator();
    let request = Signer::default().usual();
    for _ in 0..3 {
        assert_eq!(judge(&authenticator, &request).unwrap(), ann());
    }
    let later =
        super::signing::authenticator(keys(Validity::Lasting), NOW.plus(Duration::from_secs(301)));
    assert_eq!(refusal(&later, &request).0, InvalidSignatureException);
}

// Line 11: the token of a session.
#[test]
fn token_when_missing_wrong_or_expired_then_is_refused() {
    let end = NOW.plus(Duration::from_secs(1));
    let at = |now| authenticator(keys(session("token", Some(end))), now);
    for expires in [None, Some(Duration::from_secs(60))] {
        let request = |token| {
            Signer {
                token,
                expires,
                ..Signer::default()
            }
            .usual()
        };
        assert_eq!(judge(&at(NOW), &request(Some("token"))).unwrap(), ann());
        for token in [None, Some("Token"), Some("token2"), Some("")] {
            let said = refusal(&at(NOW), &request(token));
            assert_eq!(
                said,
                (UnrecognizedClientException, INVALID_TOKEN.to_owned()),
                "{token:?}"
            );
        }
        let expired = "The security token included in the request is expired".to_owned();
        let said = refusal(&at(end), &request(Some("token")));
        assert_eq!(said, (ExpiredTokenException, expired));
        // A token of another key: this one has none.
        check_refused(
            &request(Some("token")),
            UnrecognizedClientException,
            INVALID_TOKEN,
        );
        // Beside a token that was not signed.
        let mut unsigned = request(None);
        set(&mut unsigned, "x-amz-security-token", "token");
        assert_eq!(refusal(&at(NOW), &unsigned).0, InvalidSignatureException);
        // Without the secret a token is worth nothing.
        let wrong = Signer {
            secret: "wrong",
            token: Some("token"),
            expires,
            ..Signer::default()
        };
        let said = refusal(&at(NOW), &wrong.usual());
        assert_eq!(said, (InvalidSignatureException, MISMATCH.to_owned()));
    }
}

// Line 12: signed queries.
#[test]
fn signed_query_when_its_time_is_over_or_no_time_then_is_refused() {
    let valid = |seconds| Signer {
        expires: Some(Duration::from_secs(seconds)),
        ..Signer::default()
    };
    let at = |seconds| {
        authenticator(
            keys(Validity::Lasting),
            NOW.plus(Duration::from_secs(seconds)),
        )
    };
    let request = valid(604_800).usual();
    assert_eq!(judge(&at(604_800), &request).unwrap(), ann());
    let message = "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
                   (20150906T123601Z - 604800 sec.)";
    let said = refusal(&at(604_801), &request);
    assert_eq!(said, (InvalidSignatureException, message.to_owned()));
    let early = authenticator(keys(Validity::Lasting), NOW.minus(Duration::from_secs(301)));
    assert!(
        refusal(&early, &request)
            .1
            .starts_with("Signature not yet current: ")
    );

    for expires in ["0", "-1", "604801", "", "1e3", "99999999999999999999"] {
        let mut request = request.clone();
        let uri = request.uri().to_string();
        let uri = uri.replace("X-Amz-Expires=604800", &format!("X-Amz-Expires={expires}"));
        *request.uri_mut() = uri.parse().unwrap();
        let message = "X-Amz-Expires must be a number of seconds from 1 to 604800";
        check_refused(&request, InvalidSignatureException, message);
    }
    // Longer than it was signed for.
    let mut request = valid(60).usual();
    let uri = request
        .uri()
        .to_string()
        .replace("X-Amz-Expires=60", "X-Amz-Expires=600");
    *request.uri_mut() = uri.parse().unwrap();
    check_refused(&request, InvalidSignatureException, MISMATCH);
    // Without a time of its own it has that of a header.
    let uri = request.uri().to_string().replace("&X-Amz-Expires=600", "");
    *request.uri_mut() = uri.parse().unwrap();
    let said = refusal(&at(301), &request).1;
    assert!(said.ends_with("- 5 min.)"), "{said}");
}

// Line 13: another algorithm.
#[test]
fn algorithm_when_not_the_one_that_is_verified_then_is_refused_and_never_taken_for_it() {
    let request = FORGED.sign(dated());
    let header = authorization(&request);
    let asymmetric = header.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    for header in [asymmetric.clone(), asymmetric.replace("/us-east-1", "")] {
        let mut request = request.clone();
        set(&mut request, "authorization", &header);
        let message = "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.";
        check_refused(&request, IncompleteSignatureException, message);
    }
    for other in [
        "AWS4-HMAC-SHA512",
        "AWS",
        "aws4-hmac-sha256",
        "AWS4-HMAC-SHA256-",
    ] {
        let mut request = request.clone();
        set(
            &mut request,
            "authorization",
            &header.replace("AWS4-HMAC-SHA256", other),
        );
        let message = format!("Unsupported AWS 'algorithm': '{other}'.");
        check_refused(&request, IncompleteSignatureException, &message);
    }
}

// Line 14: keys that are removed, and secrets that are printed.
#[test]
fn key_when_removed_then_verifies_nothing_more_and_an_empty_table_refuses_all() {
    let store = KeyStore::new(keys(Validity::Lasting));
    let clock = Arc::new(ManualClock::new(NOW));
    let verifier = Verifier::new(store.clone(), clock);
    let authenticator = Authenticator::new(Mode::Verified(verifier));
    let request = Signer::default().usual();
    assert_eq!(judge(&authenticator, &request).unwrap(), ann());
    let mut rotated = Keys::none(BTreeSet::new());
    let id = AccessKeyId::parse("AKIDROTATED").unwrap();
    rotated.add(id, key("other", Validity::Lasting)).unwrap();
    store.replace(rotated);
    let said = refusal(&authenticator, &request);
    assert_eq!(
        said,
        (UnrecognizedClientException, INVALID_TOKEN.to_owned())
    );
    let new = Signer {
        key_id: "AKIDROTATED",
        secret: "other",
        ..Signer::default()
    };
    assert_eq!(judge(&authenticator, &new.usual()).unwrap(), ann());
    // The same id with another secret.
    let mut renewed = Keys::none(BTreeSet::new());
    let id = AccessKeyId::parse(KEY_ID).unwrap();
    renewed.add(id, key("other", Validity::Lasting)).unwrap();
    store.replace(renewed);
    let said = refusal(&authenticator, &request);
    assert_eq!(said, (InvalidSignatureException, MISMATCH.to_owned()));
    store.replace(Keys::none(BTreeSet::new()));
    for request in [request, new.usual()] {
        assert_eq!(
            refusal(&authenticator, &request).0,
            UnrecognizedClientException
        );
    }
}

#[test]
fn secrets_when_what_holds_them_is_printed_then_are_not_there() {
    let keys = keys(session("CANARYTOKEN", None));
    let authenticator = authenticator(keys, NOW);
    let keys = super::signing::keys(session("CANARYTOKEN", None));
    let printed = format!(
        "{keys:?} {authenticator:?} {:?}",
        KeyStore::new(Keys::none(BTreeSet::new()))
    );
    assert!(printed.contains(KEY_ID), "{printed}");
    assert!(
        !printed.contains(SECRET) && !printed.contains("CANARY"),
        "{printed}"
    );
    let token = Some("CANARYTOKEN");
    for signer in [
        Signer {
            secret: "CANARYSECRET",
            token,
            ..Signer::default()
        },
        Signer {
            key_id: "AKIDNOBODY",
            token,
            ..Signer::default()
        },
        Signer {
            at: Timestamp(0),
            token,
            ..Signer::default()
        },
    ] {
        let (_, message) = refusal(&authenticator, &signer.usual());
        assert!(!message.contains("CANARY"), "{message}");
    }
}
