//! A longer retention: the store is told before the catalog.
//!
//! A store may give up by itself what is older than its logs' settings say. So these are never
//! shorter than the retention in the catalog; longer they may be, since expiry goes by the catalog
//! alone.

use crate::Engine;
use crate::catalog::{Command, Direction, SetRetention, Stream};
use crate::facts::{NotSwept, SetRetentionError, StreamError};
use crate::retention::SweepError;
use log::LogId;
use std::sync::Arc;
use std::time::Duration;

/// How many changes to a longer retention are made at a time: the later of two is the longer, and
/// must reach the store later.
pub(crate) const LENGTHENINGS_MAX: usize = 1;

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
        if let Err(error) = self.logs.keep_for(untold, changed.retention()).await {
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
        let retention = Duration::from_hours(u64::from(hours));
        self.logs.keep_for(now.logs(), retention).await?;
        Ok(now.logs())
    }
}
