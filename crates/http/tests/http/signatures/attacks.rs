//! The attacks: each a request to make a stream, right but for one thing.

use super::signer::*;
use http::Uri;
use millstream_protocol::ErrorCode::{
    self, ExpiredTokenException, IncompleteSignatureException, InvalidSignatureException,
    MissingAuthenticationTokenException, UnrecognizedClientException,
};
use std::time::Duration;

const MISMATCH: &str = "The request signature we calculated does not match the signature you \
                        provided. Check your AWS Secret Access Key and signing method. Consult \
                        the service documentation for details.";
const INVALID_TOKEN: &str = "The security token included in the request is invalid.";
const MISSING: &str = "Missing Authentication Token";

/// An attack: what it is, its request, and the code and text of its refusal.
pub(super) type Attack = (&'static str, Signed, ErrorCode, String);

/// The attacks that are the same in both forms.
pub(super) fn attacks(form: Form) -> Vec<Attack> {
    [of_strangers(form), on_what_is_signed(form), on_scopes(form)].concat()
}

fn invalid(what: &'static str, request: Signed, message: &str) -> Attack {
    (what, request, InvalidSignatureException, message.to_owned())
}

/// Who signs without the secret, or without the right token.
fn of_strangers(form: Form) -> Vec<Attack> {
    let unknown = |what, signer: Signer| {
        let code = UnrecognizedClientException;
        (what, signer.request(), code, INVALID_TOKEN.to_owned())
    };
    let signer = Signer::new(form);
    let key = |key_id| Signer { key_id, ..signer };
    let token = |key_id, token| Signer {
        token: Some(token),
        ..key(key_id)
    };
    let wrong = Signer {
        secret: "wrong",
        ..signer
    };
    vec![
        invalid("a wrong secret", wrong.request(), MISMATCH),
        unknown("an unknown key", key("AKIDNOBODY")),
        unknown("a removed key", key(REMOVED_ID)),
        unknown("a session without its token", key(SESSION_ID)),
        unknown(
            "a session with another's token",
            token(SESSION_ID, "CANARYxother"),
        ),
        unknown("a token where none is due", token(KEY_ID, TOKEN)),
        (
            "the end of a session",
            token("AKIDEXPIRED", TOKEN).request(),
            ExpiredTokenException,
            "The security token included in the request is expired".to_owned(),
        ),
    ]
}

/// Signatures that are others', or of something else.
fn on_what_is_signed(form: Form) -> Vec<Attack> {
    let last = |text: &str| if text.ends_with('0') { "1" } else { "0" };
    let digit = |text: &str| format!("{}{}", &text[..text.len() - 1], last(text));
    let other = |text: &str| text[..text.len() - 1].to_owned();
    let body = r#"{"StreamName":"other","ShardCount":1}"#;
    let unsigned = Signer {
        unsigned: Some("x-amz-target"),
        ..Signer::new(form)
    };
    vec![
        invalid("63 right digits", forged(form, digit), MISMATCH),
        invalid("a digit missing", forged(form, other), MISMATCH),
        invalid(
            "another body",
            Signer::new(form).request().map(|_| body),
            MISMATCH,
        ),
        invalid(
            "another host",
            with(form, "host", "kinesis.example"),
            MISMATCH,
        ),
        invalid(
            "another operation",
            with(form, "x-amz-target", "Kinesis_20131202.DeleteStream"),
            MISMATCH,
        ),
        invalid(
            "an operation that is not signed",
            unsigned.request(),
            "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        invalid(
            "another header of Amazon's that is not signed",
            with(form, "x-amz-user-agent", "a"),
            "'x-amz-user-agent' must be a 'SignedHeader' in the AWS Authorization.",
        ),
    ]
}

/// Signatures for another service, region, time or algorithm.
fn on_scopes(form: Form) -> Vec<Attack> {
    let service = Signer {
        service: "s3",
        ..Signer::new(form)
    };
    let future = Signer {
        at: NOW.plus(Duration::from_secs(360)),
        ..Signer::new(form)
    };
    vec![
        invalid(
            "another service",
            service.request(),
            "Credential should be scoped to correct service: 'kinesis'. ",
        ),
        invalid(
            "another region",
            forged(form, |text| text.replace("us-east-1", "eu-west-1")),
            MISMATCH,
        ),
        invalid(
            "the future",
            future.request(),
            "Signature not yet current: 20150830T124200Z is still later than 20150830T124100Z \
             (20150830T123600Z + 5 min.)",
        ),
        (
            "another algorithm",
            forged(form, |text| {
                text.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")
            }),
            IncompleteSignatureException,
            "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.".to_owned(),
        ),
    ]
}

/// The attacks on signatures in the header.
pub(super) fn attacks_on_headers() -> Vec<Attack> {
    let signer = Signer::new(Form::Header);
    let without = |text| {
        let mut request = signer.request();
        match text {
            Some(text) => set(&mut request, "authorization", text),
            None => drop(request.headers_mut().remove("authorization")),
        }
        request
    };
    let mut two = signer.request();
    let again = two.headers()["authorization"].clone();
    two.headers_mut().append("authorization", again);
    let mut both = Signer::new(Form::Query).request();
    let value = signer.request().headers()["authorization"].clone();
    both.headers_mut().insert("authorization", value);
    let missing = |what, request| {
        (
            what,
            request,
            MissingAuthenticationTokenException,
            MISSING.into(),
        )
    };
    let mut parameter = signer.request();
    *parameter.uri_mut() = Uri::from_static("/?a=1");
    vec![
        missing("no claim", without(None)),
        missing("an empty one", without(Some(""))),
        (
            "two of them",
            two,
            IncompleteSignatureException,
            "Authorization header is present more than once.".into(),
        ),
        (
            "one in each form",
            both,
            InvalidSignatureException,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP \
             header."
                .into(),
        ),
        (
            "a body that is not signed",
            with(Form::Header, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            InvalidSignatureException,
            "'x-amz-content-sha256' must be a 'SignedHeader' in the AWS Authorization.".into(),
        ),
        (
            "a parameter that is not signed",
            parameter,
            InvalidSignatureException,
            MISMATCH.into(),
        ),
        (
            "the past",
            Signer {
                at: NOW.minus(Duration::from_secs(360)),
                ..signer
            }
            .request(),
            InvalidSignatureException,
            "Signature expired: 20150830T123000Z is now earlier than 20150830T123100Z \
             (20150830T123600Z - 5 min.)"
                .into(),
        ),
    ]
}

/// The attacks on signatures in the query.
pub(super) fn attacks_on_queries() -> Vec<Attack> {
    let expires = |text: &'static str| {
        forged(Form::Query, |uri| {
            uri.replace("X-Amz-Expires=60", &format!("X-Amz-Expires={text}"))
        })
    };
    let no_time = |what, text| {
        let message = "X-Amz-Expires must be a number of seconds from 1 to 604800";
        (
            what,
            expires(text),
            InvalidSignatureException,
            message.into(),
        )
    };
    vec![
        no_time("no time at all", "0"),
        no_time("a negative time", "-1"),
        no_time("more than a week", "604801"),
        (
            "longer than it was signed for",
            expires("600"),
            InvalidSignatureException,
            MISMATCH.into(),
        ),
        (
            "a time that is over",
            Signer {
                at: NOW.minus(Duration::from_secs(61)),
                ..Signer::new(Form::Query)
            }
            .request(),
            InvalidSignatureException,
            "Signature expired: 20150830T123459Z is now earlier than 20150830T123500Z \
             (20150830T123600Z - 60 sec.)"
                .into(),
        ),
        (
            "parts of a claim",
            forged(Form::Query, |uri| {
                uri.replace("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "")
            }),
            MissingAuthenticationTokenException,
            MISSING.into(),
        ),
    ]
}
