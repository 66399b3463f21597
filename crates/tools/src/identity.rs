//! Which stream a state belongs to: another of the same name has other records.

use crate::Failure;
use millstream_client::types::StreamDescriptionSummary;
use millstream_client::{Client, Error, ErrorCode};
use serde::{Deserialize, Serialize};

/// The maximum size of a record, its key included, of a stream that does not say: AWS's default.
const RECORD_KIB_UNLESS_SAID: i32 = 1024;
/// The maximum size of a record of any stream, for those who may not ask for the stream's.
const RECORD_KIB_MAX: i32 = 10 * 1024;

/// A stream, distinct from others that had its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Identity {
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    /// When it was created, in milliseconds since 1970.
    stream_creation_millis: i64,
}

impl Identity {
    /// The identity of a stream.
    ///
    /// # Errors
    /// If it cannot be described.
    pub(crate) async fn of(client: &Client, stream: &str) -> Result<Self, Failure> {
        let output = client.describe_stream_summary(stream).await?;
        Ok(Self::of_summary(&output.stream_description_summary))
    }

    /// The identity of a stream that was described.
    pub(crate) fn of_summary(summary: &StreamDescriptionSummary) -> Self {
        Self {
            stream_arn: summary.stream_arn.clone(),
            stream_creation_millis: summary.stream_creation_timestamp.0,
        }
    }

    /// Checks that a state is this stream's.
    ///
    /// # Errors
    /// If it is another's.
    pub(crate) fn check(&self, of_state: &Self) -> Result<(), Failure> {
        if self == of_state {
            return Ok(());
        }
        let what = match self.stream_arn == of_state.stream_arn {
            true => "the state is of an earlier stream of that name".to_owned(),
            false => format!("the state is of the stream {}", of_state.stream_arn),
        };
        Err(Failure::new(what).with_advice("Remove it to begin anew, or give another --state."))
    }
}

/// The maximum size of the stream's records, their keys included.
///
/// # Errors
/// If the stream is not there.
pub(crate) async fn record_bytes_max(client: &Client, stream: &str) -> Result<usize, Failure> {
    match client.describe_stream_summary(stream).await {
        Ok(output) => Ok(record_bytes_max_of(&output.stream_description_summary)),
        Err(error) if is_not_told(&error) => Ok(bytes(RECORD_KIB_MAX)),
        Err(error) => Err(error.into()),
    }
}

/// The maximum size of the records of a stream that was described, their keys included.
pub(crate) fn record_bytes_max_of(summary: &StreamDescriptionSummary) -> usize {
    let kib = summary.max_record_size_in_kib;
    bytes(kib.unwrap_or(RECORD_KIB_UNLESS_SAID))
}

fn bytes(kib: i32) -> usize {
    usize::try_from(kib).unwrap_or_default() * 1024
}

/// Whether the service does not describe streams to the caller, who may be allowed to put only.
fn is_not_told(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(ErrorCode::AccessDeniedException | ErrorCode::UnknownOperationException)
    )
}
