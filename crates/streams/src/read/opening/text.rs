//! The text of a read's groups, put together, opened, and divided into runs again.
//!
//! A group's ciphertext is gathered behind the text of those before it. Opened, it is what its
//! records would be if they were framed and nobody had sealed them.

use super::{Keys, Need, Whole};
use crate::encryption::Place;
use crate::record::AtRest;
use crate::record::sealed::{Head, Sealed, TAG_BYTES};
use bytes::Bytes;
use millstream_store::batch::{RECORD_OVERHEAD_BYTES, RecordIter};
use millstream_store::{LogId, Offset, ReadError, Run};
use std::ops::Range;

/// Records of one run, one behind the other, which are stored in the same way.
#[derive(Debug)]
struct Part {
    /// The place of their run in the read.
    run: usize,
    first: Offset,
    count: u32,
    bytes: PartBytes,
}

/// Where the bytes of a part are.
#[derive(Debug)]
enum PartBytes {
    /// In the run.
    Plain(Range<usize>),
    /// In the text.
    Sealed(Range<usize>),
    /// They were opened before.
    Kept(Bytes),
}

/// A group that is being gathered.
#[derive(Debug)]
struct Group {
    head: Head,
    first: Offset,
    /// Where its text begins.
    from: usize,
    /// How many of its records are there.
    gathered: u16,
}

/// Why the records of a read end early.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The next one's data key cannot be used.
    NoKey,
    /// The next one is not what was written there.
    Damaged(ReadError),
}

/// A read whose records are being opened.
pub(super) struct Opening<'a> {
    log: LogId,
    keys: &'a Keys,
    /// The records that the read is to bring.
    wanted: Range<Offset>,
    text: Vec<u8>,
    group: Option<Group>,
    parts: Vec<Part>,
    /// Where to continue: behind the last record that was taken.
    pub(super) next: Offset,
}

impl<'a> Opening<'a> {
    /// Of a read that is to bring these records, whose groups have a text of so many bytes.
    pub(super) fn new(
        log: LogId,
        keys: &'a Keys,
        wanted: Range<Offset>,
        text_bytes: usize,
    ) -> Self {
        Self {
            log,
            keys,
            next: wanted.start,
            wanted,
            text: Vec::with_capacity(text_bytes + TAG_BYTES),
            group: None,
            parts: Vec::new(),
        }
    }

    /// Takes all records of a read's runs, up to one that cannot be opened.
    pub(super) fn take_all(
        &mut self,
        whole: &Whole,
        runs: &[Run],
        needs: &[Need],
    ) -> Result<(), Stopped> {
        let taken = self.try_all(whole, runs, needs);
        match taken {
            Ok(()) => self.next = self.wanted.end,
            // Nothing of the group that is not open may be passed on.
            Err(_) => self.cut(),
        }
        taken
    }

    fn try_all(&mut self, whole: &Whole, runs: &[Run], needs: &[Need]) -> Result<(), Stopped> {
        let wanted = self.wanted.clone();
        for run in &whole.before {
            self.take(0, run, wanted.start)?;
        }
        for (place, (run, need)) in runs.iter().zip(needs).enumerate() {
            match need {
                Need::Kept(kept) => {
                    self.next = run.first;
                    if !kept.data_keys.iter().all(|key| self.keys.contains_key(key)) {
                        return Err(Stopped::NoKey);
                    }
                    self.parts.push(Part {
                        run: place,
                        first: run.first,
                        count: run.count,
                        bytes: PartBytes::Kept(kept.bytes.clone()),
                    });
                }
                Need::Opening(_) => self.take(place, run, wanted.end)?,
            }
        }
        for run in &whole.behind {
            self.take(runs.len(), run, Offset::MAX)?;
        }
        match &self.group {
            Some(group) => Err(self.damaged(group.first)),
            None => Ok(()),
        }
    }

    /// Takes the records of a run that stand before an offset.
    fn take(&mut self, place: usize, run: &Run, end: Offset) -> Result<(), Stopped> {
        let mut at = 0;
        for ((_, stored), offset) in RecordIter::new(&run.bytes).zip(run.first.0..end.0) {
            let offset = Offset(offset);
            let from = at;
            at += RECORD_OVERHEAD_BYTES + stored.len();
            let bytes = match Sealed::new(stored) {
                None => {
                    self.begin_or_go_on(self.group.is_none(), offset)?;
                    PartBytes::Plain(from..at)
                }
                Some(sealed) => {
                    self.gather(&sealed, offset)?;
                    let end = self.text.len();
                    PartBytes::Sealed(end - sealed.text().len()..end)
                }
            };
            if self.wanted.contains(&offset) {
                self.note(place, offset, bytes);
            }
            self.open_if_complete()?;
        }
        Ok(())
    }

