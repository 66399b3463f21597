//! Reading some shards at a time, each after its parents, and writing what comes.

use super::encoding::{Of, encode};
use super::reading::{Reader, Reading};
use super::target::Target;
use crate::Failure;
use crate::origin::{Origin, Placing};
use crate::terminal::Progress;
use futures_util::stream::{FuturesUnordered, StreamExt};
use millstream_client::Timestamp;
use millstream_client::operations::GetRecordsOutput;
use millstream_client::types::{Record, Shard};
use std::collections::BTreeSet;

/// Shards that are read at a time. Each may hold a page of 10 MiB.
const SHARDS_AT_ONCE: usize = 8;

/// An export that goes on.
pub(super) struct Exporting {
    /// Who decides about the shards of the records.
    pub(super) placing: Placing,
    pub(super) until: Option<Timestamp>,
    pub(super) target: Target,
    pub(super) progress: Progress,
    /// The records that were exported.
    pub(super) records: u64,
}

impl Exporting {
    /// Reads all shards that are not read to their ends, and returns their number. A child is left
    /// out as long as its parents were not read to their ends, because they have records that come
    /// before its own.
    ///
    /// # Errors
    /// If a shard cannot be read, or its records cannot be written.
    pub(super) async fn read_all(
        &mut self,
        reader: &Reader<'_>,
        shards: Vec<Shard>,
    ) -> Result<u64, Failure> {
        let listed: BTreeSet<String> = shards.iter().map(|shard| shard.shard_id.clone()).collect();
        let is_left = |shard: &Shard| !self.target.has_ended(&shard.shard_id);
        let mut left: Vec<Shard> = shards.into_iter().filter(is_left).collect();
        left.sort_by(|a, b| b.shard_id.cmp(&a.shard_id));
        let mut pages = FuturesUnordered::new();
        let mut begun = 0;
        loop {
            while pages.len() < SHARDS_AT_ONCE
                && let Some(shard) = self.next_of(&mut left, &listed)
            {
                let last = self.target.last_of(&shard.shard_id);
                pages.push(reader.page(Reading::after(shard, last)));
                begun += 1;
            }
            let Some(page) = pages.next().await else {
                return Ok(begun);
            };
            let Some((reading, page)) = page? else {
                return Ok(begun);
            };
            if let Some(reading) = self.take(reading, page, reader).await? {
                pages.push(reader.page(reading));
            }
        }
    }

    /// A shard whose turn it is: the last of those whose parents are read to their ends.
    fn next_of(&self, left: &mut Vec<Shard>, listed: &BTreeSet<String>) -> Option<Shard> {
        let is_next = |shard: &Shard| {
            let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
            let mut parents = parents.into_iter().flatten();
            parents.all(|parent| !listed.contains(parent) || self.target.has_ended(parent))
        };
        let at = left.iter().rposition(is_next)?;
        Some(left.remove(at))
    }

    /// Writes a page; the shard, if there is more to read of it.
    async fn take(
        &mut self,
        mut reading: Reading,
        page: GetRecordsOutput,
        reader: &Reader<'_>,
    ) -> Result<Option<Reading>, Failure> {
        let is_caught_up = page
            .millis_behind_latest
            .map_or(page.records.is_empty(), |behind| behind == 0);
        let is_past = self.write(&mut reading, &page.records, reader).await?;
        if is_past {
            return Ok(None);
        }
        if page.next_shard_iterator.is_none() {
            self.target.end(&reading.shard_id);
            return Ok(None);
        }
        reading.iterator = page.next_shard_iterator;
        Ok((!reading.is_open || !is_caught_up).then_some(reading))
    }

    /// Writes the records of a page, and says whether the end of the export is past.
    async fn write(
        &mut self,
        reading: &mut Reading,
        records: &[Record],
        reader: &Reader<'_>,
    ) -> Result<bool, Failure> {
        let until = self.until;
        let is_past = |record: &Record| {
            let arrived = record.approximate_arrival_timestamp;
            until.is_some_and(|until| arrived.is_some_and(|arrived| arrived >= until))
        };
        let end = records.iter().position(is_past);
        let wanted = &records[..end.unwrap_or(records.len())];
        if let Some(last) = wanted.last() {
            let (format, at) = (self.target.format(), self.target.length());
            let shard = reading.shard_id.as_str();
            let of = Of {
                shard_id: shard,
                origin: Origin {
                    placing: self.placing,
                    range: reading.range,
                },
            };
            let bytes = encode(format, of, wanted, at)?;
            let (last, count) = (last.sequence_number.clone(), wanted.len() as u64);
            reading.last = Some(last.clone());
            let written = self.target.write(shard, bytes, last, reader.surroundings);
            written.await?;
            self.records += count;
            self.progress.add(count);
        }
        Ok(end.is_some())
    }
}
