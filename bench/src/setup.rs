//! Creates streams, fills those that are read, and finds the positions to read from.

use crate::load::Source;
use crate::requests;
use crate::signer::{KEY_ID, SECRET};
use crate::workload::{Operation, Workload};
use anyhow::Context;
use millstream_client::types::{EncryptionType, ShardIteratorType, StreamStatus};
use millstream_client::{Builder, Client, Credentials};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Records per request when filling a stream.
const FILL_BATCH: usize = 500;
/// Approximate bytes per request when filling a stream.
const FILL_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Size of a stream for cold reads: several times what the server caches.
const COLD_BYTES: usize = 128 * 1024 * 1024;
/// Size of a stream for reads at the tail, as a multiple of what is read. Each contestant that
/// reads it fills it again, and it is small enough that all of them find their records cached.
const TAIL_TIMES: usize = 2;

/// Timeout of an attempt.
const PATIENCE: Duration = Duration::from_secs(120);

/// The sequence numbers of each shard, in order.
type Positions = BTreeMap<String, Vec<String>>;

/// A client of a server. It tries again what fails for the moment, and waits for servers that
/// journal a large put.
pub fn client(address: SocketAddr) -> Builder {
    Client::builder()
        .endpoint(format!("http://{address}"))
        .credentials(Credentials::new(KEY_ID, SECRET, None))
        .attempt_timeout(PATIENCE)
}

/// Sends all requests that are not measured.
pub struct Setup {
    client: Client,
    streams: Streams,
}

/// How the records of streams are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// As they come.
    Plain,
    /// Encrypted with the key of the service itself.
    Encrypted,
}

/// The key of the service itself.
const KEY: &str = "alias/aws/kinesis";

impl Setup {
    /// A setup for the server at this address.
    pub fn new(address: SocketAddr, streams: Streams) -> anyhow::Result<Self> {
        let client = client(address).build()?;
        Ok(Self { client, streams })
    }

    /// Prepares a workload: its stream, its records, and the source for each connection.
    pub async fn prepare(&self, workload: &Workload) -> anyhow::Result<Vec<Source>> {
        let stream = workload.stream();
        let is_new = self.create(&stream, workload.shards).await?;
        if !workload.operation.reads() {
            let pool = requests::pool(workload, &stream);
            return Ok(vec![Source::Puts(pool); workload.connections]);
        }
        let is_tail = workload.operation == Operation::GetRecordsAtTail;
        let positions = if is_tail || is_new {
            self.fill(workload, &stream).await?
        } else {
            Positions::new()
        };
        let mut sources = Vec::new();
        for index in 0..workload.connections {
            let shard = index % workload.shards.max(1) as usize;
            let shard = format!("shardId-{shard:012}");
            let from = positions.get(&shard).filter(|_| is_tail);
            let from = from.and_then(|all| all.iter().nth_back(workload.batch - 1));
            anyhow::ensure!(from.is_some() == is_tail, "{shard} has too few records");
            let iterator = self.iterator(&stream, &shard, from.cloned()).await?;
            let body = requests::get(workload, &iterator);
            sources.push(match from {
                Some(_) => Source::Tail(body),
                None => Source::Walk(body),
            });
        }
        Ok(sources)
    }

    /// Creates the stream if it does not exist, and waits until it is active.
    async fn create(&self, stream: &str, shards: u32) -> anyhow::Result<bool> {
        // Peers have errors of their own for a stream that does not exist.
        if let Ok(described) = self.client.describe_stream_summary(stream).await
            && described.stream_description_summary.stream_status == StreamStatus::Active
        {
            return Ok(false);
        }
        let shards = i32::try_from(shards)?;
        self.client
            .create_stream(stream)
            .shard_count(shards)
            .await?;
        self.client.wait_until_stream_exists(stream).await?;
        if self.streams == Streams::Encrypted {
            self.client
                .start_stream_encryption(stream, EncryptionType::Kms, KEY)
                .await?;
            self.client.wait_until_stream_exists(stream).await?;
        }
        Ok(true)
    }

    async fn fill(&self, workload: &Workload, stream: &str) -> anyhow::Result<Positions> {
        let size = workload.record_size;
        let records = if workload.operation == Operation::GetRecordsCold {
            COLD_BYTES / size
        } else {
            workload.batch * workload.shards as usize * TAIL_TIMES
        };
        let batch = FILL_BATCH.min(FILL_BYTES_MAX / size).max(1);
        let mut positions = Positions::new();
        for _ in 0..records.div_ceil(batch) {
            let records = (0..batch).map(|_| requests::record(size)).collect();
            let output = self.client.put_records(stream, records).await?;
            for entry in output.records {
                let shard = entry.shard_id.context("a record was refused")?;
                let position = entry.sequence_number.context("a record without number")?;
                positions.entry(shard).or_default().push(position);
            }
        }
        Ok(positions)
    }

    async fn iterator(
        &self,
        stream: &str,
        shard: &str,
        from: Option<String>,
    ) -> anyhow::Result<String> {
        let begin = match from {
            Some(_) => ShardIteratorType::AtSequenceNumber,
            None => ShardIteratorType::TrimHorizon,
        };
        let mut call = self.client.get_shard_iterator(stream, shard, begin);
        if let Some(number) = from {
            call = call.starting_sequence_number(number);
        }
        let output = call.await?;
        output.shard_iterator.context("no iterator")
    }
}

/// The same puts without a stream, for the floor.
pub fn puts(workload: &Workload) -> Vec<Source> {
    let pool = requests::pool(workload, &workload.stream());
    vec![Source::Puts(Arc::clone(&pool)); workload.connections]
}
