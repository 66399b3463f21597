//! Files of records, which `import` reads: what is read of one is what would be written for it, and
//! how it is cut into chunks changes nothing.

use millstream_store::checksum::{crc32c, crc32c_append};
use millstream_tools::record_file::{
    Decoder, FileRecord, HEADER_BYTES, PREFIX_BYTES, RecordFileError, header,
};

/// Chunks so small that each part of a record comes in several.
const SMALL_CHUNK: usize = 7;

/// A file, as it is and with right checksums: what is behind them is then looked at.
pub(super) fn record_files(bytes: &[u8]) {
    check(bytes);
    check(&mended(bytes));
}

fn check(file: &[u8]) {
    let (anew, end) = read(file, file.len().max(1));
    assert_eq!(&file[..anew.len()], &anew, "it is written in one way only");
    assert_eq!(read(file, SMALL_CHUNK), (anew.clone(), end.clone()));
    let read_bytes = anew.len() as u64;
    match end {
        Ok(()) => assert_eq!(anew.len(), file.len(), "all of it was read"),
        Err(RecordFileError::NotRecords | RecordFileError::Newer { .. }) => {
            assert_eq!(read_bytes, 0);
        }
        Err(RecordFileError::Damaged { at, .. }) => assert_eq!(at, read_bytes),
        Err(RecordFileError::Torn { at, end }) => {
            assert_eq!((at, end), (read_bytes, file.len() as u64));
        }
    }
}

/// What was read, written anew, and how that ended.
fn read(file: &[u8], chunk: usize) -> (Vec<u8>, Result<(), RecordFileError>) {
    let (mut decoder, mut anew) = (Decoder::default(), Vec::new());
    for chunk in file.chunks(chunk) {
        decoder.feed(chunk);
        loop {
            match decoder.next_record() {
                Ok(Some(decoded)) => {
                    if anew.is_empty() {
                        anew.extend(header());
                    }
                    write(&decoded.record, &mut anew);
                    assert_eq!(decoded.end, anew.len() as u64);
                }
                Ok(None) => break,
                Err(failure) => {
                    assert_eq!(decoder.finish(), Err(failure.clone()));
                    return (begun(anew, &failure), Err(failure));
                }
            }
        }
    }
    match decoder.finish() {
        Ok(()) if anew.is_empty() => (header().to_vec(), Ok(())),
        Err(failure) => (begun(anew, &failure), Err(failure)),
        Ok(()) => (anew, Ok(())),
    }
}

/// What was read before a failure: the header, too, if the failure is behind it.
fn begun(anew: Vec<u8>, failure: &RecordFileError) -> Vec<u8> {
    let is_behind_header = match failure {
        RecordFileError::NotRecords | RecordFileError::Newer { .. } => false,
        RecordFileError::Damaged { at, .. } | RecordFileError::Torn { at, .. } => *at > 0,
    };
    match anew.is_empty() && is_behind_header {
        true => header().to_vec(),
        false => anew,
    }
}

fn write(record: &FileRecord<'_>, to: &mut Vec<u8>) {
    let at = to.len() as u64;
    let written = record.encode(at, to);
    written.expect("what was read can be written");
}

/// The file with the checksums of its header and of each record put right, as far as their lengths
/// can be followed.
fn mended(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let Some(head) = file.get(..HEADER_BYTES - 4) else {
        return file;
    };
    let sum = crc32c(head);
    put(&mut file, HEADER_BYTES - 4, sum);
    let mut at = HEADER_BYTES;
    while let Some(end) = mend_record(&mut file, at) {
        at = end;
    }
    file
}

/// Mends a record; gives its end.
fn mend_record(file: &mut [u8], at: usize) -> Option<usize> {
    let length = file.get(at..at + 4)?.try_into().ok()?;
    let body = at + PREFIX_BYTES;
    let end = body.checked_add(u32::from_le_bytes(length) as usize)?;
    if let Some(body) = file.get(body..end) {
        let sum = crc32c(body);
        put(file, at + 4, sum);
    }
    let place = crc32c(&(at as u64).to_le_bytes());
    let sum = crc32c_append(place, file.get(at..at + 8)?);
    put(file, at + 8, sum);
    (end <= file.len()).then_some(end)
}

fn put(file: &mut [u8], at: usize, sum: u32) {
    if let Some(place) = file.get_mut(at..at + 4) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
}
