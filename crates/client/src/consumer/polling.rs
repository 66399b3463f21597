//! Reading a shard with GetRecords.

use super::patience::Pace;
use super::position::Position;
use super::reader::{Answer, Reader, Stopped};
use crate::{Error, StreamRef};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::GetRecordsOutput;
use std::time::Duration;

/// The least time between two calls for one shard: AWS allows five a second, to all readers
/// together.
const POLL_EVERY_MIN: Duration = Duration::from_millis(200);

impl Reader {
    pub(super) async fn poll(&mut self) -> Result<(), Stopped> {
        let mut pace = Pace::new(self.env());
        let mut interval = POLL_EVERY_MIN;
        let mut iterator = None;
        loop {
            pace.keep(interval).await;
            // First, since an iterator expires while its reader waits.
            let room = self.reading.room.before_an_answer().await;
            let current = match iterator.take() {
                Some(iterator) => iterator,
                None => self.iterator().await?,
            };
            let GetRecordsOutput {
                records,
                next_shard_iterator,
                millis_behind_latest,
                child_shards,
            } = match self.get_records(&current).await {
                Ok(output) => output,
                // The next one begins where this one was.
                Err(error) if error.code() == Some(ErrorCode::ExpiredIteratorException) => continue,
                Err(error) => {
                    drop(room);
                    self.patience.after(error).await?;
                    iterator = Some(current);
                    continue;
                }
            };
            let room = room.shrink_to(&records);
            self.patience.reset();
            if let Some(last) = records.last() {
                self.position = Position::AfterSequenceNumber(last.sequence_number.clone());
            }
            let is_end = next_shard_iterator.is_none();
            let child_shards = child_shards.filter(|children| !children.is_empty());
            let children = match child_shards {
                Some(children) if is_end => Some(children),
                None if is_end => Some(self.children().await?),
                Some(_) | None => None,
            };
            // A service that does not say is taken to be at its end when it has nothing.
            let behind = millis_behind_latest.unwrap_or(i64::from(!records.is_empty()));
            interval = match behind {
                0 => self.reading.poll_every.max(POLL_EVERY_MIN),
                _ => POLL_EVERY_MIN,
            };
            self.give(Answer {
                records,
                millis_behind_latest: behind,
                children,
                _room: room,
            })
            .await?;
            if is_end {
                return Ok(());
            }
            iterator = next_shard_iterator;
        }
    }

    async fn get_records(&self, iterator: &str) -> Result<GetRecordsOutput, Error> {
        let mut call = self.reading.client.get_records(iterator);
        if let StreamRef::Arn(arn) = &self.reading.stream {
            call = call.stream_arn(arn.clone());
        }
        call.input_mut().limit = self.reading.records_max;
        call.await
    }

    /// An iterator at the reader's position.
    ///
    /// One that expires has been waiting for the consumer to take what was read. If nothing was
    /// read yet of a shard that began at its end, it goes on at the time when it began.
    async fn iterator(&mut self) -> Result<String, Stopped> {
        let begun = self.env().clock.now();
        loop {
            let position = self.position.to_starting_position();
            let mut call = self.reading.client.get_shard_iterator(
                &self.reading.stream,
                &self.shard_id,
                position.r#type,
            );
            let input = call.input_mut();
            input.starting_sequence_number = position.sequence_number;
            input.timestamp = position.timestamp;
            match call.await {
                Ok(output) => {
                    self.has_begun(begun);
                    let missing = || Error::Transport("no iterator in the answer".to_owned());
                    return Ok(output.shard_iterator.ok_or_else(missing)?);
                }
                Err(error) => self.patience.after(error).await?,
            }
        }
    }
}
