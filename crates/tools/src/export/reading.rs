//! Reading a shard page by page.
//!
//! It is not done with the client's consumer: that keeps to the calls a second which a shard's
//! followers share, and follows what comes, where an export is over once it has what is there.

use crate::{Failure, Surroundings};
use millstream_client::operations::GetRecordsOutput;
use millstream_client::routing::{HashRange, range_of};
use millstream_client::types::{Shard, ShardIteratorType};
use millstream_client::{Client, ErrorCode, Timestamp};
use std::time::Duration;

/// The wait after a read that was refused because its shard was read too much.
const REFUSED_FOR: Duration = Duration::from_secs(1);

/// What reads shards.
pub(super) struct Reader<'a> {
    pub(super) client: Client,
    pub(super) stream: &'a str,
    pub(super) surroundings: &'a Surroundings,
    /// Where shards begin of which nothing was read.
    pub(super) from: Option<Timestamp>,
}

/// A shard that is being read.
pub(super) struct Reading {
    pub(super) shard_id: String,
    /// Its hash keys.
    pub(super) range: HashRange,
    /// Whether it was open when the export began.
    pub(super) is_open: bool,
    /// The number of the last record that was read, by this run or an earlier one.
    pub(super) last: Option<String>,
    /// Where it goes on; `None` to ask.
    pub(super) iterator: Option<String>,
}

impl Reading {
    /// A shard of which everything up to a record was read.
    pub(super) fn after(shard: Shard, last: Option<&str>) -> Self {
        Self {
            is_open: shard.sequence_number_range.ending_sequence_number.is_none(),
            // A shard that says no range may own any.
            range: range_of(&shard.hash_key_range).unwrap_or(HashRange::ALL),
            shard_id: shard.shard_id,
            last: last.map(str::to_owned),
            iterator: None,
        }
    }
}

impl Reader<'_> {
    /// The next page of a shard; `None` if the tool is to stop.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) async fn page(
        &self,
        mut reading: Reading,
    ) -> Result<Option<(Reading, GetRecordsOutput)>, Failure> {
        let stop = &self.surroundings.stop;
        let read = stop.unless_asked(self.read(&mut reading)).await;
        let page = read.transpose()?;
        Ok(page.map(|page| (reading, page)))
    }

    async fn read(&self, reading: &mut Reading) -> Result<GetRecordsOutput, Failure> {
        loop {
            let iterator = match &reading.iterator {
                Some(iterator) => iterator.clone(),
                None => self.iterator(reading).await?,
            };
            reading.iterator = Some(iterator.clone());
            let error = match self.client.get_records(iterator).send().await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            match error.code() {
                Some(ErrorCode::ProvisionedThroughputExceededException) => {
                    self.surroundings.env.clock.sleep(REFUSED_FOR).await;
                }
                Some(ErrorCode::ExpiredIteratorException) => reading.iterator = None,
                _ => return Err(error.into()),
            }
        }
    }

    async fn iterator(&self, reading: &Reading) -> Result<String, Failure> {
        let shard = reading.shard_id.as_str();
        let get = |kind| self.client.get_shard_iterator(self.stream, shard, kind);
        let output = match (&reading.last, self.from) {
            (Some(last), _) => {
                get(ShardIteratorType::AfterSequenceNumber).starting_sequence_number(last)
            }
            (None, Some(from)) => get(ShardIteratorType::AtTimestamp).timestamp(from),
            (None, None) => get(ShardIteratorType::TrimHorizon),
        };
        let iterator = output.await?.shard_iterator;
        iterator.ok_or_else(|| Failure::new(format!("{shard} has no iterator")))
    }
}
