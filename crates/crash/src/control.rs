//! Streams as a whole: made, looked at, listed.

use super::endpoint::{Access, Endpoint};
use super::recorder::Recorder;
use fastrand::Rng;
use millstream_env::Env;
use millstream_judge::{Event, List, ListedShard};
use millstream_judge::{HashKeyRange, ParseError};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    CreateStream, CreateStreamInput, DescribeStreamSummary, DescribeStreamSummaryInput, ListShards,
    ListShardsInput,
};
use millstream_protocol::types::{Shard, StreamStatus};
use std::sync::Arc;
use std::time::Duration;

/// Polling interval of a stream that is not ready.
const PAUSE: Duration = Duration::from_millis(3);

/// A worker's environment, server access, recorder and randomness.
pub struct Worker {
    /// The environment.
    pub env: Env,
    /// The server.
    pub access: Access,
    /// The memory.
    pub recorder: Arc<Recorder>,
    /// Chance.
    pub rng: Rng,
}

impl Worker {
    /// Another worker with its own randomness.
    pub fn fork(&mut self) -> Self {
        Self {
            env: self.env.clone(),
            access: self.access.clone(),
            recorder: Arc::clone(&self.recorder),
            rng: self.rng.fork(),
        }
    }

    /// Creates a stream.
    pub async fn create(
        &mut self,
        at: &Endpoint,
        stream: usize,
        shards: i32,
    ) -> Result<(), millstream_client::Error> {
        let input = CreateStreamInput {
            stream_name: self.recorder.name(stream).to_owned(),
            shard_count: Some(shards),
            ..CreateStreamInput::default()
        };
        at.client(&mut self.rng).call::<CreateStream>(&input).await
    }

    /// A stream's status; `None` if it does not exist.
    pub async fn status(
        &mut self,
        at: &Endpoint,
        stream: usize,
    ) -> Result<Option<StreamStatus>, millstream_client::Error> {
        let input = DescribeStreamSummaryInput {
            stream_name: Some(self.recorder.name(stream).to_owned()),
            ..DescribeStreamSummaryInput::default()
        };
        let client = at.client(&mut self.rng);
        match client.call::<DescribeStreamSummary>(&input).await {
            Ok(output) => Ok(Some(output.stream_description_summary.stream_status)),
            Err(error) if error.code() == Some(ErrorCode::ResourceNotFoundException) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits, through any number of the server's lives, until a stream is ACTIVE; `false` if the
    /// work ends before that.
    pub async fn until_active(&mut self, stream: usize) -> bool {
        while let Some(at) = self.access.endpoint().await {
            match self.status(&at, stream).await {
                Ok(Some(StreamStatus::Active)) => return true,
                Ok(Some(StreamStatus::Creating | StreamStatus::Updating)) => {}
                Ok(gone @ (Some(StreamStatus::Deleting) | None)) => {
                    let name = self.recorder.name(stream);
                    self.recorder
                        .complain(format!("the stream {name} is {gone:?}"));
                    return false;
                }
                Err(error) => self.recorder.complain_if_refused("a look at it", &error),
            }
            self.env.clock.sleep(PAUSE).await;
        }
        false
    }

    /// Lists a stream's shards and records the result.
    pub async fn list(&mut self, at: &Endpoint, stream: usize) -> Option<Vec<ListedShard>> {
        let input = ListShardsInput {
            stream_name: Some(self.recorder.name(stream).to_owned()),
            ..ListShardsInput::default()
        };
        let client = at.client(&mut self.rng);
        let call = client.call::<ListShards>(&input);
        let (span, answer) = self.recorder.timed(call).await;
        let output = match answer {
            Ok(output) => output,
            Err(error) => {
                self.recorder.complain_if_refused("ListShards", &error);
                return None;
            }
        };
        if output.next_token.is_some() {
            self.recorder
                .complain("a list of shards came in pages".to_owned());
            return None;
        }
        let shards = output.shards.unwrap_or_default();
        let shards: Result<Vec<_>, ParseError> = shards.iter().map(listed).collect();
        match shards {
            Ok(shards) => {
                self.recorder.set_shards(stream, shards.clone());
                let seen = shards.clone();
                let list = List { span, shards: seen };
                self.recorder.record(stream, Event::List(list));
                Some(shards)
            }
            Err(error) => {
                self.recorder
                    .complain(format!("a list of shards cannot be read: {error}"));
                None
            }
        }
    }
}

fn listed(shard: &Shard) -> Result<ListedShard, ParseError> {
    let parents = shard
        .parent_shard_id
        .iter()
        .chain(&shard.adjacent_parent_shard_id);
    let last = &shard.sequence_number_range.ending_sequence_number;
    Ok(ListedShard {
        shard: shard.shard_id.parse()?,
        parents: parents.map(|id| id.parse()).collect::<Result<_, _>>()?,
        range: HashKeyRange {
            first: shard.hash_key_range.starting_hash_key.parse()?,
            last: shard.hash_key_range.ending_hash_key.parse()?,
        },
        first: shard
            .sequence_number_range
            .starting_sequence_number
            .parse()?,
        last: last.as_deref().map(str::parse).transpose()?,
    })
}
