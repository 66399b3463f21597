//! The settings of a producer.

use crate::Retries;
use crate::aggregation::AGGREGATED_BYTES;
use std::time::Duration;

/// Maximum of [`Aggregation::bytes_max`]: that of the Kinesis Producer Library, less the partition
/// key of an aggregated record, so that every stream takes it.
const AGGREGATED_BYTES_MAX: usize = 1024 * 1024 - 1;

/// The order in which a producer's records are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Any: a record that is refused and retried may follow later ones.
    #[default]
    Any,
    /// Records of the same partition key are stored in the order in which they were put. If one is
    /// given up, those of its key that wait behind it are, too. A batch has one record of each key
    /// at most, so few keys mean small batches; with [`Aggregation`] that record may be an
    /// aggregated one, with many of the key's.
    OfKeys,
}

/// The aggregation of records, as the Kinesis Producer Library does it.
///
/// ```
/// use millstream_client::producer::{Aggregation, ProducerSettings};
///
/// let settings = ProducerSettings {
///     aggregation: Some(Aggregation { bytes_max: 100 * 1024 }),
///     ..ProducerSettings::default()
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregation {
    /// Bytes of an aggregated record, at most. Larger ones than 1 MiB are not made.
    pub bytes_max: usize,
}

impl Aggregation {
    pub(super) fn bytes_max(self) -> usize {
        self.bytes_max.min(AGGREGATED_BYTES_MAX)
    }
}

impl Default for Aggregation {
    /// Records of 50 KiB, as the Kinesis Producer Library makes them.
    fn default() -> Self {
        Self {
            bytes_max: AGGREGATED_BYTES,
        }
    }
}

/// The settings of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerSettings {
    /// The order of records.
    pub order: Order,
    /// Whether records share aggregated ones. Readers must take them apart: the Kinesis Client
    /// Library and this crate's [`Consumer`](crate::consumer::Consumer) do.
    pub aggregation: Option<Aggregation>,
    /// How long a record waits for others to share its batch.
    pub linger: Duration,
    /// Batches that are sent at the same time.
    pub batches_in_flight: usize,
    /// Bytes of records that may wait or be on their way. With [`Aggregation`] a record counts
    /// twice, by itself and in its aggregated record.
    pub bytes_max: usize,
    /// How long a record is tried before it is given up.
    pub record_ttl: Duration,
    /// The waits between attempts; the number of attempts does not apply.
    pub backoff: Retries,
}

impl Default for ProducerSettings {
    /// Batches after 100 ms, four at a time, 64 MiB waiting at most, thirty seconds for a record,
    /// none aggregated.
    fn default() -> Self {
        Self {
            order: Order::Any,
            aggregation: None,
            linger: Duration::from_millis(100),
            batches_in_flight: 4,
            bytes_max: 64 * 1024 * 1024,
            record_ttl: Duration::from_secs(30),
            backoff: Retries::none().backoff(Duration::from_millis(200), Duration::from_secs(5)),
        }
    }
}
