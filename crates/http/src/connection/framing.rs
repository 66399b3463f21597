//! Checks of a request's head that hyper's parser leaves out: hosts and body encodings (RFC 9112).

use http::{HeaderMap, Version, header};

/// Whether a request is unambiguous: it names its host exactly once, as a host, and its body has no
/// transfer coding that is not implemented here.
pub(crate) fn is_sound(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let has_host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host.as_bytes()),
        (None, _) => version != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    has_host
        && codings.all(|coding| {
            coding
                .as_bytes()
                .trim_ascii()
                .eq_ignore_ascii_case(b"chunked")
        })
}

/// Whether a text is `host[:port]` by its letters; the host may be empty.
fn is_host(text: &[u8]) -> bool {
    let is_letter =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte);
    let port = text.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    let has_port = port.len() < text.len() && !text.ends_with(b"]");
    text.iter().all(is_letter) && (!has_port || port.iter().all(u8::is_ascii_digit))
}

/// Whether a body has a content encoding, such as gzip. Nothing is ever decompressed here.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, value.parse().unwrap()))
            .fold(HeaderMap::new(), |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            })
    }

    #[test]
    fn head_when_it_can_be_understood_in_two_ways_then_is_not_sound() {
        let host = (header::HOST, "a");
        let coding = |text| (header::TRANSFER_ENCODING, text);
        for (version, pairs, expected) in [
            (Version::HTTP_11, vec![host.clone()], true),
            (Version::HTTP_11, vec![], false),
            (Version::HTTP_11, vec![(header::HOST, "a, b c")], false),
            (Version::HTTP_11, vec![host.clone(), host.clone()], false),
            (Version::HTTP_10, vec![], true),
            (Version::HTTP_10, vec![host.clone(), host.clone()], false),
            (Version::HTTP_2, vec![], true),
            (Version::HTTP_2, vec![host.clone(), host.clone()], false),
            (
                Version::HTTP_11,
                vec![host.clone(), coding(" Chunked ")],
                true,
            ),
            (
                Version::HTTP_11,
                vec![host.clone(), coding("gzip, chunked")],
                false,
            ),
            (
                Version::HTTP_11,
                vec![host, coding("gzip"), coding("chunked")],
                false,
            ),
        ] {
            let found = is_sound(version, &headers(&pairs));
            assert_eq!(found, expected, "{version:?} {pairs:?}");
        }
    }

    #[test]
    fn head_when_its_host_is_none_then_is_not_sound() {
        for (host, expected) in [
            ("", true),
            ("localhost", true),
            ("localhost:4567", true),
            ("localhost:", true),
            ("127.0.0.1:80", true),
            ("[::1]", true),
            ("[::1]:4567", true),
            ("kinesis.eu-west-1.amazonaws.com", true),
            ("my_host.local", true),
            ("a b", false),
            ("a/b", false),
            ("user@a", false),
            ("a?b", false),
            ("a:port", false),
            ("[::1]:port", false),
        ] {
            let found = is_sound(Version::HTTP_11, &headers(&[(header::HOST, host)]));
            assert_eq!(found, expected, "{host:?}");
        }
    }

    #[test]
    fn body_when_anything_but_itself_then_is_encoded() {
        for (encodings, expected) in [
            (&[][..], false),
            (&["identity"], false),
            (&["", "Identity , identity"], false),
            (&["gzip"], true),
            (&["identity", "identity, br"], true),
        ] {
            let pairs: Vec<_> = encodings
                .iter()
                .map(|encoding| (header::CONTENT_ENCODING, *encoding))
                .collect();
            assert_eq!(is_encoded(&headers(&pairs)), expected, "{encodings:?}");
        }
    }
}
