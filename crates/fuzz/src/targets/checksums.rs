//! Right checksums for a store whose files were changed: what is behind them is then looked at.
//! docs/formats/journal.md has the tables.

use millstream_store::checksum::{crc32c, crc32c_append};
use std::collections::BTreeMap;
use std::ops::Range;

const MANIFEST_HEAD_BYTES: usize = 56;
const SEGMENT_ENTRY_BYTES: usize = 40;
const FRAMES_START: usize = 4_096;
const WORDS: [usize; 4] = [512, 1_024, 1_536, 2_048];
const FRAME_HEADER_BYTES: usize = 32;
const ENTRY_BYTES: usize = 48;
const DIRECTORY_ENTRY_BYTES: usize = 80;
const TRAILER_BYTES: usize = 48;
const RECORDS: u32 = 1;
const CHECKPOINT: u32 = 6;

/// Puts the checksums of all files right, as far as their structures can be followed.
pub(super) fn mend(files: &mut [(String, Vec<u8>)]) {
    let mut salts = BTreeMap::new();
    for (_, bytes) in files.iter_mut().filter(|(name, _)| name == "MANIFEST") {
        salts.extend(mend_manifest(bytes).unwrap_or_default());
    }
    for (name, bytes) in files {
        let number = name.strip_suffix(".segment");
        let number = number.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if let Some(salt) = number.and_then(|number| salts.get(&number)) {
            mend_segment(bytes, *salt);
        }
    }
}

/// Mends a MANIFEST; gives the salts of its segments, by their numbers.
fn mend_manifest(bytes: &mut [u8]) -> Option<BTreeMap<u64, u64>> {
    let body = bytes.get(MANIFEST_HEAD_BYTES..)?;
    let sum = crc32c(body);
    let count = u32_at(bytes, 32)? as usize;
    let entries = body.chunks_exact(SEGMENT_ENTRY_BYTES).take(count);
    let salts = entries.filter_map(|entry| Some((u64_at(entry, 0)?, u64_at(entry, 8)?)));
    let salts = salts.collect();
    put(bytes, 48, sum);
    let sum = crc32c(&bytes[..52]);
    put(bytes, 52, sum);
    Some(salts)
}

fn mend_segment(bytes: &mut [u8], salt: u64) {
    if let Some(head) = bytes.get(..60) {
        let sum = crc32c(head);
        put(bytes, 60, sum);
    }
    for at in WORDS {
        let word = bytes.get(at..at + 12);
        // A word that was never written is none.
        if let Some(word) = word.filter(|word| word.iter().any(|byte| *byte != 0)) {
            let sum = salted(salt, &[word]);
            put(bytes, at + 12, sum);
        }
    }
    let (mut at, mut previous) = (FRAMES_START, 0);
    while let Some((end, sum)) = mend_frame(bytes, at, salt, previous) {
        (at, previous) = (end, sum);
    }
    mend_footer(bytes, salt, previous);
}

/// Mends a frame; gives its end and its checksum.
fn mend_frame(bytes: &mut [u8], at: usize, salt: u64, previous: u32) -> Option<(usize, u32)> {
    let length = u32_at(bytes, at + 8)? as usize;
    let entries = u32_at(bytes, at + 12)? as usize;
    let frame = bytes.get_mut(at..at.checked_add(length)?)?;
    let payloads = FRAME_HEADER_BYTES.checked_add(entries.checked_mul(ENTRY_BYTES)?)?;
    if !frame.starts_with(b"MSFR") || payloads > length {
        return None;
    }
    let mut payload = payloads;
    for entry in (FRAME_HEADER_BYTES..payloads).step_by(ENTRY_BYTES) {
        let kind = u32_at(frame, entry)?;
        if kind != RECORDS && kind != CHECKPOINT {
            continue;
        }
        let end = payload.checked_add(u32_at(frame, entry + 36)? as usize)?;
        let content = frame.get_mut(payload..end)?;
        if kind == CHECKPOINT {
            mend_image(content);
        }
        let sum = crc32c(content);
        put(frame, entry + 40, sum);
        payload = end;
    }
    put(frame, 20, previous);
    let sum = salted(salt, &[&frame[..28], &frame[FRAME_HEADER_BYTES..payloads]]);
    put(frame, 28, sum);
    Some((at + length, sum))
}

/// Mends the block lists of an index image.
fn mend_image(image: &mut [u8]) -> Option<()> {
    let changes = (u32_at(image, 4)? as usize).checked_mul(ENTRY_BYTES)?;
    let mut at = (u32_at(image, 0)? as usize).checked_add(changes)?;
    for _ in 0..u32_at(image, 8)? {
        let start = u32_at(image, at + 64)? as usize;
        let end = start.checked_add(u32_at(image, at + 68)? as usize)?;
        let sum = crc32c(image.get(start..end)?);
        put(image, at + 72, sum);
        at += DIRECTORY_ENTRY_BYTES;
    }
    Some(())
}

fn mend_footer(bytes: &mut [u8], salt: u64, last_frame: u32) -> Option<()> {
    let trailer = bytes.len().checked_sub(TRAILER_BYTES)?;
    if !bytes[trailer..].starts_with(b"MSTRFOOT") {
        return None;
    }
    let frames_end = u32_at(bytes, trailer + 16)? as usize;
    mend_image(bytes.get_mut(frames_end..trailer)?);
    put(bytes, trailer + 20, last_frame);
    let directory = u32_at(bytes, trailer + 24)? as usize;
    let sum = salted(salt, &[bytes.get(directory..trailer)?]);
    put(bytes, trailer + 36, sum);
    let sum = salted(salt, &[&bytes[trailer..trailer + 44]]);
    put(bytes, trailer + 44, sum);
    Some(())
}

fn salted(salt: u64, parts: &[&[u8]]) -> u32 {
    let seed = crc32c(&salt.to_le_bytes());
    { parts.iter() }.fold(seed, |sum, part| crc32c_append(sum, part))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(field(at, 4)?)?;
    field.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(field(at, 8)?)?;
    field.try_into().ok().map(u64::from_le_bytes)
}

fn field(at: usize, size: usize) -> Option<Range<usize>> {
    Some(at..at.checked_add(size)?)
}

fn put(bytes: &mut [u8], at: usize, sum: u32) {
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
}
