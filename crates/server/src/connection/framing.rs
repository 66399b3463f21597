//! What a request's head says of its body and its host that the parser lets pass, and that is no
//! request of HTTP all the same (RFC 9112).

use http::{HeaderMap, Version, header};

/// Whether a request can be understood in one way only: it names its host, once, and its body comes
/// in no coding that nobody here undoes.
pub(crate) fn is_sound(version: Version, headers: &HeaderMap) -> bool {
    let hosts = headers.get_all(header::HOST).iter().count();
    let has_host = match version {
        Version::HTTP_11 => hosts == 1,
        // HTTP/2 has it in a field of its own, HTTP/1.0 need not have it.
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

/// Whether what a body says is encoded once more, as with gzip. Nothing is ever decompressed here.
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
