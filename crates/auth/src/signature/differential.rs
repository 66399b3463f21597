//! Random requests, signed by AWS's own crate: accepted as they are, refused once any byte of what
//! is signed is another.

use crate::keys::Validity;
use crate::signature::signing::{NOW, Signed, Signer, ann, authenticator, judge, keys};
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use std::time::Duration;

/// A request before it is signed.
#[derive(Clone, Debug)]
struct Drawn {
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    expires: Option<Duration>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let header = (
        "(x-amz-|accept-|b)[a-z0-9-]{1,6}",
        "[!-~]{0,4}( {1,3}[!-~]{1,5}){0,3}",
    );
    let parameter = "[a-z]{1,3}(=([a-zA-Z0-9+_.~-]|%[0-7][0-9A-F]|%[0-7][0-9a-f]){0,6})?";
    let query = proptest::collection::vec(parameter, 0..4);
    (
        // No part is dots alone, so that all others count.
        "((/([a-z][a-zA-Z0-9._~-]{0,4})?|/%[2-7][0-9A-D]){0,4})/?",
        query.prop_map(|parameters| parameters.join("&")),
        proptest::collection::vec(header, 0..6),
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::option::of((1..=604_800_u64).prop_map(Duration::from_secs)),
    )
        .prop_map(|(path, query, headers, body, expires)| Drawn {
            path: if path.starts_with('/') {
                path
            } else {
                "/".to_owned()
            },
            query,
            headers,
            body,
            expires,
        })
}

impl Drawn {
    /// Names are drawn once: AWS's crate signs several of one name as they come.
    fn sign(&self) -> Signed {
        let uri = match self.query.is_empty() {
            true => self.path.clone(),
            false => format!("{}?{}", self.path, self.query),
        };
        let mut request = Request::post(uri)
            .header("host", "kinesis.example:4567")
            .header("x-amz-target", "Kinesis_20131202.PutRecords")
            .body(self.body.clone())
            .unwrap();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let value = HeaderValue::from_str(value.trim()).unwrap();
            request.headers_mut().insert(name, value);
        }
        let signer = Signer {
            expires: self.expires,
            ..Signer::default()
        };
        signer.sign(request)
    }
}

/// Another letter or digit.
fn other(byte: u8, drawn: u8) -> u8 {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let letter = LETTERS[usize::from(drawn) % LETTERS.len()];
    if letter.eq_ignore_ascii_case(&byte) {
        if letter == b'7' { b'8' } else { b'7' }
    } else {
        letter
    }
}

/// The text with another byte at a place; `None` if there is none.
fn changed(text: &[u8], place: prop::sample::Index, byte: u8) -> Option<Vec<u8>> {
    let mut text = text.to_vec();
    let place = (!text.is_empty()).then(|| place.index(text.len()))?;
    text[place] = other(text[place], byte);
    Some(text)
}

/// Changes a byte of the body, of a header's value, or of the target: no other is in the request.
fn mutate(
    request: &mut Signed,
    part: prop::sample::Index,
    place: prop::sample::Index,
    byte: u8,
) -> bool {
    let names: Vec<_> = request.headers().keys().cloned().collect();
    match part.index(names.len() + 2) {
        0 => match changed(request.body(), place, byte) {
            Some(body) => *request.body_mut() = body,
            None => request.body_mut().push(byte),
        },
        1 => {
            let target = request.uri().to_string();
            let Some(target) = changed(&target.as_bytes()[1..], place, byte) else {
                return false;
            };
            let target = format!("/{}", String::from_utf8(target).unwrap());
            *request.uri_mut() = target.parse().unwrap();
        }
        part => {
            let name = names[part - 2].clone();
            let value = request.headers()[&name].as_bytes().to_vec();
            let Some(value) = changed(&value, place, byte) else {
                return false;
            };
            let value = HeaderValue::from_bytes(&value).unwrap();
            request.headers_mut().insert(name, value);
        }
    }
    true
}

proptest! {
    #[test]
    fn request_when_signed_then_is_accepted_and_once_a_byte_is_another_is_refused(
        drawn in drawn(),
        mutations in proptest::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()),
            8,
        ),
    ) {
        let authenticator = authenticator(keys(Validity::Lasting), NOW);
        let request = drawn.sign();
        let judged = judge(&authenticator, &request);
        prop_assert_eq!(judged.map_err(|error| error.message), Ok(ann()), "{:?}", request);
        for (part, place, byte) in mutations {
            let mut mutated = request.clone();
            if mutate(&mut mutated, part, place, byte) {
                prop_assert!(judge(&authenticator, &mutated).is_err(), "{:?}", mutated);
            }
        }
    }

    #[test]
    fn authorization_when_it_is_anything_then_is_judged_without_harm(
        text in "(AWS4-HMAC-SHA256 )?(Credential=[!-~]{0,40},? ?)?(SignedHeaders=[!-~]{0,20},? ?)?\
                 (Signature=[!-~]{0,70})?[ -~]{0,20}",
        date in "(20150830T123600Z|[ -~]{0,20})",
        query in "[!-\"$-~]{0,60}",
    ) {
        let authenticator = authenticator(keys(Validity::Lasting), NOW);
        let request = Request::post(format!("/?{query}"))
            .header("host", "a")
            .header("authorization", text)
            .header("x-amz-date", date)
            .body(Vec::new());
        if let Ok(request) = request {
            prop_assert!(judge(&authenticator, &request).is_err());
        }
    }
}
