//! A longer retention: the store is told before the catalog.
//!
//! A store may give up by itself what is older than its logs' settings say. So these are never
//! shorter than the retention in the catalog; longer they may be, since expiry goes by the catalog
//! alone.

use crate::Engine;
use crate::catalog::{Command, Direction, SetRetention, Stream};
use crate::facts::{NotSwept, SetRetentionError, StreamError};
use crate::retention::SweepError;
use futures_util::future::join_all;
use log::{LogId, LogSettings, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How many changes to a longer retention are made at a time: the later of two is the longer, and
/// must reach the store later.
pub(crate) const LENGTHENINGS_MAX: usize = 1;

/// What the logs of a stream with this retention are like.
pub(crate) fn log_settings(retention: Duration) -> LogSettings {
    LogSettings {
        retention_ms: u64::try_from(retention.as_millis()).unwrap_or(u64::MAX),
        ..LogSettings::default()
    }
}

impl Engine {
    /// Sets a stream's retention, longer or shorter. What it had hidden before stays hidden.
    pub(crate) async fn set_retention(
        &self,
        stream: &Arc<Stream>,
        hours: u32,
        direction: Direction,
    ) -> Result<(), SetRetentionError> {
        let set = SetRetention {
            stream: stream.id,
            hours,
            direction,
        };
        if direction == Direction::Decrease {
            self.change(stream, Command::SetRetention(set)).await?;
            return Ok(());
        }
        let turn = self.lengthenings.acquire().await;
        let _turn = turn.expect("nobody closes it");
        let told = self.lengthen(stream, hours).await;
        let told = told.map_err(|error| {
            if self.is_going(stream) {
                SetRetentionError::from(StreamError::gone(&stream.label()))
            } else {
                NotSwept(error).into()
            }
        })?;
        let changed = self.change(stream, Command::SetRetention(set)).await?;
        // Those of a reshard that came in between were made for the retention before.
        let mut untold = changed.logs();
        untold.retain(|log| !told.contains(log));
        if let Err(error) = self.configure(untold, hours).await {
            tracing::warn!(stream = %stream.arn(), %error, "new logs keep an earlier retention");
        }
        Ok(())
    }

    /// Makes a stream's logs ready for a retention if it is longer than the one before; returns
    /// them.
    async fn lengthen(&self, stream: &Stream, hours: u32) -> Result<Vec<LogId>, SweepError> {
        let now = self.catalog.state().stream_by_id(stream.id).cloned();
        let longer = now.filter(|now| hours > now.retention_hours);
        let Some(now) = longer else {
            return Ok(stream.logs());
        };
        self.sweep_stream(&now).await?;
        self.configure(now.logs(), hours).await?;
        Ok(now.logs())
    }

    /// Tells the store how long logs are wanted; those that are not made yet are made so.
    async fn configure(&self, logs: Vec<LogId>, hours: u32) -> Result<(), StoreError> {
        let settings = log_settings(Duration::from_hours(u64::from(hours)));
        let changes = logs
            .into_iter()
            .map(|log| self.store.configure(log, settings));
        for told in join_all(changes).await {
            match told {
                Ok(()) | Err(StoreError::NoSuchLog(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
