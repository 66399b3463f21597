//! A batch: one PutRecords, and what it came to for each record.

use super::lanes::Sent;
use super::outcome::Attempt;
use crate::{Client, Error, StreamRef};
use millstream_protocol::types::{PutRecordsRequestEntry, PutRecordsResultEntry};

/// Sends a batch.
pub(super) async fn send(
    client: Client,
    stream: StreamRef,
    batch: Vec<Sent>,
) -> Vec<(Sent, Attempt)> {
    let entries = batch.iter().map(|sent| {
        let record = &sent.taken.record;
        PutRecordsRequestEntry {
            data: record.data.clone(),
            explicit_hash_key: record.explicit_hash_key.clone(),
            partition_key: record.partition_key.clone(),
        }
    });
    let output = client.put_records(stream, entries.collect()).await;
    let attempts = match output {
        Ok(output) if output.records.len() == batch.len() => {
            output.records.into_iter().map(of_entry).collect()
        }
        Ok(output) => {
            let text = format!("{} results for {}", output.records.len(), batch.len());
            of_all(&Error::Transport(text), batch.len())
        }
        Err(error) => of_all(&error, batch.len()),
    };
    batch.into_iter().zip(attempts).collect()
}

fn of_entry(entry: PutRecordsResultEntry) -> Attempt {
    match (entry.shard_id, entry.sequence_number) {
        (Some(shard_id), Some(sequence_number)) => Attempt::Stored {
            shard_id,
            sequence_number,
        },
        _ => Attempt::Refused {
            code: entry.error_code.unwrap_or_default(),
            message: entry.error_message.unwrap_or_default(),
        },
    }
}

fn of_all(error: &Error, records: usize) -> Vec<Attempt> {
    (0..records)
        .map(|_| Attempt::Failed(error.clone()))
        .collect()
}
