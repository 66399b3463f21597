//! A batch: one PutRecords, and what it came to for each record.

use super::outcome::Attempt;
use super::packing::Unit;
use super::service::Service;
use crate::Error;
use millstream_env::BoxFuture;
use millstream_protocol::ErrorCode;
use millstream_protocol::types::PutRecordsResultEntry;
use std::sync::Arc;

/// Sends a batch. If the service refuses the request as a whole, as it does where one record is too
/// large, each half is sent by itself, so that only the records at fault are refused.
pub(super) fn send(service: Arc<dyn Service>, batch: Vec<Unit>) -> Settled {
    Box::pin(async move {
        let entries = batch.iter().map(|unit| unit.entry.clone());
        let output = service.put_records(entries.collect()).await;
        let attempts = match output {
            Ok(output) if output.records.len() == batch.len() => {
                output.records.into_iter().map(of_entry).collect()
            }
            Ok(output) => {
                let text = format!("{} results for {}", output.records.len(), batch.len());
                of_all(&Error::Transport(text), batch.len())
            }
            Err(error) if is_about_records(&error) => match batch.as_slice() {
                [only] if only.records.len() > 1 => vec![Attempt::RefusedTogether(error)],
                [_] | [] => of_all(&error, batch.len()),
                [_, _, ..] => return send_halves(service, batch).await,
            },
            Err(error) => of_all(&error, batch.len()),
        };
        batch.into_iter().zip(attempts).collect()
    })
}

/// What a batch sent, each with what its attempt came to.
pub(super) type Settled = BoxFuture<Vec<(Unit, Attempt)>>;

async fn send_halves(service: Arc<dyn Service>, mut first: Vec<Unit>) -> Vec<(Unit, Attempt)> {
    let second = first.split_off(first.len() / 2);
    let mut settled = send(Arc::clone(&service), first).await;
    settled.extend(send(service, second).await);
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

fn of_all(error: &Error, units: usize) -> Vec<Attempt> {
    (0..units).map(|_| Attempt::Failed(error.clone())).collect()
}
