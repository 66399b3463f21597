//! Waits for changes that take their time.
//!
//! Between two looks they wait a little longer each time, so that a stream that is ready at once is
//! noticed at once, and a slow one does not use up the account's call rate.

use crate::{Client, Error, StreamRef};
use millstream_protocol::ErrorCode;
use millstream_protocol::types::{ConsumerStatus, StreamDescriptionSummary, StreamStatus};
use std::time::Duration;

/// How long a wait may last: what botocore's waiters take at most.
const PATIENCE: Duration = Duration::from_secs(180);
/// The wait before the second look …
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// … and the longest.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Why a wait ended without what was waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// A look failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// It did not happen in time.
    #[error("{what} within {} s", waited.as_secs())]
    TimedOut {
        /// What did not happen.
        what: String,
        /// How long that was waited for.
        waited: Duration,
    },
}

impl Client {
    /// Waits until a stream is ACTIVE; one that does not exist yet is waited for. Three minutes at
    /// most.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub async fn wait_until_stream_exists(
        &self,
        stream: impl Into<StreamRef>,
    ) -> Result<StreamDescriptionSummary, WaitError> {
        let stream = stream.into();
        let what = format!("stream {stream} did not become ACTIVE");
        self.wait(what, || async {
            match self.summary(&stream).await? {
                Some(summary) if summary.stream_status == StreamStatus::Active => Ok(Some(summary)),
                Some(_) | None => Ok(None),
            }
        })
        .await
    }

    /// Waits until a stream does not exist any more. Three minutes at most.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub async fn wait_until_stream_not_exists(
        &self,
        stream: impl Into<StreamRef>,
    ) -> Result<(), WaitError> {
        let stream = stream.into();
        let what = format!("stream {stream} was not deleted");
        self.wait(what, || async {
            match self.summary(&stream).await? {
                Some(_) => Ok(None),
                None => Ok(Some(())),
            }
        })
        .await
    }

    /// Waits until a consumer is ACTIVE. Three minutes at most.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub async fn wait_until_consumer_active(
        &self,
        consumer_arn: impl Into<String>,
    ) -> Result<(), WaitError> {
        let arn = consumer_arn.into();
        let what = format!("consumer {arn} did not become ACTIVE");
        self.wait(what, || async {
            let described = self
                .describe_stream_consumer()
                .consumer_arn(arn.clone())
                .await?;
            let status = described.consumer_description.consumer_status;
            Ok((status == ConsumerStatus::Active).then_some(()))
        })
        .await
    }

    /// Waits until a consumer is not registered any more. Three minutes at most.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub async fn wait_until_consumer_not_exists(
        &self,
        consumer_arn: impl Into<String>,
    ) -> Result<(), WaitError> {
        let arn = consumer_arn.into();
        let what = format!("consumer {arn} was not deregistered");
        self.wait(what, || async {
            let described = self.describe_stream_consumer();
            match described.consumer_arn(arn.clone()).await {
                Ok(_) => Ok(None),
                Err(error) if error.code() == Some(ErrorCode::ResourceNotFoundException) => {
                    Ok(Some(()))
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// A stream's description; `None` if it does not exist.
    async fn summary(&self, stream: &StreamRef) -> Result<Option<StreamDescriptionSummary>, Error> {
        match self.describe_stream_summary(stream).await {
            Ok(output) => Ok(Some(output.stream_description_summary)),
            Err(error) if error.code() == Some(ErrorCode::ResourceNotFoundException) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Looks until there is something. Not an `AsyncFn`: of what that returns, the compiler does
    /// not see that it can be sent to another thread.
    async fn wait<T, F: Future<Output = Result<Option<T>, Error>>>(
        &self,
        what: String,
        look: impl Fn() -> F,
    ) -> Result<T, WaitError> {
        let clock = &self.env().clock;
        let begun = clock.monotonic();
        let mut wait = FIRST_WAIT;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            let waited = clock.monotonic().since(begun);
            if waited >= PATIENCE {
                return Err(WaitError::TimedOut { what, waited });
            }
            clock.sleep(wait.min(PATIENCE - waited)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}
