//! Puts records, alone and in batches, and records each outcome.
//!
//! It never retries: the checker needs the outcome of every single attempt.

use super::control::Worker;
use super::endpoint::Endpoint;
use millstream_client::Error;
use millstream_judge::Draft;
use millstream_judge::HashKey;
use millstream_judge::RecordId;
use millstream_judge::{Outcome, Put, Span};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{PutRecord, PutRecordInput, PutRecords, PutRecordsInput};
use millstream_protocol::types::PutRecordsRequestEntry;
use millstream_protocol::types::PutRecordsResultEntry;

/// A batch gets no further record beyond this.
const BATCH_BYTES_MAX: usize = 3 * 1024 * 1024;

/// A client that writes.
pub struct Producer {
    worker: Worker,
    client: u32,
    ops: u64,
}

impl Producer {
    /// A producer whose records carry the number `client`, which no other has.
    pub fn new(worker: Worker, client: u32) -> Self {
        Self {
            worker,
            client,
            ops: 0,
        }
    }

    /// Puts until the work is over.
    pub async fn run(mut self) {
        while let Some(at) = self.worker.access.endpoint().await {
            let stream = self.worker.rng.usize(..self.worker.recorder.stream_count());
            self.put_any(&at, stream).await;
        }
    }

    /// Puts one record, or some.
    pub async fn put_any(&mut self, at: &Endpoint, stream: usize) {
        let draft = self.draft();
        if self.worker.rng.bool() {
            self.put(at, stream, draft).await;
        } else {
            let drafts = self.drafts(draft);
            self.put_batch(at, stream, drafts).await;
        }
    }

    /// Puts one record under an explicit hash key.
    pub async fn put_at(&mut self, at: &Endpoint, stream: usize, hash_key: HashKey) {
        let mut draft = self.draft();
        draft.explicit_hash_key = Some(hash_key);
        self.put(at, stream, draft).await;
    }

    fn draft(&mut self) -> Draft {
        let id = RecordId {
            client: self.client,
            op: self.ops,
            attempt: 0,
        };
        self.ops += 1;
        Draft::new(id, &mut self.worker.rng)
    }

    fn drafts(&mut self, first: Draft) -> Vec<Draft> {
        let is_large = self.worker.rng.u8(..) < 10;
        let count = self.worker.rng.usize(1..if is_large { 500 } else { 20 });
        let mut bytes = first.data.len();
        let mut drafts = vec![first];
        while drafts.len() < count && bytes < BATCH_BYTES_MAX {
            let next = self.draft();
            bytes += next.data.len();
            drafts.push(next);
        }
        drafts
    }

    async fn put(&mut self, at: &Endpoint, stream: usize, draft: Draft) {
        let recorder = &self.worker.recorder;
        let input = PutRecordInput {
            stream_name: Some(recorder.name(stream).to_owned()),
            data: draft.data.clone(),
            partition_key: draft.partition_key.clone(),
            explicit_hash_key: draft.explicit_hash_key.map(|key| key.to_string()),
            ..PutRecordInput::default()
        };
        let call = at.client(&mut self.worker.rng).call::<PutRecord>(&input);
        let (span, answer) = recorder.timed(call).await;
        let outcome = match answer {
            Ok(output) => self.acked(&output.shard_id, &output.sequence_number),
            Err(error) => self.failed(&error),
        };
        let request = self.worker.recorder.number();
        self.note(stream, at, request, span, &draft, outcome);
    }

    async fn put_batch(&mut self, at: &Endpoint, stream: usize, drafts: Vec<Draft>) {
        let recorder = &self.worker.recorder;
        let input = PutRecordsInput {
            records: drafts.iter().map(entry).collect::<Vec<_>>(),
            stream_name: Some(recorder.name(stream).to_owned()),
            ..PutRecordsInput::default()
        };
        let call = at.client(&mut self.worker.rng).call::<PutRecords>(&input);
        let (span, answer) = recorder.timed(call).await;
        let outcomes = match answer {
            Ok(output) if output.records.len() == drafts.len() => {
                output.records.iter().map(|it| self.entry(it)).collect()
            }
            Ok(output) => {
                let (sent, got) = (drafts.len(), output.records.len());
                let what = format!("PutRecords of {sent} records answered {got} results");
                recorder.complain(what);
                vec![Outcome::Unknown; sent]
            }
            Err(error) => vec![self.failed(&error); drafts.len()],
        };
        let request = self.worker.recorder.number();
        for (draft, outcome) in drafts.iter().zip(outcomes) {
            self.note(stream, at, request, span, draft, outcome);
        }
    }

    fn note(
        &self,
        stream: usize,
        at: &Endpoint,
        request: u64,
        span: Span,
        draft: &Draft,
        outcome: Outcome,
    ) {
        let put = Put {
            span,
            record: draft.id,
            request,
            hash_key: draft.hash_key(),
            outcome,
        };
        self.worker.recorder.record_put(stream, put, at.generation);
    }

    fn acked(&self, shard: &str, sequence_number: &str) -> Outcome {
        match (shard.parse(), sequence_number.parse()) {
            (Ok(shard), Ok(sequence_number)) => Outcome::Acked {
                shard,
                sequence_number,
            },
            (shard, number) => {
                let what = format!("an acknowledgement cannot be read: {shard:?} {number:?}");
                self.worker.recorder.complain(what);
                Outcome::Unknown
            }
        }
    }

    fn failed(&self, error: &Error) -> Outcome {
        self.worker.recorder.complain_if_refused("a put", error);
        if error.was_not_applied() {
            Outcome::DefinitelyFailed
        } else {
            Outcome::Unknown
        }
    }

    /// An entry that failed internally may have been written; one that was throttled was not.
    fn entry(&self, entry: &PutRecordsResultEntry) -> Outcome {
        match (&entry.shard_id, &entry.sequence_number, &entry.error_code) {
            (Some(shard), Some(number), None) => self.acked(shard, number),
            (None, None, Some(code)) if code == "InternalFailure" => Outcome::Unknown,
            (None, None, Some(code))
                if self
                    .worker
                    .recorder
                    .is_throttled(ErrorCode::from_name(code)) =>
            {
                Outcome::DefinitelyFailed
            }
            (None, None, Some(code)) => {
                let what = format!("an entry of PutRecords was refused: {code}");
                self.worker.recorder.complain(what);
                Outcome::DefinitelyFailed
            }
            odd => {
                self.worker
                    .recorder
                    .complain(format!("an entry is {odd:?}"));
                Outcome::Unknown
            }
        }
    }
}

/// A record as it travels with others.
fn entry(draft: &Draft) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry {
        data: draft.data.clone(),
        explicit_hash_key: draft.explicit_hash_key.map(|key| key.to_string()),
        partition_key: draft.partition_key.clone(),
    }
}
