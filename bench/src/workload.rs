//! A workload: an operation, its sizes, and the number of connections.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// The measured operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Operation {
    /// One record per request.
    PutRecord,
    /// `--batch` records per request.
    PutRecords,
    /// The newest `--batch` records of a shard, repeatedly.
    GetRecordsAtTail,
    /// A shard from its first record to its last, `--batch` records per request, repeatedly.
    GetRecordsCold,
}

impl Operation {
    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::PutRecord => "PutRecord",
            Self::PutRecords => "PutRecords",
            Self::GetRecordsAtTail | Self::GetRecordsCold => "GetRecords",
        }
    }

    /// Whether it reads records, which must be put first.
    pub fn reads(self) -> bool {
        match self {
            Self::PutRecord | Self::PutRecords => false,
            Self::GetRecordsAtTail | Self::GetRecordsCold => true,
        }
    }
}

/// The protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Protocol {
    /// AWS JSON 1.1.
    Json,
    /// AWS CBOR 1.1.
    Cbor,
}

impl From<Protocol> for millstream_protocol::Protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Json => Self::Json,
            Protocol::Cbor => Self::Cbor,
        }
    }
}

/// One kind of load, in a closed loop: each connection sends its next request after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct Workload {
    /// What is asked.
    #[arg(long, value_enum, default_value = "put-record")]
    pub operation: Operation,
    /// How bodies are written.
    #[arg(long, value_enum, default_value = "json")]
    pub protocol: Protocol,
    /// The bytes of a record.
    #[arg(long, default_value_t = 100, value_name = "BYTES")]
    pub record_size: usize,
    /// The records of a request.
    #[arg(long, default_value_t = 1, value_name = "RECORDS")]
    pub batch: usize,
    /// How many ask at once.
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// The stream's open shards.
    #[arg(long, default_value_t = 4)]
    pub shards: u32,
}

impl Workload {
    /// The stream that it uses: workloads that may share one do.
    pub fn stream(&self) -> String {
        let Self {
            record_size,
            shards,
            ..
        } = self;
        match self.operation {
            Operation::PutRecord | Operation::PutRecords => format!("bench-put-{shards}"),
            Operation::GetRecordsAtTail => format!("bench-tail-{shards}-{record_size}"),
            Operation::GetRecordsCold => format!("bench-cold-{shards}-{record_size}"),
        }
    }

    /// The bytes of the records of one request, without their keys.
    pub fn request_bytes(&self) -> usize {
        self.record_size * self.batch
    }
}
