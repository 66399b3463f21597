//! The canonical request, and the string to sign made of it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
//!
//! Two requests that mean different things have different canonical forms: a value's spaces and a
//! path's dots are all that is lost, and the parameters of the query are read by the same rules as
//! by [`crate::claim`].

use crate::Head;
use crate::signature::ALGORITHM;
use crate::signature::hex::{self, HASH_BYTES};
use crate::signature::signed_headers::{SignedHeaders, is_host};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use std::borrow::Cow;

/// The parameter of a query that is not signed: it is the signature.
const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

/// Room for the usual request, so that it is built without growing.
const USUAL_BYTES: usize = 1024;

/// All bytes but the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The same for a path, whose slashes stay.
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// Builds the canonical request.
pub(crate) fn request(
    head: Head<'_>,
    host: &[u8],
    signed: SignedHeaders<'_>,
    body_hash: &[u8; 2 * HASH_BYTES],
) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    text.extend_from_slice(head.method.as_str().as_bytes());
    text.push(b'\n');
    push_path(&mut text, head.uri.path());
    text.push(b'\n');
    if let Some(query) = head.uri.query() {
        push_query(&mut text, query);
    }
    text.push(b'\n');
    for name in signed.names() {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        if is_host(name) {
            push_value(&mut text, host);
        } else {
            for (place, value) in head.headers.get_all(name).iter().enumerate() {
                if place > 0 {
                    text.push(b',');
                }
                push_value(&mut text, value.as_bytes());
            }
        }
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(signed.text().as_bytes());
    text.push(b'\n');
    text.extend_from_slice(body_hash);
    text
}

/// Builds the string to sign. The scope is that of the credential, from the day to the terminator.
pub(crate) fn string_to_sign(date: &str, scope: [&str; 4], request: &[u8; HASH_BYTES]) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    for line in [ALGORITHM, date] {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    for (place, part) in scope.into_iter().enumerate() {
        if place > 0 {
            text.push(b'/');
        }
        text.extend_from_slice(part.as_bytes());
    }
    text.push(b'\n');
    text.extend_from_slice(&hex::encode(request));
    text
}

/// A header's value without white space around it, and with one space for several.
fn push_value(text: &mut Vec<u8>, value: &[u8]) {
    let value = value.trim_ascii();
    if memchr::memchr(b' ', value).is_none() {
        text.extend_from_slice(value);
        return;
    }
    let mut was_space = false;
    for byte in value {
        let is_space = *byte == b' ';
        if !(is_space && was_space) {
            text.push(*byte);
        }
        was_space = is_space;
    }
}

/// A path without empty and dotted parts, encoded once more than it came.
fn push_path(text: &mut Vec<u8>, path: &str) {
    if path == "/" {
        text.push(b'/');
        return;
    }
    let mut parts = Vec::new();
    let mut is_folder = true;
    for part in path.split('/') {
        is_folder = matches!(part, "" | "." | "..");
        match part {
            "" | "." => (),
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    for part in &parts {
        text.push(b'/');
        push_encoded(text, part.as_bytes(), ENCODED_IN_PATH);
    }
    if is_folder || parts.is_empty() {
        text.push(b'/');
    }
}

/// The parameters of a query, each decoded and encoded again, in ascending order, without the
/// signature.
fn push_query(text: &mut Vec<u8>, query: &str) {
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let mut parameters: Vec<_> = parameters
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (encoded_again(name), encoded_again(value))
        })
        .filter(|(name, _)| name != SIGNATURE_PARAMETER.as_bytes())
        .collect();
    parameters.sort_unstable();
    for (place, (name, value)) in parameters.iter().enumerate() {
        if place > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend_from_slice(value);
    }
}

/// A part of a parameter, decoded byte by byte and encoded again: what is no text stays what it is.
fn encoded_again(part: &str) -> Vec<u8> {
    let part = part.replace('+', " ");
    let decoded: Cow<'_, [u8]> = percent_decode_str(&part).into();
    let mut encoded = Vec::with_capacity(decoded.len());
    push_encoded(&mut encoded, &decoded, ENCODED);
    encoded
}

fn push_encoded(text: &mut Vec<u8>, bytes: &[u8], set: &'static AsciiSet) {
    for piece in percent_encode(bytes, set) {
        text.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The canonical form of a path.
    pub(crate) fn path_of(path: &str) -> String {
        let mut text = Vec::new();
        push_path(&mut text, path);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn value_when_it_has_spaces_then_keeps_one_of_them() {
        for (value, expected) in [
            ("a", "a"),
            ("  a  ", "a"),
            ("a   b c", "a b c"),
            ("\ta", "a"),
            ("\"a   b\"", "\"a b\""),
            ("", ""),
            ("   ", ""),
        ] {
            let mut text = Vec::new();
            push_value(&mut text, value.as_bytes());
            assert_eq!(text, expected.as_bytes(), "{value:?}");
        }
    }

    #[test]
    fn path_when_not_the_root_then_is_normalized_and_encoded_once_more() {
        for (path, expected) in [
            ("/", "/"),
            ("//", "/"),
            ("/.", "/"),
            ("/a/..", "/"),
            ("/../a", "/a"),
            ("/a/./b/", "/a/b/"),
            ("/a//b", "/a/b"),
            ("/%2f", "/%252f"),
            ("/%2F/a b", "/%252F/a%20b"),
            ("*", "/%2A"),
        ] {
            assert_eq!(path_of(path), expected, "{path:?}");
        }
    }

    #[test]
    fn query_when_it_is_in_any_form_then_is_sorted_encoded_and_without_its_signature() {
        for (query, expected) in [
            ("", ""),
            ("a", "a="),
            ("b=1&a=2&a=1", "a=1&a=2&b=1"),
            ("a=%7e%2f+%zz", "a=~%2F%20%25zz"),
            ("X-Amz-Signature=x&X-Amz-Date=y", "X-Amz-Date=y"),
            ("X-Amz%2DSignature=x", ""),
            ("a=\u{1234}", "a=%E1%88%B4"),
            ("a=%A0&b=%ef%bf%bd", "a=%A0&b=%EF%BF%BD"),
            ("&&a==b&", "a=%3Db"),
        ] {
            let mut text = Vec::new();
            push_query(&mut text, query);
            assert_eq!(text, expected.as_bytes(), "{query:?}");
        }
    }
}
