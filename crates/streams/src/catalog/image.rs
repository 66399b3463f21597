//! The encoding of the state in snapshots. docs/formats/catalog.md has the tables.

use super::account::Account;
use super::scope::Scope;
use super::state::State;
use super::stream::Stream;
use super::token_key::TokenKey;
use millstream_model::StreamName;
use minicbor::decode::Error;
use minicbor::{Decode, Encode};

/// The version that this build writes and reads.
pub const IMAGE_VERSION: u8 = 1;

/// The encoded form of the state.
#[derive(Encode, Decode)]
struct Image {
    #[n(0)]
    streams: Vec<Stream>,
    #[n(1)]
    deleted: Vec<Deleted>,
    #[n(2)]
    token_keys: Vec<TokenKey>,
    /// Those that have any settings; absent in earlier snapshots.
    #[n(3)]
    #[cbor(default)]
    accounts: Vec<Account>,
}

#[derive(Encode, Decode)]
struct Deleted {
    #[n(0)]
    scope: Scope,
    #[cbor(n(1), with = "super::codec::text")]
    name: StreamName,
    #[n(2)]
    second: u64,
}

/// Encodes a state.
pub fn encode(state: &State) -> Vec<u8> {
    let deleted = state.scopes.iter().flat_map(|(scope, neighbours)| {
        neighbours.deleted().map(|(name, second)| Deleted {
            scope: scope.clone(),
            name: name.clone(),
            second,
        })
    });
    let accounts = state.scopes.iter().filter_map(|(scope, neighbours)| {
        let commitment = neighbours.commitment().copied();
        commitment.is_some().then(|| Account {
            scope: scope.clone(),
            commitment,
        })
    });
    let image = Image {
        streams: state
            .streams()
            .map(|stream| Stream::clone(stream))
            .collect(),
        deleted: deleted.collect(),
        token_keys: state.token_keys.clone(),
        accounts: accounts.collect(),
    };
    minicbor::to_vec(&image).expect("writing to memory does not fail")
}

/// Decodes a state.
///
/// # Errors
/// If the bytes are not a state.
pub fn decode(bytes: &[u8]) -> Result<State, Error> {
    let image: Image = minicbor::decode(bytes)?;
    let mut state = State {
        token_keys: image.token_keys,
        ..State::default()
    };
    for stream in image.streams {
        state.put(stream);
    }
    for deleted in image.deleted {
        let neighbours = state.scopes.entry(deleted.scope).or_default();
        neighbours.remember_deleted(deleted.name, deleted.second);
    }
    for account in image.accounts {
        let neighbours = state.scopes.entry(account.scope).or_default();
        neighbours.set_commitment(account.commitment);
    }
    Ok(state)
}
