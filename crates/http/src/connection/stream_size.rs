//! What an HTTP/2 stream is charged: an upper bound, computed from its head alone.
//!
//! HTTP/1 does not need it: a connection has one request at a time, and its head is in the buffer
//! that [`crate::read_buffer`] counts.

use http::Request;

/// A stream without its head: its task, h2's state, and a response of at most
/// [`crate::pieces::SMALL_BYTES`] that waits to be written.
pub(crate) const STREAM_BYTES: usize = 8 * 1024;
/// Overhead of a header field in its map and in h2's.
const FIELD_BYTES: usize = 160;
/// Factor on names and values: they are slices of the frames that they arrived in, and keep those
/// alive.
const PINNED: usize = 2;

/// Bytes that a stream holds until its response is written.
pub(crate) fn stream_bytes<B>(request: &Request<B>) -> usize {
    let uri = request.uri();
    let target = uri.path().len()
        + uri.query().map_or(0, str::len)
        + uri
            .authority()
            .map_or(0, |authority| authority.as_str().len());
    let fields = request.headers().iter();
    let fields =
        fields.map(|(name, value)| FIELD_BYTES + PINNED * (name.as_str().len() + value.len()));
    STREAM_BYTES + PINNED * target + fields.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_when_its_head_is_large_then_is_charged_with_all_of_it() {
        let small = Request::post("http://a/").body(()).unwrap();
        let base = stream_bytes(&small);
        assert!((STREAM_BYTES..STREAM_BYTES + 100).contains(&base));
        let mut request = Request::post(format!("http://a/{}?{}", "p".repeat(50), "q".repeat(50)));
        for field in ["x-a", "x-b", "x-b"] {
            request = request.header(field, "v".repeat(1000));
        }
        let large = stream_bytes(&request.body(()).unwrap());
        assert_eq!(large - base, 2 * 100 + 3 * (FIELD_BYTES + 2 * 1003));
    }
}
