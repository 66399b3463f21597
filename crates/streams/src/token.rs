//! Sealed tokens: shard iterators and NextTokens.
//!
//! A token is XChaCha20-Poly1305 under a key of the catalog, so it cannot be read, edited or
//! forged. It is bound to its account, region and kind, and works on any node and after a restart.
//! docs/formats/tokens.md has the table.

mod cipher;
mod keyring;

pub(crate) use keyring::{KeepError, Keyring};

use crate::catalog::{Scope, TokenSecret};
use base64_simd::STANDARD as BASE64;
use cipher::{Cipher, NONCE_BYTES, TAG_BYTES};
use millstream_env::{Env, Timestamp};
use minicbor::{Decode, Encode};

/// The first eight bytes of a shard iterator, as on AWS; ours are a version.
const VERSION: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
/// Sizes to which content is padded, so that a token has a length that occurs on AWS: 152 to 280
/// bytes, a multiple of 16 after the version.
const PADDED_BYTES: [usize; 3] = [104, 168, 232];
/// Maximum size of the content: names and filters have limits.
const PADDED_BYTES_MAX: usize = PADDED_BYTES[PADDED_BYTES.len() - 1];
/// Position of the sealed text.
const SEALED_AT: usize = VERSION.len() + NONCE_BYTES;
/// Maximum size of a token before base64.
const TOKEN_BYTES_MAX: usize = SEALED_AT + PADDED_BYTES_MAX + TAG_BYTES;
/// Maximum length of a token; a longer one is rejected unread.
pub const TOKEN_CHARS_MAX: usize = 512;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A shard iterator.
    ShardIterator,
    /// ListShards' NextToken.
    ListShards,
    /// ListStreams' NextToken.
    ListStreams,
    /// ListStreamConsumers' NextToken.
    ListStreamConsumers,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::ShardIterator => 1,
            Self::ListShards => 2,
            Self::ListStreams => 3,
            Self::ListStreamConsumers => 4,
        }
    }
}

/// A shard iterator's content.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ShardIterator {
    /// The stream's id.
    #[n(0)]
    pub stream: u64,
    /// The stream's name: where the stream is gone, for error texts, and to find the one that was
    /// made anew by that name.
    #[n(1)]
    pub name: String,
    /// The shard's index.
    #[n(2)]
    pub shard: u32,
    /// The next offset to read.
    #[n(3)]
    pub position: u64,
}

/// A token's content and its age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<T> {
    /// When it was sealed.
    pub created: Timestamp,
    /// The content.
    pub content: T,
}

/// Seals a token.
pub fn seal<T: Encode<()>>(
    env: &Env,
    key: &TokenSecret,
    kind: Kind,
    scope: &Scope,
    content: &T,
) -> String {
    let mut token = Vec::with_capacity(TOKEN_BYTES_MAX);
    token.extend_from_slice(&VERSION);
    let mut nonce = [0; NONCE_BYTES];
    env.random.fill(&mut nonce);
    token.extend_from_slice(&nonce);
    token.extend_from_slice(&env.clock.now().0.to_be_bytes());
    minicbor::encode(content, &mut token).expect("writing to memory does not fail");
    let plain_bytes = token.len() - SEALED_AT;
    let padded = PADDED_BYTES.into_iter().find(|size| *size >= plain_bytes);
    let padded = padded.unwrap_or(PADDED_BYTES_MAX).max(plain_bytes);
    token.resize(SEALED_AT + padded, 0);
    let aad = associated(kind, scope);
    let tag = Cipher::new(key.expose(), &nonce).seal(&aad, &mut token[SEALED_AT..]);
    token.extend_from_slice(&tag);
    BASE64.encode_to_string(token)
}

/// Opens a token under the first of some keys that fits; `None` if it is not ours, or of another
/// kind, account or region.
pub fn open<'k, T: for<'b> Decode<'b, ()>>(
    keys: impl IntoIterator<Item = &'k TokenSecret>,
    kind: Kind,
    scope: &Scope,
    token: &str,
) -> Option<Opened<T>> {
    // Users quote iterators in shells; AWS accepts them with the quotes.
    let token = token
        .strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
        .unwrap_or(token);
    if token.len() > TOKEN_CHARS_MAX {
        return None;
    }
    let bytes = BASE64.decode_to_vec(token).ok()?;
    let rest = bytes.strip_prefix(&VERSION)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
    let aad = associated(kind, scope);
    let plain = keys.into_iter().find_map(|key| {
        let mut text = sealed.to_vec();
        let bytes = Cipher::new(key.expose(), nonce)
            .open(&aad, &mut text)?
            .len();
        text.truncate(bytes);
        Some(text)
    })?;
    let (created, content) = plain.split_first_chunk::<8>()?;
    let created = Timestamp(u64::from_be_bytes(*created));
    Some(Opened {
        created,
        content: minicbor::decode(content).ok()?,
    })
}

/// The associated data of the seal.
fn associated(kind: Kind, scope: &Scope) -> Vec<u8> {
    let Scope { account, region } = scope;
    let mut bytes = Vec::with_capacity(64);
    bytes.push(kind.byte());
    bytes.extend_from_slice(account.as_str().as_bytes());
    bytes.push(b'/');
    bytes.extend_from_slice(region.as_str().as_bytes());
    bytes
}

// The sizes are AWS's.
const _: () = {
    let mut i = 0;
    while i < PADDED_BYTES.len() {
        assert!((NONCE_BYTES + PADDED_BYTES[i] + TAG_BYTES).is_multiple_of(16));
        i += 1;
    }
};

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
