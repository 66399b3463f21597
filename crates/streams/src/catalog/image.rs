//! The encoding of the state in snapshots. docs/formats/catalog.md has the tables.

use super::account::Account;
use super::scope::Scope;
use super::soundness;
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
        soundness::check(&stream).map_err(Error::message)?;
        let is_named = state.stream(&stream.scope, stream.name.as_str()).is_some();
        if is_named || state.stream_by_id(stream.id).is_some() {
            return Err(Error::message("two streams have one id or one name"));
        }
        state.put(stream);
    }
    for deleted in image.deleted {
        let neighbours = state.scopes.entry(deleted.scope).or_default();
        neighbours.remember_deleted(deleted.name, deleted.second);
    }
    for account in image.accounts {
        if account.commitment.is_none() {
            continue;
        }
        let neighbours = state.scopes.entry(account.scope).or_default();
        neighbours.set_commitment(account.commitment);
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Command, CreateStream, Mode, Quotas};
    use millstream_env::Timestamp;
    use millstream_model::{AccountId, Region};
    use millstream_replicated::Machine as _;
    use millstream_store::Offset;
    use std::num::NonZeroU32;

    fn scope() -> Scope {
        Scope {
            account: AccountId::parse("111111111111").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        }
    }

    fn stream(id: u64, name: &str) -> Stream {
        let mut state = State::default();
        let create = CreateStream {
            scope: scope(),
            name: StreamName::parse(name).unwrap(),
            mode: Mode::Provisioned,
            shards: NonZeroU32::MIN,
            tags: Default::default(),
            record_kib_max: 1_024,
            transition_ms: 0,
            quotas: Quotas::default(),
            warm_mibps: None,
            distribution: Default::default(),
        };
        let created = Command::CreateStream(create);
        state.apply(Offset(id), Timestamp(5), &created).unwrap();
        Stream::clone(state.stream_by_id(id).unwrap())
    }

    fn read(streams: Vec<Stream>, accounts: Vec<Account>) -> Result<State, Error> {
        let image = Image {
            streams,
            deleted: Vec::new(),
            token_keys: Vec::new(),
            accounts,
        };
        decode(&minicbor::to_vec(&image).unwrap())
    }

    #[test]
    fn snapshot_when_two_streams_have_one_id_or_one_name_then_is_refused() {
        assert!(read(vec![stream(1, "a"), stream(2, "b")], Vec::new()).is_ok());
        for (id, name) in [(1, "b"), (2, "a")] {
            let error = read(vec![stream(1, "a"), stream(id, name)], Vec::new());
            let text = error.unwrap_err().to_string();
            assert!(
                text.contains("two streams have one id or one name"),
                "{text}"
            );
        }
    }

    #[test]
    fn snapshot_when_a_stream_is_unsound_then_is_refused() {
        let mut unsound = stream(1, "a");
        unsound.next_shard = 0;
        let text = read(vec![unsound], Vec::new()).unwrap_err().to_string();
        assert!(text.contains("the next shard's index"), "{text}");
    }

    #[test]
    fn account_when_it_has_no_settings_then_leaves_no_trace() {
        let account = Account {
            scope: scope(),
            commitment: None,
        };
        assert_eq!(read(Vec::new(), vec![account]).unwrap(), State::default());
    }
}
