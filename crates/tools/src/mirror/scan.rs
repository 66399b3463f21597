//! Reading a stream from its beginning to an end that is fixed, as often as it takes.

use super::sides::Place;
use crate::Failure;
use crate::following::{POLL_EVERY, refuse};
use millstream_client::aggregation::{UserRecord, deaggregate};
use millstream_client::consumer::{Consumer, ConsumerSettings, Position};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The last record of each shard that counts; `None` of a shard that has none. Other shards do not
/// count.
pub(super) type Ends = BTreeMap<String, Option<String>>;

/// A part of a stream that can be read again and again.
pub(super) struct Scan {
    place: Place,
    begin: Position,
    /// Where it ends; at first, with what is there when it is read.
    ends: Option<Ends>,
}

impl Scan {
    pub(super) fn new(place: Place, begin: Position, ends: Option<Ends>) -> Self {
        Self { place, begin, ends }
    }

    /// Reads all records, those of a key in their order, and tells each as it was put: aggregated
    /// ones are taken apart.
    ///
    /// # Errors
    /// If they cannot be read, or `tell` fails.
    pub(super) async fn read(
        &mut self,
        tell: impl FnMut(&Arc<str>, &UserRecord<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let settings = ConsumerSettings {
            from: self.begin.clone(),
            poll_every: POLL_EVERY,
            ..ConsumerSettings::default()
        };
        // Before the consumer lists them: it waits for no shard that has gone since.
        let ends = match &self.ends {
            Some(ends) => Some(self.ends_of_listed(ends).await?),
            None => None,
        };
        let stream = self.place.stream.as_str();
        let consumer = Consumer::start(&self.place.client, stream, settings).await;
        let consumer = consumer.map_err(refuse)?;
        match ends {
            Some(ends) => read_up_to(consumer, ends, tell).await,
            None => {
                self.ends = Some(read_what_is_there(consumer, tell).await?);
                Ok(())
            }
        }
    }

    /// The ends of the shards that are still there.
    async fn ends_of_listed(&self, ends: &Ends) -> Result<Ends, Failure> {
        let shards = self.place.shards().await?;
        let listed: BTreeSet<&str> = shards.iter().map(|shard| shard.shard_id.as_str()).collect();
        let ends = ends.iter().filter(|(id, _)| listed.contains(id.as_str()));
        Ok(ends.map(|(id, end)| (id.clone(), end.clone())).collect())
    }
}

/// Reads until it is caught up, and returns where that was.
async fn read_what_is_there(
    mut consumer: Consumer,
    mut tell: impl FnMut(&Arc<str>, &UserRecord<'_>) -> Result<(), Failure>,
) -> Result<Ends, Failure> {
    let mut ends = Ends::new();
    while !consumer.is_caught_up() {
        let Some(batch) = consumer.next().await.map_err(refuse)? else {
            break;
        };
        let shard_id: Arc<str> = batch.shard_id.as_str().into();
        for record in &batch.records {
            for user in deaggregate(record) {
                tell(&shard_id, &user)?;
            }
        }
        let end = ends.entry(batch.shard_id).or_default();
        if let Some(last) = batch.records.into_iter().next_back() {
            *end = Some(last.sequence_number);
        }
    }
    Ok(ends)
}

/// Reads up to the ends.
async fn read_up_to(
    mut consumer: Consumer,
    ends: Ends,
    mut tell: impl FnMut(&Arc<str>, &UserRecord<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let has_records = |(id, end): (String, Option<String>)| end.map(|end| (id, end));
    let mut left: BTreeMap<String, String> = ends.into_iter().filter_map(has_records).collect();
    while !left.is_empty() {
        let Some(batch) = consumer.next().await.map_err(refuse)? else {
            break;
        };
        let Some(end) = left.get(&batch.shard_id) else {
            continue;
        };
        let shard_id: Arc<str> = batch.shard_id.as_str().into();
        let mut is_at_end = batch.is_last || batch.millis_behind_latest == 0;
        for record in &batch.records {
            let order = by_number(&record.sequence_number, end);
            is_at_end |= order.is_ge();
            if order.is_gt() {
                break;
            }
            for user in deaggregate(record) {
                tell(&shard_id, &user)?;
            }
        }
        if is_at_end {
            left.remove(&batch.shard_id);
        }
    }
    Ok(())
}

/// The order of two sequence numbers: decimal numbers of any length.
fn by_number(a: &str, b: &str) -> Ordering {
    let [a, b] = [a, b].map(|number| number.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_when_compared_then_are_numbers_not_texts() {
        for (a, b, expected) in [
            ("9", "10", Ordering::Less),
            ("010", "9", Ordering::Greater),
            ("4957", "4957", Ordering::Equal),
            ("4958", "4957", Ordering::Greater),
        ] {
            assert_eq!(by_number(a, b), expected, "{a} {b}");
        }
    }
}
