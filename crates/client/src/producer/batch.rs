//! A batch: one PutRecords, and what it came to for each record.

use super::lanes::Sent;
use super::outcome::Attempt;
use crate::{Client, Error, StreamRef};
use millstream_env::BoxFuture;
use millstream_protocol::ErrorCode;
use millstream_protocol::types::{PutRecordsRequestEntry, PutRecordsResultEntry};

/// Sends a batch. If the service refuses the request as a whole, as it does where one record is too
/// large, each half is sent by itself, so that only the records at fault are refused.
pub(super) fn send(client: Client, stream: StreamRef, batch: Vec<Sent>) -> Settled {
    Box::pin(async move {
        let entries = batch.iter().map(|sent| {
            let record = &sent.taken.record;
            PutRecordsRequestEntry {
                data: record.data.clone(),
                explicit_hash_key: record.explicit_hash_key.clone(),
                partition_key: record.partition_key.clone(),
            }
        });
        let output = client.put_records(&stream, entries.collect()).await;
        let attempts = match output {
            Ok(output) if output.records.len() == batch.len() => {
                output.records.into_iter().map(of_entry).collect()
            }
            Ok(output) => {
                let text = format!("{} results for {}", output.records.len(), batch.len());
                of_all(&Error::Transport(text), batch.len())
            }
            Err(error) if batch.len() > 1 && is_about_records(&error) => {
                return send_halves(client, stream, batch).await;
            }
            Err(error) => of_all(&error, batch.len()),
        };
        batch.into_iter().zip(attempts).collect()
    })
}

/// The records of a batch, each with what its attempt came to.
pub(super) type Settled = BoxFuture<Vec<(Sent, Attempt)>>;

async fn send_halves(
    client: Client,
    stream: StreamRef,
    mut first: Vec<Sent>,
) -> Vec<(Sent, Attempt)> {
    let second = first.split_off(first.len() / 2);
    let mut settled = send(client.clone(), stream.clone(), first).await;
    settled.extend(send(client, stream, second).await);
    settled
}

/// Whether a refusal may be the fault of some of the records.
fn is_about_records(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(ErrorCode::ValidationException | ErrorCode::InvalidArgumentException)
    )
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
