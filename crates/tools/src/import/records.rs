//! The records of an export's file, whatever its format.

use crate::Failure;
use crate::file_format::FileFormat;
use crate::lines::Lines;
use crate::record_file::{Decoder, FileRecord, RecordFileError};
use crate::sending::{Item, Place, Unit};
use crate::shaping::{Shaping, next_record};
use crate::source::Source;
use millstream_client::producer::ProducerRecord;
use millstream_env::Random;

/// Records to come.
pub(super) enum Records {
    Lines(Lines),
    Frames(Frames),
}

/// Records of a binary file.
pub(super) struct Frames {
    source: Source,
    decoder: Decoder,
    /// The record that was taken last.
    last: Place,
}

impl Records {
    /// The records of a source after one that was taken before.
    pub(super) fn new(source: Source, format: FileFormat, shaping: &Shaping, after: Place) -> Self {
        match format {
            FileFormat::Ndjson => Self::Lines(Lines::new(source, shaping.line_bytes_max(), after)),
            FileFormat::Binary => Self::Frames(Frames {
                source,
                decoder: Decoder::at(after.end),
                last: after,
            }),
        }
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// If there is something else than a record, or one that the stream does not take.
    pub(super) async fn next(
        &mut self,
        shaping: &Shaping,
        random: &dyn Random,
    ) -> Result<Option<Item>, Failure> {
        match self {
            Self::Lines(lines) => next_record(lines, shaping, random).await,
            Self::Frames(frames) => frames.next(shaping).await,
        }
    }
}

impl Frames {
    async fn next(&mut self, shaping: &Shaping) -> Result<Option<Item>, Failure> {
        let number = self.last.number + 1;
        loop {
            let decoded = self.decoder.next_record();
            let decoded = decoded.map_err(|error| refuse(number, &error))?;
            let found = decoded.map(|decoded| (own(&decoded.record), decoded.end));
            if let Some((record, end)) = found {
                let unit = Unit::Record;
                let place = Place { number, end, unit };
                let record = shaping.check(record);
                let record = record.map_err(|what| Failure::new(format!("{place} {what}")))?;
                self.last = place;
                return Ok(Some(Item { record, place }));
            }
            let Some(chunk) = self.source.next().await? else {
                let ended = self.decoder.finish();
                return ended.map(|()| None).map_err(|error| refuse(number, &error));
            };
            self.decoder.feed(&chunk);
        }
    }
}

/// The record to be put.
fn own(record: &FileRecord<'_>) -> ProducerRecord {
    ProducerRecord {
        data: record.data.to_vec().into(),
        partition_key: record.partition_key.map(str::to_owned),
        explicit_hash_key: record.explicit_hash_key.map(|key| key.to_string()),
    }
}

fn refuse(number: u64, error: &RecordFileError) -> Failure {
    let failure = Failure::new(format!(
        "the file cannot be read at record {number}: {error}"
    ));
    failure.with_advice(match error {
        RecordFileError::NotRecords => "Give the file of a binary export, or another --format.",
        RecordFileError::Newer { .. } => "Use the newer millstream.",
        RecordFileError::Damaged { .. } => "Nothing from there on is stored: export it anew.",
        RecordFileError::Torn { .. } => {
            "Its export was ended, or still writes it: what is before is stored."
        }
    })
}
