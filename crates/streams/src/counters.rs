//! Counters of streams and shards as in CloudWatch, under AWS's names:
//! <https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html>
//!
//! Kept in memory only: sums start at zero with the process.

use millstream_env::{Clock, Monotonic};
use prometheus_client::metrics::MetricType;
use std::sync::atomic::{AtomicU64, Ordering};

/// A sum or a last value, written by many threads.
#[derive(Debug, Default)]
pub struct Cell(AtomicU64);

impl Cell {
    /// Adds to a sum.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Adds the microseconds from `began` until now.
    pub fn add_micros(&self, began: Monotonic, clock: &dyn Clock) {
        let took = clock.monotonic().since(began).as_micros();
        self.add(u64::try_from(took).unwrap_or(u64::MAX));
    }

    /// Sets a last value.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The sum, or the last value.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $metric:literal, $kind:ident, $help:literal $(, by $parts:literal)?;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name {
            $(#[doc = $help] pub $field: Cell,)*
        }

        impl $name {
            pub(crate) const ROWS: &[Row<Self>] = &[$(Row {
                metric: $metric,
                kind: MetricType::$kind,
                help: $help,
                value: |counters| counters.$field.get() $(/ $parts)?,
            },)*];
        }
    };
}

/// A counter, for code that exports all of them.
pub(crate) struct Row<T> {
    /// AWS's name.
    pub(crate) metric: &'static str,
    pub(crate) kind: MetricType,
    pub(crate) help: &'static str,
    pub(crate) value: fn(&T) -> u64,
}

counters! {
    /// Counters of a stream.
    StreamCounters {
        incoming_bytes: "IncomingBytes", Counter, "Bytes put into the stream";
        incoming_records: "IncomingRecords", Counter, "Records put into the stream";
        put_record_bytes: "PutRecord.Bytes", Counter, "Bytes put with PutRecord";
        put_record_success: "PutRecord.Success", Counter, "Successful PutRecord calls";
        put_record_latency: "PutRecord.Latency", Counter, "Milliseconds that successful PutRecord calls took together", by 1000;
        put_records_bytes: "PutRecords.Bytes", Counter, "Bytes put with PutRecords";
        put_records_success: "PutRecords.Success", Counter, "PutRecords calls with at least one record put";
        put_records_latency: "PutRecords.Latency", Counter, "Milliseconds that successful PutRecords calls took together", by 1000;
        put_records_total: "PutRecords.TotalRecords", Counter, "Records of PutRecords calls";
        put_records_successful: "PutRecords.SuccessfulRecords", Counter, "Records of PutRecords calls that were put";
        put_records_failed: "PutRecords.FailedRecords", Counter, "Records of PutRecords calls that failed inside";
        put_records_throttled: "PutRecords.ThrottledRecords", Counter, "Records of PutRecords calls that were throttled";
        write_throttled: "WriteProvisionedThroughputExceeded", Counter, "Records that were throttled";
        get_records_bytes: "GetRecords.Bytes", Counter, "Bytes read with GetRecords";
        get_records_records: "GetRecords.Records", Counter, "Records read with GetRecords";
        get_records_success: "GetRecords.Success", Counter, "Successful GetRecords calls";
        get_records_latency: "GetRecords.Latency", Counter, "Milliseconds that successful GetRecords calls took together", by 1000;
        iterator_age_ms: "GetRecords.IteratorAgeMilliseconds", Gauge, "Age of the last record of the last GetRecords call; 0 at the tip";
        read_throttled: "ReadProvisionedThroughputExceeded", Counter, "GetRecords calls that were throttled";
        subscribe_success: "SubscribeToShard.Success", Counter, "Successful SubscribeToShard calls";
        subscribe_rate_exceeded: "SubscribeToShard.RateExceeded", Counter, "SubscribeToShard calls refused because of another subscription or too many calls";
        subscribe_event_success: "SubscribeToShardEvent.Success", Counter, "Events pushed to subscribers";
        subscribe_event_bytes: "SubscribeToShardEvent.Bytes", Counter, "Bytes pushed to subscribers";
        subscribe_event_records: "SubscribeToShardEvent.Records", Counter, "Records pushed to subscribers";
        subscribe_event_behind_ms: "SubscribeToShardEvent.MillisBehindLatest", Gauge, "Age of the next unread record at the last event; 0 at the tip";
    }
}

counters! {
    /// Counters of a shard.
    ShardCounters {
        incoming_bytes: "IncomingBytes", Counter, "Bytes put into the shard";
        incoming_records: "IncomingRecords", Counter, "Records put into the shard";
        outgoing_bytes: "OutgoingBytes", Counter, "Bytes read from the shard";
        outgoing_records: "OutgoingRecords", Counter, "Records read from the shard";
        iterator_age_ms: "IteratorAgeMilliseconds", Gauge, "Age of the last record of the last GetRecords call; 0 at the tip";
        read_throttled: "ReadProvisionedThroughputExceeded", Counter, "GetRecords calls on the shard that were throttled";
        write_throttled: "WriteProvisionedThroughputExceeded", Counter, "Records for the shard that were throttled";
    }
}

/// The names that EnableEnhancedMonitoring takes, without `ALL`.
pub fn shard_level_metrics() -> impl Iterator<Item = &'static str> {
    ShardCounters::ROWS.iter().map(|row| row.metric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{ManualClock, Timestamp};
    use std::time::Duration;

    #[test]
    fn latencies_when_added_up_then_are_shown_in_milliseconds_without_losing_parts_of_one() {
        let (clock, counters) = (ManualClock::new(Timestamp(0)), StreamCounters::default());
        for _ in 0..3 {
            let began = clock.monotonic();
            clock.advance(Duration::from_micros(900));
            counters.put_records_latency.add_micros(began, &clock);
        }
        let row = StreamCounters::ROWS.iter();
        let row = { row }
            .find(|row| row.metric == "PutRecords.Latency")
            .unwrap();
        assert_eq!((row.value)(&counters), 2);
    }
}
