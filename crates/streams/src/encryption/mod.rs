//! Encryption of records: data keys of streams, and who may use them.
//!
//! docs/adr/0047: a data key belongs to the process that seals with it. It is wrapped by the
//! stream's KMS key, and only so does it reach the catalog, before it seals the first record. What
//! a [`Sealer`] seals is bound to its log and to offsets from a known end of it on.
//!
//! What always holds: nothing is sealed or opened with a data key whose KMS key the key service did
//! not allow lately ([`KEY_FRESH`]).

mod cipher;
mod data_keys;
mod groups;
mod keeping;
mod own_keys;

pub(crate) use cipher::{Place, RecordKey};
#[cfg(test)]
pub(crate) use groups::push_sealed;
pub(crate) use groups::sealed_bytes_max;
pub use keeping::{KEY_FRESH, REFUSAL_KEPT, UNCONFIRMED_MAX};
pub use own_keys::DATA_KEY_USED_MAX;
pub(crate) use own_keys::Sealer;

use crate::catalog::Stream;
use crate::facts::DataKeyFailure;
use crate::settings::Settings;
use crate::streams::Streams;
use data_keys::DataKeys;
use millstream_env::{Env, Timestamp};
use millstream_kms::EncryptionContext;
use millstream_store::LogStore;
use own_keys::OwnKeys;
use std::sync::Arc;

/// What seals and opens the records of all streams.
pub(crate) struct Encryption {
    data_keys: Arc<DataKeys>,
    own: OwnKeys,
}

impl Encryption {
    pub(crate) fn new(
        env: &Env,
        store: &Arc<dyn LogStore>,
        settings: &Settings,
        streams: &Streams,
    ) -> Self {
        let service = settings.keys.clone();
        let data_keys = Arc::new(DataKeys::new(env.clone(), service, streams.clone()));
        let (env, store) = (env.clone(), Arc::clone(store));
        let own = OwnKeys::new(env, store, streams.clone(), Arc::clone(&data_keys));
        Self { data_keys, own }
    }

    /// What seals a stream's new records; `None` if they are not encrypted.
    pub(crate) async fn sealer(&self, stream: &Stream) -> Result<Option<Sealer>, DataKeyFailure> {
        match stream.encryption {
            Some(_) => self.own.sealer(stream.id).await,
            None => Ok(None),
        }
    }

    /// A data key of a stream, which may be used now.
    pub(crate) async fn data_key(
        &self,
        stream: &Stream,
        number: u32,
    ) -> Result<Arc<RecordKey>, DataKeyFailure> {
        self.data_keys.usable(stream.id, number).await
    }

    /// Whether all of these data keys of a stream may be used now.
    pub(crate) async fn check(
        &self,
        stream: &Stream,
        numbers: &[u32],
    ) -> Result<(), DataKeyFailure> {
        for number in numbers {
            self.data_key(stream, *number).await?;
        }
        Ok(())
    }

    /// Forgets the data keys of streams that are gone, whoever deleted them.
    pub(crate) fn forget_gone(&self) {
        self.own.forget_gone();
        self.data_keys.forget_gone();
    }
}

/// The highest number of those data keys of a stream that no record needs which arrived at this
/// time or later; `None` if each may be needed. The newest one always is.
pub(crate) fn unneeded_before(stream: &Stream, cutoff: Timestamp) -> Option<u32> {
    let (_newest, older) = stream.data_keys.all().split_last()?;
    let made_before = cutoff.minus(DATA_KEY_USED_MAX);
    let unneeded = older
        .iter()
        .take_while(|key| key.created_ms < made_before.0);
    unneeded.last().map(|key| key.number)
}

/// What a stream's data keys are bound to: AWS binds them to the same.
///
/// <https://docs.aws.amazon.com/streams/latest/dev/server-side-encryption.html>
fn context(stream: &Stream) -> EncryptionContext {
    EncryptionContext {
        name: "aws:kinesis:arn",
        value: stream.arn().to_string(),
    }
}
