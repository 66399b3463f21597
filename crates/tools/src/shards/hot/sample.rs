//! Reads what is written to shards, for some time.

use super::load::Sampled;
use crate::Failure;
use crate::manager::Manager;
use crate::shards::placed::Placed;
use crate::terminal::Progress;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use millstream_client::operations::GetRecordsOutput;
use millstream_client::types::ShardIteratorType;
use millstream_client::{Error, ErrorCode};
use millstream_env::Monotonic;
use std::time::Duration;

/// How often a shard is read: a fifth of the calls that its readers have together.
const READ_EVERY: Duration = Duration::from_secs(1);

/// Shards that are read at the same time: an answer of each may be in memory.
const AT_ONCE: usize = 8;

/// How much is sampled at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long.
    pub time: Duration,
    /// How many records, of all shards together.
    pub records: u64,
}

/// A shard that is read from its end on.
struct Reader {
    sampled: Sampled,
    /// `None` at the end of a shard that was closed.
    iterator: Option<String>,
    begun: Monotonic,
}

/// Samples shards, until a bound is reached or the person stops it.
pub async fn sample(
    stream: &str,
    shards: Vec<Placed>,
    bounds: Bounds,
    manager: &Manager<'_>,
) -> Result<Vec<Sampled>, Failure> {
    let (clock, stop) = (&manager.surroundings.env.clock, &manager.surroundings.stop);
    let spinner = Progress::spinner(&manager.surroundings.terminal, "sampling");
    let begun = clock.monotonic();
    let opened = some_at_once(shards, |placed| open(stream, placed, manager));
    let mut readers: Vec<Reader> = manager.look(opened.try_collect()).await?;
    let mut records = 0;
    loop {
        let round = clock.monotonic();
        let mut reads = some_at_once(&mut readers, |reader| read(reader, manager)).boxed();
        while records < bounds.records {
            let Some(Some(read)) = stop.unless_asked(reads.next()).await else {
                break;
            };
            records += read?;
            spinner.note(format!("{records} records"));
        }
        drop(reads);
        let left = bounds.time.saturating_sub(clock.monotonic().since(begun));
        if left.is_zero() || records >= bounds.records || stop.is_asked() {
            return Ok(readers.into_iter().map(|reader| reader.sampled).collect());
        }
        let rest = READ_EVERY.saturating_sub(clock.monotonic().since(round));
        stop.unless_asked(clock.sleep(rest.min(left))).await;
    }
}

/// The outcomes of work on each, in the same order.
fn some_at_once<T, F: Future>(
    each: impl IntoIterator<Item = T>,
    work: impl FnMut(T) -> F,
) -> impl Stream<Item = F::Output> {
    stream::iter(each).map(work).buffered(AT_ONCE)
}

async fn open(stream: &str, placed: Placed, manager: &Manager<'_>) -> Result<Reader, Failure> {
    let latest = ShardIteratorType::Latest;
    let (client, clock) = (&manager.client, &manager.surroundings.env.clock);
    let opened = client
        .get_shard_iterator(stream, placed.id(), latest)
        .await?;
    Ok(Reader {
        sampled: Sampled::new(placed),
        iterator: opened.shard_iterator,
        begun: clock.monotonic(),
    })
}

/// Reads what was written to a shard since; how many records that are.
async fn read(reader: &mut Reader, manager: &Manager<'_>) -> Result<u64, Failure> {
    let Some(iterator) = &reader.iterator else {
        return Ok(0);
    };
    let page: Result<GetRecordsOutput, Error> = manager.client.get_records(iterator).await;
    let page = match page {
        // Other readers use up the shard's rate: the next round reads it.
        Err(error) if error.code() == Some(ErrorCode::ProvisionedThroughputExceededException) => {
            return Ok(0);
        }
        page => page?,
    };
    let elapsed = manager
        .surroundings
        .env
        .clock
        .monotonic()
        .since(reader.begun);
    let behind = page.millis_behind_latest.unwrap_or_default().max(0);
    let behind = Duration::from_millis(behind.unsigned_abs());
    reader.sampled.span = elapsed.saturating_sub(behind);
    reader.iterator = page.next_shard_iterator;
    let records = u64::try_from(page.records.len()).unwrap_or(u64::MAX);
    page.records
        .into_iter()
        .for_each(|record| reader.sampled.count(record));
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::cell::Cell;
    use std::future::pending;

    #[test]
    fn work_when_there_is_much_then_as_much_as_is_allowed_is_under_way_at_once() {
        for (shards, at_once) in [(3, 3), (100, AT_ONCE)] {
            let begun = Cell::new(0);
            let work = some_at_once(0..shards, |_| {
                begun.set(begun.get() + 1);
                pending::<()>()
            });
            let mut work = Box::pin(work);
            assert_eq!(work.next().now_or_never(), None);
            assert_eq!(begun.get(), at_once);
        }
    }
}