    /// Damage, unless a record stands where one of its kind may.
    fn begin_or_go_on(&mut self, may_stand: bool, offset: Offset) -> Result<(), Stopped> {
        if self.group.is_none() {
            self.next = offset;
        }
        match may_stand {
            true => Ok(()),
            false => Err(self.damaged(offset)),
        }
    }

    /// Puts a record's ciphertext behind that of its group.
    fn gather(&mut self, sealed: &Sealed<'_>, offset: Offset) -> Result<(), Stopped> {
        match *sealed {
            Sealed::First(head, _) => {
                self.begin_or_go_on(self.group.is_none(), offset)?;
                if !self.keys.contains_key(&head.data_key) {
                    return Err(Stopped::NoKey);
                }
                self.group = Some(Group {
                    head,
                    first: offset,
                    from: self.text.len(),
                    gathered: 1,
                });
            }
            Sealed::Following(index, _) => {
                let follows = self.group.as_mut().is_some_and(|group| {
                    let is_next = index == group.gathered
                        && group.first.0.checked_add(index.into()) == Some(offset.0);
                    group.gathered += 1;
                    is_next
                });
                self.begin_or_go_on(follows, offset)?;
            }
        }
        self.text.extend_from_slice(sealed.text());
        Ok(())
    }

    /// Opens the group, if all of its records are there.
    fn open_if_complete(&mut self) -> Result<(), Stopped> {
        let Some(group) = self
            .group
            .take_if(|group| group.gathered == group.head.count)
        else {
            return Ok(());
        };
        let end = self.text.len();
        self.text.extend_from_slice(&[0; TAG_BYTES]);
        let key = self.keys.get(&group.head.data_key);
        let range = group.head.range_before(group.first);
        let opened = key.zip(range).is_some_and(|(key, range)| {
            let place = Place {
                log: self.log,
                range,
            };
            let text = &mut self.text[group.from..];
            key.open(&group.head, place, text).is_ok()
        });
        self.text.truncate(end);
        if !opened {
            let damaged = self.damaged(group.first);
            self.group = Some(group);
            return Err(damaged);
        }
        Ok(())
    }

    /// Notes a record that is to be passed on.
    fn note(&mut self, run: usize, offset: Offset, bytes: PartBytes) {
        if let Some(last) = self.parts.last_mut()
            && last.run == run
        {
            match (&mut last.bytes, &bytes) {
                (PartBytes::Plain(range), PartBytes::Plain(more))
                | (PartBytes::Sealed(range), PartBytes::Sealed(more))
                    if range.end == more.start =>
                {
                    range.end = more.end;
                    last.count += 1;
                    return;
                }
                _ => {}
            }
        }
        self.parts.push(Part {
            run,
            first: offset,
            count: 1,
            bytes,
        });
    }

    /// Leaves out what stands at or behind the record that could not be taken, or behind the
    /// beginning of its group.
    fn cut(&mut self) {
        if let Some(group) = self.group.take() {
            self.next = group.first;
            self.text.truncate(group.from);
        }
        self.next = self.next.max(self.wanted.start);
        let (next, end) = (self.next, self.text.len());
        self.parts.retain_mut(|part| {
            let left = next.0.saturating_sub(part.first.0);
            part.count = part.count.min(u32::try_from(left).unwrap_or(u32::MAX));
            if let PartBytes::Sealed(range) = &mut part.bytes {
                range.end = range.end.min(end);
            }
            part.count > 0
        });
    }

    /// What was opened, of these runs.
    pub(super) fn finish(self, runs: &[Run]) -> Vec<(Run, AtRest)> {
        let text = Bytes::from(self.text);
        let parts = self.parts.into_iter().map(|part| {
            let run = &runs[part.run];
            let (bytes, at_rest) = match part.bytes {
                PartBytes::Plain(range) => (run.bytes.slice(range), AtRest::Plain),
                PartBytes::Sealed(range) => (text.slice(range), AtRest::Encrypted),
                PartBytes::Kept(bytes) => (bytes, AtRest::Encrypted),
            };
            let run = Run {
                first: part.first,
                count: part.count,
                arrival: run.arrival,
                bytes,
            };
            (run, at_rest)
        });
        parts.collect()
    }

    fn damaged(&self, offset: Offset) -> Stopped {
        Stopped::Damaged(ReadError::Damaged {
            log: self.log,
            what: "a record does not fit its seal",
            at: format!("record {}", offset.0),
        })
    }
}
