//! What is to be opened of a read: its runs, taken apart into what is passed on together.

use super::opened_runs::{Found, OpenedRun, OpenedRuns, Wanted, Which};
use crate::record::sealed::{Head, Sealed};
use bytes::Bytes;
use millstream_store::batch::{RECORD_OVERHEAD_BYTES, RecordIter};
use millstream_store::{LogId, Offset, Run};
use std::ops::Range;
use std::sync::Arc;

/// How many data keys a read asks for at most: it ends in front of the first record that needs
/// another one.
pub(super) const DATA_KEYS_OF_READ_MAX: usize = 16;

/// Some of a run's records, one behind the other.
#[derive(Debug)]
pub(super) struct Piece {
    /// The place of the run in the read.
    pub(super) run: usize,
    pub(super) first: Offset,
    pub(super) count: u32,
    pub(super) content: Content,
}

/// What a piece is.
#[derive(Debug)]
pub(super) enum Content {
    /// Records that nobody sealed, and where they are in their run.
    Plain(Range<usize>),
    /// Records of one group.
    Group {
        head: Head,
        /// How many records of the group are in front of the first one.
        skipped: u16,
        ciphertext: Bytes,
    },
    /// A whole run, opened before.
    Kept(Arc<OpenedRun>),
    /// A record that stands where none like it may.
    Stray,
}

/// What is to be opened of a read.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Its records.
    pub(super) pieces: Vec<Piece>,
    /// Data keys, in the order in which they are needed first.
    pub(super) data_keys: Vec<u32>,
    /// Bytes of the text of its groups.
    pub(super) text_bytes: usize,
    /// The same, and of what was opened before.
    pub(super) bytes: usize,
    /// The runs that are to be cached.
    pub(super) wanted: Vec<Wanted>,
}

/// A group of which records were looked at.
#[derive(Debug)]
struct Group {
    head: Head,
    first: Offset,
    ciphertext: Bytes,
    /// The index of its record that comes next.
    next: u16,
}

impl Group {
    /// The group whose first record is the first of a run.
    fn first_of(run: &Run) -> Option<Self> {
        let (_, stored) = RecordIter::new(&run.bytes).next()?;
        match Sealed::new(stored)? {
            Sealed::First(head, ciphertext) => Some(Self {
                head,
                first: run.first,
                ciphertext: run.bytes.slice_ref(ciphertext),
                next: 1,
            }),
            Sealed::Following(_) => None,
        }
    }

    /// Whether the record of this index, which is at an offset, goes on with the group.
    fn goes_on(&self, index: u16, offset: Offset) -> bool {
        index < self.head.count && self.first.plus(index.into()) == offset
    }

    /// Whether a record at an offset stands in the place of one of the group.
    fn lacks(&self, offset: Offset) -> bool {
        self.goes_on(self.next, offset)
    }
}

impl Plan {
    /// What is to be opened of the records of runs before an offset. `first` begins with the first
    /// record of the group within which they begin.
    pub(super) fn of(
        log: LogId,
        first: Option<&Run>,
        runs: &[Run],
        end: Offset,
        opened: &OpenedRuns,
    ) -> Self {
        let mut plan = Self::default();
        let mut group = first.and_then(Group::first_of);
        for (place, run) in runs.iter().enumerate() {
            let (before, is_last) = (plan.pieces.len(), place + 1 == runs.len());
            match opened.look(log, run, end) {
                Found::Kept(kept) if kept.is_complete || is_last => {
                    plan.keep(place, run, kept);
                    group = None;
                }
                found @ (Found::Kept(_) | Found::Wanted(_) | Found::Nothing) => {
                    plan.take_apart(place, run, end, &mut group);
                    if let Found::Wanted(which) = found {
                        let is_complete = group.as_ref().is_none_or(|it| it.next == it.head.count);
                        plan.want(which, before, is_complete);
                    }
                }
            }
        }
        plan.bytes += plan.text_bytes;
        plan
    }

    /// Whether nothing is sealed.
    pub(super) fn seals_nothing(&self) -> bool {
        let is_plain = |piece: &Piece| matches!(piece.content, Content::Plain(_));
        self.pieces.iter().all(is_plain)
    }

    fn keep(&mut self, place: usize, run: &Run, kept: Arc<OpenedRun>) {
        self.bytes += kept.bytes.len();
        kept.data_keys.iter().for_each(|number| self.key(*number));
        self.pieces.push(Piece {
            run: place,
            first: run.first,
            count: run.count,
            content: Content::Kept(kept),
        });
    }

    /// Takes a run apart, up to an offset.
    fn take_apart(&mut self, place: usize, run: &Run, end: Offset, group: &mut Option<Group>) {
        let begin = self.pieces.len();
        let mut at = 0;
        for ((_, stored), offset) in RecordIter::new(&run.bytes).zip(run.first.0..end.0) {
            let offset = Offset(offset);
            let from = at;
            at += RECORD_OVERHEAD_BYTES + stored.len();
            let sealed = Sealed::new(stored);
            let content = match sealed {
                Some(Sealed::Following(index)) => match group {
                    Some(group) if index >= group.next && group.goes_on(index, offset) => {
                        group.next = index + 1;
                        if let Some(last) = self.pieces[begin..].last_mut()
                            && matches!(last.content, Content::Group { .. })
                        {
                            last.count += 1;
                            continue;
                        }
                        self.group(group, index)
                    }
                    Some(_) | None => Content::Stray,
                },
                None | Some(Sealed::First(..))
                    if group.as_ref().is_some_and(|it| it.lacks(offset)) =>
                {
                    Content::Stray
                }
                None => {
                    if let Some(last) = self.pieces[begin..].last_mut()
                        && let Content::Plain(range) = &mut last.content
                    {
                        range.end = at;
                        last.count += 1;
                        continue;
                    }
                    Content::Plain(from..at)
                }
                Some(Sealed::First(head, ciphertext)) => {
                    let group = group.insert(Group {
                        head,
                        first: offset,
                        ciphertext: run.bytes.slice_ref(ciphertext),
                        next: 1,
                    });
                    self.group(group, 0)
                }
            };
            let is_stray = matches!(content, Content::Stray);
            self.pieces.push(Piece {
                run: place,
                first: offset,
                count: 1,
                content,
            });
            if is_stray {
                return;
            }
        }
    }

    /// A group of which the first records are skipped.
    fn group(&mut self, group: &Group, skipped: u16) -> Content {
        self.key(group.head.data_key);
        self.text_bytes += group.ciphertext.len();
        Content::Group {
            head: group.head,
            skipped,
            ciphertext: group.ciphertext.clone(),
        }
    }

    /// Has a run cached whose pieces begin at a place, if all of its records are sealed and a read
    /// can ask for all of its keys.
    fn want(&mut self, which: Which, from: usize, is_complete: bool) {
        let mut data_keys = Vec::new();
        for piece in &self.pieces[from..] {
            let Content::Group { head, .. } = &piece.content else {
                return;
            };
            if !data_keys.contains(&head.data_key) {
                data_keys.push(head.data_key);
            }
        }
        if data_keys.len() <= DATA_KEYS_OF_READ_MAX {
            self.wanted.push(Wanted {
                which,
                data_keys,
                is_complete,
            });
        }
    }

    fn key(&mut self, number: u32) {
        if self.data_keys.last() != Some(&number) && !self.data_keys.contains(&number) {
            self.data_keys.push(number);
        }
    }
}
