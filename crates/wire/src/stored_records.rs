//! Writes records straight from where they are stored, as an answer lists them.
//!
//! What comes out is, byte for byte, what a list of [`crate::types::Record`] would be; a test holds
//! one against the other. But records that arrived together share all but number, data and key, so
//! the rest is encoded once and copied.

use crate::Timestamp;
use crate::writer::Writer;

/// Decimal digits of a sequence number.
pub const NUMBER_DIGITS: usize = 56;
/// Stands in a head until a number does.
const NO_NUMBER: &[u8; NUMBER_DIGITS] = &[b'0'; NUMBER_DIGITS];

/// What a record does not share with those that arrived with it.
#[derive(Clone, Copy, Debug)]
pub struct StoredParts<'a> {
    /// The digits of the sequence number.
    pub sequence_number: [u8; NUMBER_DIGITS],
    /// The bytes.
    pub data: &'a [u8],
    /// The partition key, known to be UTF-8.
    pub partition_key: &'a [u8],
}

impl StoredParts<'_> {
    /// Bytes of a record in JSON beside its data and key, and a few more.
    const BESIDE_BYTES: usize = 192;

    /// About how many bytes records take that have so many bytes of data and keys.
    pub const fn bytes_expected(records: usize, bytes: usize) -> usize {
        records * Self::BESIDE_BYTES + bytes / 3 * 4
    }
}

/// Writes records one after another as elements of a list that is open.
#[derive(Debug)]
pub struct StoredRecords {
    /// A record up to its data.
    head: Vec<u8>,
    number_start: usize,
    /// What stands between data and key.
    between: Vec<u8>,
}

impl StoredRecords {
    /// Begins.
    pub fn new<W: Writer>() -> Self {
        let (mut data, mut between) = (Vec::new(), Vec::new());
        W::part(&mut data).blob(&[]);
        write_between(&mut W::part(&mut between));
        between.drain(..data.len());
        Self {
            head: Vec::new(),
            number_start: 0,
            between,
        }
    }

    /// The records that follow arrived then.
    pub fn arrived<W: Writer>(&mut self, arrival: Timestamp) {
        self.head.clear();
        write_head(&mut W::part(&mut self.head), arrival);
        let mut places = self.head.windows(NUMBER_DIGITS);
        let place = places.position(|window| window == NO_NUMBER);
        self.number_start = place.expect("the number was written");
    }

    /// Writes a record that arrived at the moment last given.
    pub fn write<W: Writer>(&mut self, writer: &mut W, record: &StoredParts<'_>) {
        let number = self.number_start..self.number_start + NUMBER_DIGITS;
        self.head[number].copy_from_slice(&record.sequence_number);
        writer.item();
        writer.copy(&self.head);
        writer.blob(record.data);
        writer.copy(&self.between);
        writer.utf8(record.partition_key);
        writer.end_map();
    }
}

fn write_head<W: Writer>(writer: &mut W, arrival: Timestamp) {
    writer.begin_map();
    writer.member("SequenceNumber");
    writer.utf8(NO_NUMBER);
    writer.member("ApproximateArrivalTimestamp");
    writer.timestamp(arrival);
    writer.member("Data");
}

/// With an empty value before it, as what comes after a value may differ from what comes first.
fn write_between<W: Writer>(writer: &mut W) {
    writer.blob(&[]);
    writer.member("PartitionKey");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Record;
    use crate::{Encode, Protocol, encode};
    use proptest::prelude::*;

    /// Records with the straight way to write them.
    struct Stored(Vec<Record>);

    impl Encode for Stored {
        fn encode<W: Writer>(&self, writer: &mut W) {
            writer.begin_list();
            let mut records = StoredRecords::new::<W>();
            let mut arrival = None;
            for record in &self.0 {
                if arrival != record.approximate_arrival_timestamp {
                    arrival = record.approximate_arrival_timestamp;
                    records.arrived::<W>(arrival.unwrap());
                }
                let parts = StoredParts {
                    sequence_number: record.sequence_number.as_bytes().try_into().unwrap(),
                    data: &record.data,
                    partition_key: record.partition_key.as_ref().unwrap().as_bytes(),
                };
                records.write(writer, &parts);
            }
            writer.end_list();
        }
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let data = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            proptest::collection::vec(any::<u8>(), 3000..7000),
        ];
        let arrival = prop_oneof![Just(1_700_000_001_456), -3000..3000_i64, any::<i64>()];
        let key = prop_oneof!["[a-z0-9]{1,20}", ".{1,40}", "[\"\\\\\u{0}-\u{7f}]{1,256}"];
        (data, arrival, key, "[0-9]{56}").prop_map(|(data, arrival, key, number)| Record {
            sequence_number: number,
            approximate_arrival_timestamp: Some(Timestamp(arrival)),
            data: data.into(),
            partition_key: Some(key),
            encryption_type: None,
        })
    }

    proptest! {
        #[test]
        fn records_when_written_straight_then_are_those_of_the_list_of_shapes(
            records in proptest::collection::vec(any_record(), 0..12)
        ) {
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let (mut straight, mut shapes) = (Vec::new(), Vec::new());
                encode(protocol, &records, &mut shapes);
                encode(protocol, &Stored(records.clone()), &mut straight);
                prop_assert_eq!(straight, shapes);
            }
        }
    }
}
