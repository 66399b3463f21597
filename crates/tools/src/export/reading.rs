//! Reading a shard from where it was left to its end, to now, or to a time.

use super::encoding::encode;
use super::target::Target;
use crate::terminal::Progress;
use crate::{Failure, Surroundings};
use millstream_client::operations::GetRecordsOutput;
use millstream_client::types::{Record, Shard, ShardIteratorType};
use millstream_client::{Client, ErrorCode, Timestamp};
use std::time::Duration;

/// The wait after a read that was refused because its shard was read too much.
const REFUSED_FOR: Duration = Duration::from_secs(1);

/// An export that reads.
pub(super) struct Reading<'a> {
    pub(super) client: Client,
    pub(super) stream: &'a str,
    pub(super) surroundings: &'a Surroundings,
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) target: Target,
    pub(super) progress: Progress,
    /// The records that were exported.
    pub(super) records: u64,
}

impl Reading<'_> {
    /// Reads a shard, unless it was read to its end.
    ///
    /// # Errors
    /// If it cannot be read, or its records cannot be written.
    pub(super) async fn read(&mut self, shard: &Shard) -> Result<(), Failure> {
        let is_open = shard.sequence_number_range.ending_sequence_number.is_none();
        let shard = shard.shard_id.as_str();
        if self.target.has_ended(shard) {
            return Ok(());
        }
        let mut iterator = self.iterator(shard).await?;
        while let Some(page) = self.page(shard, &mut iterator).await? {
            let is_caught_up = page
                .millis_behind_latest
                .map_or(page.records.is_empty(), |behind| behind == 0);
            let is_past = self.write(shard, page.records).await?;
            if is_past {
                return Ok(());
            }
            let Some(next) = page.next_shard_iterator else {
                self.target.end(shard);
                return Ok(());
            };
            if is_open && is_caught_up {
                return Ok(());
            }
            iterator = next;
        }
        Ok(())
    }

    async fn iterator(&self, shard: &str) -> Result<String, Failure> {
        let get = |kind| self.client.get_shard_iterator(self.stream, shard, kind);
        let output = match (self.target.last_of(shard), self.from) {
            (Some(last), _) => {
                get(ShardIteratorType::AfterSequenceNumber).starting_sequence_number(last)
            }
            (None, Some(from)) => get(ShardIteratorType::AtTimestamp).timestamp(from),
            (None, None) => get(ShardIteratorType::TrimHorizon),
        };
        let iterator = output.await?.shard_iterator;
        iterator.ok_or_else(|| Failure::new(format!("{shard} has no iterator")))
    }

    /// The next page; `None` if the tool is to stop.
    async fn page(
        &self,
        shard: &str,
        iterator: &mut String,
    ) -> Result<Option<GetRecordsOutput>, Failure> {
        let stop = &self.surroundings.stop;
        loop {
            let Some(page) = stop
                .unless_asked(self.client.get_records(&*iterator).send())
                .await
            else {
                return Ok(None);
            };
            let error = match page {
                Ok(page) => return Ok(Some(page)),
                Err(error) => error,
            };
            match error.code() {
                Some(ErrorCode::ProvisionedThroughputExceededException) => {
                    let wait = self.surroundings.env.clock.sleep(REFUSED_FOR);
                    if stop.unless_asked(wait).await.is_none() {
                        return Ok(None);
                    }
                }
                Some(ErrorCode::ExpiredIteratorException) => {
                    *iterator = self.iterator(shard).await?;
                }
                _ => return Err(error.into()),
            }
        }
    }

    /// Writes the records of a page, and says whether the end of the export is past.
    async fn write(&mut self, shard: &str, records: Vec<Record>) -> Result<bool, Failure> {
        let until = self.until;
        let is_past = |record: &Record| {
            let arrived = record.approximate_arrival_timestamp;
            until.is_some_and(|until| arrived.is_some_and(|arrived| arrived >= until))
        };
        let end = records.iter().position(is_past);
        let wanted = &records[..end.unwrap_or(records.len())];
        if let Some(last) = wanted.last() {
            let (format, at) = (self.target.format(), self.target.length());
            let bytes = encode(format, shard, wanted, at)?;
            let (last, count) = (last.sequence_number.clone(), wanted.len() as u64);
            let written = self.target.write(shard, bytes, last, self.surroundings);
            written.await?;
            self.records += count;
            self.progress.add(count);
        }
        Ok(end.is_some())
    }
}
