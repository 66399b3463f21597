//! Encrypted streams through their operations: what is sealed, who may open it, and what is found
//! on disk.

mod canaries;
mod changes;
mod elsewhere;
mod nonces;
mod refusals;

use super::world::{Caller, World};
use millstream_kms::{KeyArn, KeyState, MemoryKeys, Place};
use millstream_model::{AccountId, Region};
use millstream_protocol::operations::{StartStreamEncryptionInput, StopStreamEncryptionInput};
use millstream_protocol::types::EncryptionType;
use millstream_store::{LogId, Offset, ReadLimit};
use millstream_streams::operations::{StartStreamEncryption, StopStreamEncryption};
use millstream_streams::{Limits, Settings};
use std::sync::Arc;
use std::time::Duration;

/// The first byte of a sealed record.
const SEALED: u8 = 2;

/// A world with a key service, and two keys in it.
pub struct Locked {
    pub world: World,
    keys: Arc<MemoryKeys>,
    pub a: KeyArn,
    b: KeyArn,
}

impl Locked {
    pub fn new() -> Self {
        let keys = Arc::new(MemoryKeys::new());
        let world = World::new(Settings {
            limits: Limits::Off,
            keys: Some(keys.clone()),
            ..Settings::default()
        });
        let place = Place {
            account: AccountId::parse("111111111111").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        let [a, b] = ["a", "b"].map(|id| keys.create(&place, id));
        Self { world, keys, a, b }
    }

    fn set(&self, state: KeyState) {
        self.keys.set(&self.a, state);
    }

    async fn pass(&self, time: Duration) {
        self.world.pass(time).await;
    }

    /// A stream of one shard, encrypted with the first key.
    async fn encrypted(&self) -> Caller {
        let caller = self.world.open().await;
        caller.create("s", 1).await.unwrap();
        caller.encrypt("s", &self.a).await;
        caller
    }
}

impl Caller {
    pub async fn encrypt(&self, stream: &str, key: &KeyArn) {
        let input = StartStreamEncryptionInput {
            stream_name: Some(stream.to_owned()),
            encryption_type: EncryptionType::Kms,
            key_id: key.to_string(),
            stream_arn: None,
            stream_id: None,
        };
        self.call::<StartStreamEncryption>(input).await.unwrap();
    }

    async fn encrypt_no_more(&self, stream: &str, key: &KeyArn) {
        let input = StopStreamEncryptionInput {
            stream_name: Some(stream.to_owned()),
            encryption_type: EncryptionType::Kms,
            key_id: key.to_string(),
            stream_arn: None,
            stream_id: None,
        };
        self.call::<StopStreamEncryption>(input).await.unwrap();
    }

    /// The logs of shards, in order.
    fn shard_logs(&self) -> Vec<LogId> {
        let mut logs = self.logs.known_list();
        logs.retain(|log| log.group < 1 << 56);
        logs
    }

    /// All records of a log, as they are stored.
    async fn stored(&self, log: LogId) -> Vec<Vec<u8>> {
        let limit = ReadLimit {
            records: u32::MAX,
            bytes: u64::MAX,
        };
        let read = self.logs.read(log, Offset(0), limit).await.unwrap();
        read.records().map(|record| record.bytes.to_vec()).collect()
    }
}

/// The data key and the counter of a sealed record.
fn nonce(stored: &[u8]) -> (u32, u64) {
    assert_eq!(stored[0], SEALED, "it is not sealed");
    let data_key = u32::from_le_bytes(stored[1..5].try_into().unwrap());
    let counter = u64::from_le_bytes(stored[9..17].try_into().unwrap());
    (data_key, counter)
}
