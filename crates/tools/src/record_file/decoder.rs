//! Reading a file of records, of which chunks come as they are read.
//!
//! A length is believed only if its own checksum is right, and memory is bounded by one record and
//! one chunk. After an error nothing more is read.

use super::{
    BODY_BYTES_MAX, FIXED_BYTES, FileRecord, HAS_ARRIVAL, HAS_HASH_KEY, HAS_KEY, HASH_KEY_BYTES,
    HEADER_BYTES, MAGIC, PREFIX_BYTES, RecordFileError, VERSION, checksum, prefix_checksum,
};

/// A file that is read.
#[derive(Debug)]
pub struct Decoder {
    /// What was fed; what is before `start` was taken.
    buffer: Vec<u8>,
    start: usize,
    /// The offset in the file of what comes next.
    at: u64,
    failure: Option<RecordFileError>,
}

/// A record, and the offset after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The record.
    pub record: FileRecord<'a>,
    /// The offset after it, at which reading can go on.
    pub end: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::at(0)
    }
}

impl Decoder {
    /// A file that is read from an offset: from its beginning, or from [`Decoded::end`].
    pub fn at(at: u64) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            at,
            failure: None,
        }
    }

    /// Takes the next bytes of the file. All records before them should have been taken.
    pub fn feed(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend(chunk);
    }

    /// The next record; `None` if it is not there as a whole: more is to be fed, or
    /// [`Decoder::finish`] asked.
    ///
    /// # Errors
    /// If there is something else than a record; then each further call fails in the same way.
    pub fn next_record(&mut self) -> Result<Option<Decoded<'_>>, RecordFileError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        match self.length() {
            Ok(None) => Ok(None),
            Ok(Some(length)) => self.take(length).map(Some),
            Err(failure) => Err(self.failure.insert(failure).clone()),
        }
    }

    /// Checks that the file ends behind a record.
    ///
    /// # Errors
    /// If it ends within one, or has failed before.
    pub fn finish(&self) -> Result<(), RecordFileError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let left = (self.buffer.len() - self.start) as u64;
        // An empty file is no export, which begins with a header.
        if left == 0 && self.at > 0 {
            return Ok(());
        }
        let (at, end) = (self.at, self.at + left);
        Err(RecordFileError::Torn { at, end })
    }

    /// The length of the next record's body, once it was fed as a whole.
    fn length(&mut self) -> Result<Option<usize>, RecordFileError> {
        if self.at == 0 && !self.skip_header()? {
            return Ok(None);
        }
        let left = &self.buffer[self.start..];
        let Some((prefix, rest)) = left.split_first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let [length, of_body, of_prefix] = numbers(prefix);
        if prefix_checksum(self.at, &prefix[..8]) != of_prefix {
            return Err(self.damaged("the checksum of a record's length is wrong"));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !(FIXED_BYTES..=BODY_BYTES_MAX).contains(&length) {
            return Err(self.damaged("no record has that length"));
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        if checksum(&[body]) != of_body {
            return Err(self.damaged("the checksum of a record is wrong"));
        }
        Ok(Some(length))
    }

    /// Takes the header, unless it is not there as a whole.
    fn skip_header(&mut self) -> Result<bool, RecordFileError> {
        let found = &self.buffer[self.start..];
        let known = found.len().min(MAGIC.len());
        if found[..known] != MAGIC[..known] {
            return Err(RecordFileError::NotRecords);
        }
        let Some(header) = found.first_chunk::<HEADER_BYTES>() else {
            return Ok(false);
        };
        let [_, _, version, of_header] = numbers(header);
        if checksum(&[&header[..12]]) != of_header {
            return Err(self.damaged("the checksum of the header is wrong"));
        }
        if version != VERSION {
            let newest = VERSION;
            return Err(RecordFileError::Newer { version, newest });
        }
        self.start += HEADER_BYTES;
        self.at += HEADER_BYTES as u64;
        Ok(true)
    }

    /// Takes a record whose bytes are right.
    fn take(&mut self, length: usize) -> Result<Decoded<'_>, RecordFileError> {
        let body = self.start + PREFIX_BYTES;
        let Some(record) = parse(&self.buffer[body..body + length]) else {
            let failure = self.damaged("it is not a record");
            return Err(self.failure.insert(failure).clone());
        };
        self.start = body + length;
        self.at += (PREFIX_BYTES + length) as u64;
        let end = self.at;
        Ok(Decoded { record, end })
    }

    fn damaged(&self, what: &'static str) -> RecordFileError {
        let at = self.at;
        RecordFileError::Damaged { at, what }
    }
}

/// The little-endian numbers that some bytes are.
fn numbers<const BYTES: usize, const COUNT: usize>(bytes: &[u8; BYTES]) -> [u32; COUNT] {
    const { assert!(BYTES == 4 * COUNT) };
    std::array::from_fn(|at| {
        let mut number = [0; 4];
        number.copy_from_slice(&bytes[4 * at..4 * at + 4]);
        u32::from_le_bytes(number)
    })
}

/// The record that a body is.
fn parse(body: &[u8]) -> Option<FileRecord<'_>> {
    let ([flags, shard_id_bytes, number_bytes], rest) = body.split_first_chunk()?;
    let (key_bytes, rest) = rest.split_first_chunk()?;
    let (arrived, rest) = rest.split_first_chunk()?;
    let key_bytes = usize::from(u16::from_le_bytes(*key_bytes));
    let arrived = i64::from_le_bytes(*arrived);
    let has = |flag: u8| flags & flag != 0;
    // What is not there has no bytes, so that a record has one form.
    let is_odd = flags & !(HAS_KEY | HAS_HASH_KEY | HAS_ARRIVAL) != 0
        || !has(HAS_KEY) && key_bytes > 0
        || !has(HAS_ARRIVAL) && arrived != 0;
    if is_odd {
        return None;
    }
    let (explicit_hash_key, rest) = match has(HAS_HASH_KEY) {
        true => {
            let (hash_key, rest) = rest.split_first_chunk::<HASH_KEY_BYTES>()?;
            (Some(u128::from_le_bytes(*hash_key)), rest)
        }
        false => (None, rest),
    };
    let (shard_id, rest) = rest.split_at_checked(usize::from(*shard_id_bytes))?;
    let (sequence_number, rest) = rest.split_at_checked(usize::from(*number_bytes))?;
    let (key, data) = rest.split_at_checked(key_bytes)?;
    let key = str::from_utf8(key).ok()?;
    Some(FileRecord {
        shard_id: str::from_utf8(shard_id).ok()?,
        sequence_number: str::from_utf8(sequence_number).ok()?,
        arrived_millis: has(HAS_ARRIVAL).then_some(arrived),
        partition_key: has(HAS_KEY).then_some(key),
        explicit_hash_key,
        data,
    })
}
