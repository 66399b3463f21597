//! Request ids, carried by every response: `x-amzn-RequestId` and `x-amz-id-2`.
//!
//! They identify requests and are not secret. A counter, mixed with a seed that the process draws
//! once, is cheap on the hot path.

use base64_simd::{Out, STANDARD};
use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use millstream_env::{Random, RequestContext};
use std::sync::atomic::{AtomicU64, Ordering};

const UUID_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
const EXTENDED_WORDS: usize = 9;
/// Length of 72 bytes in base64.
const EXTENDED_LENGTH: usize = EXTENDED_WORDS * 8 / 3 * 4;
const WORDS: usize = 2 + EXTENDED_WORDS;

/// A generator of ids.
pub(crate) struct RequestIds {
    next: AtomicU64,
}

/// A request's ids, as header text.
pub(crate) struct RequestId {
    text: Bytes,
}

impl RequestIds {
    /// A generator with a random seed: collisions with others are improbable.
    pub(crate) fn new(random: &dyn Random) -> Self {
        let mut seed = [0; 8];
        random.fill(&mut seed);
        Self {
            next: AtomicU64::new(u64::from_le_bytes(seed)),
        }
    }

    /// The next request's ids.
    pub(crate) fn next(&self) -> RequestId {
        let first = self.next.fetch_add(WORDS as u64, Ordering::Relaxed);
        let mut bytes = [0; WORDS * 8];
        for (word, place) in (first..).zip(bytes.chunks_exact_mut(8)) {
            place.copy_from_slice(&mix(word).to_le_bytes());
        }
        let (id, extended) = bytes.split_at(16);
        let id = id.try_into().expect("it was split at 16");
        let mut text = BytesMut::zeroed(UUID_LENGTH + EXTENDED_LENGTH);
        let (uuid_text, extended_text) = text.split_at_mut(UUID_LENGTH);
        uuid::Builder::from_random_bytes(id)
            .into_uuid()
            .hyphenated()
            .encode_lower(uuid_text);
        let _ = STANDARD.encode(extended, Out::from_slice(extended_text));
        RequestId {
            text: text.freeze(),
        }
    }
}

impl RequestId {
    /// The request id.
    pub(crate) fn id(&self) -> HeaderValue {
        header(self.text.slice(..UUID_LENGTH))
    }

    /// The extended id.
    pub(crate) fn extended(&self) -> HeaderValue {
        header(self.text.slice(UUID_LENGTH..))
    }

    /// The log context of a request about which nothing else is known yet.
    pub(crate) fn context(&self) -> RequestContext {
        let id = self.text[..UUID_LENGTH].try_into();
        RequestContext::new(id.expect("a UUID's text has one length"))
    }
}

fn header(text: Bytes) -> HeaderValue {
    HeaderValue::from_maybe_shared(text).expect("UUIDs and base64 are visible ASCII")
}

/// A bijection of 64-bit words that scatters neighbours (the finalizer of SplitMix64).
fn mix(word: u64) -> u64 {
    let word = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::SeededRandom;
    use std::collections::BTreeSet;

    #[test]
    fn ids_when_made_in_a_row_then_are_well_formed_and_never_alike() {
        let ids = RequestIds::new(&SeededRandom::new(7));
        let mut seen = BTreeSet::new();
        for _ in 0..1000 {
            let id = ids.next();
            let (context, header) = (id.context(), id.id());
            let uuid = uuid::Uuid::parse_str(context.id()).unwrap();
            assert_eq!(uuid.get_version_num(), 4);
            assert_eq!(header.to_str().unwrap(), context.id());
            let extended = STANDARD.decode_to_vec(id.extended().as_bytes()).unwrap();
            assert_eq!(extended.len(), 72);
            assert!(seen.insert(context.id().to_owned()) && seen.insert(format!("{extended:?}")));
        }
    }
}
