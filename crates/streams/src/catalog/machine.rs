//! The catalog as a machine: its names, and which logs are its streams'.

use super::apply::Applied;
use super::command::Command;
use super::image::{self, IMAGE_VERSION};
use super::refusal::Refusal;
use super::state::State;
use millstream_env::Timestamp;
use millstream_replicated::{Format, Machine, Namespace, Ownership, Verdict, Versions};
use millstream_store::{LogId, Offset};

/// The namespace of streams' logs, in which a group equals its stream's id.
const STREAMS: Namespace = Namespace::new(0);

impl Machine for State {
    type Command = Command;
    type Outcome = Applied;
    type Refusal = Refusal;

    const FORMAT: Format = Format {
        name: "catalog",
        snapshot_task: "catalog-snapshot",
        snapshots: Versions::only(IMAGE_VERSION),
    };
    const NAMESPACE: Namespace = STREAMS;

    fn apply(&mut self, at: Offset, time: Timestamp, command: &Command) -> Verdict<Self> {
        self.carry_out(at, time, command)
    }

    fn encode_snapshot(&self) -> Vec<u8> {
        image::encode(self)
    }

    fn decode_snapshot(_: u8, bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        image::decode(bytes)
    }

    /// A log is needed while a stream of the state has it, or a reshard in progress is to create
    /// it.
    fn owns(&self, log: LogId) -> Ownership {
        if Namespace::of(log) != Some(STREAMS) {
            return Ownership::NotMine;
        }
        let stream = self.stream_by_id(log.group);
        if stream.is_some_and(|stream| stream.has_log(log.index)) {
            Ownership::Mine
        } else {
            Ownership::Orphan
        }
    }
}
