//! The calls that a producer makes, and the stream that answers them.

use crate::{Client, Error, Retries, StreamRef};
use millstream_env::BoxFuture;
use millstream_protocol::operations::PutRecordsOutput;
use millstream_protocol::types::{PutRecordsRequestEntry, Shard};

/// Maximum number of shards that are listed, closed ones included: five times AWS's quota of open
/// ones, some 40 MB.
const SHARDS_MAX: usize = 100_000;

/// Where a producer's records go.
pub(super) trait Service: Send + Sync + 'static {
    /// Sends records, once.
    fn put_records(
        &self,
        records: Vec<PutRecordsRequestEntry>,
    ) -> BoxFuture<Result<PutRecordsOutput, Error>>;

    /// Lists all shards, those that are closed included.
    fn list_shards(&self) -> BoxFuture<Result<Vec<Shard>, ListError>>;
}

/// Why shards are not listed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    #[error(transparent)]
    Call(#[from] Error),
    #[error("the stream has more than {SHARDS_MAX} shards, closed ones included")]
    TooMany,
}

/// A stream of a client's service.
pub(super) struct Stream {
    client: Client,
    /// The same client without retries, which the producer has of its own.
    once: Client,
    stream: StreamRef,
}

impl Stream {
    pub(super) fn new(client: &Client, stream: StreamRef) -> Self {
        Self {
            client: client.clone(),
            once: client.with_retries(Retries::none()),
            stream,
        }
    }
}

impl Service for Stream {
    fn put_records(
        &self,
        records: Vec<PutRecordsRequestEntry>,
    ) -> BoxFuture<Result<PutRecordsOutput, Error>> {
        let call = self.once.put_records(&self.stream, records);
        Box::pin(async move { call.await })
    }

    fn list_shards(&self) -> BoxFuture<Result<Vec<Shard>, ListError>> {
        let mut pages = self.client.list_shards(&self.stream).pages();
        Box::pin(async move {
            let mut shards = Vec::new();
            while let Some(page) = pages.next().await? {
                shards.extend(page.shards.unwrap_or_default());
                if shards.len() > SHARDS_MAX {
                    return Err(ListError::TooMany);
                }
            }
            Ok(shards)
        })
    }
}
