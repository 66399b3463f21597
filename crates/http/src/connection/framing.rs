//! Checks of a request's head that hyper's parser leaves out: ambiguous hosts and body encodings
//! (RFC 9112).

use http::{HeaderMap, Version, header};

/// Whether a request is unambiguous: it names its host exactly once, and its body has no transfer
/// coding that is not implemented here.
pub(crate) fn is_sound(version: Version, headers: &HeaderMap) -> bool {
    let hosts = headers.get_all(header::HOST).iter().count();
    let has_host = match version {
        Version::HTTP_11 => hosts == 1,
        // HTTP/2 has a field of its own for it, HTTP/1.0 does not require it.
        _ => hosts <= 1,
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
