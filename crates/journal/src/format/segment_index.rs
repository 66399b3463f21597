//! The index of a segment: each log's blocks, and the changes to the set of logs. Encoded as an
//! image it is part of a footer or a checkpoint.
//!
//! An image is a head, the block lists of each log's runs, the changes, and a directory of the
//! lists. All logs' blocks are in one list: a segment may hold a few blocks of each of very many
//! logs.

use crate::format::footer::{Directory, DirectoryEntry};
use crate::format::frame::{Block, Entry};
use crate::format::layout::{Fields, Put};
use millstream_store::store::{LogId, Offset};

pub(crate) const IMAGE_HEAD_BYTES: usize = 16;

/// The content of a segment, or of a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentIndex {
    /// Sorted by id.
    logs: Vec<LogBlocks>,
    /// Sorted by log, then by offset.
    blocks: Vec<Block>,
    /// Create, Delete, Trim and Configure, in order.
    pub(crate) changes: Vec<Entry>,
}

/// The position of a log's blocks in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LogBlocks {
    log: LogId,
    /// End of its blocks; they begin where the previous log's end.
    end: u32,
    /// The first control record among them.
    control: Option<Offset>,
}

/// One log's part of an index.
#[derive(Clone, Copy)]
struct Part<'a> {
    log: LogId,
    blocks: &'a [Block],
    control: Option<Offset>,
}

impl SegmentIndex {
    /// Builds an index from entries, each log's in order.
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut index = Self::default();
        let mut places: Vec<u128> = Vec::with_capacity(entries.len());
        for (place, entry) in entries.iter().enumerate() {
            match entry {
                Entry::Records { log, .. } => places.push(order_of(*log, place)),
                Entry::Checkpoint { .. } => {}
                Entry::Create { .. } | Entry::Delete { .. } => index.changes.push(*entry),
                Entry::Trim { .. } | Entry::Configure { .. } => index.changes.push(*entry),
            }
        }
        places.sort_unstable();
        index.blocks.reserve_exact(places.len());
        for place in places {
            if let Entry::Records {
                log,
                block,
                control,
            } = entries[place as u32 as usize]
            {
                index.push(log, block, control);
            }
        }
        index
    }

    /// Builds an index from blocks already sorted: for each log, in order, the number of its
    /// blocks.
    pub(crate) fn laid_out(
        counts: impl Iterator<Item = (LogId, u32)>,
        blocks: Vec<Block>,
        changes: Vec<Entry>,
    ) -> Self {
        let mut end = 0;
        let logs = counts.filter(|(_, count)| *count > 0).map(|(log, count)| {
            end += count;
            LogBlocks {
                log,
                end,
                control: None,
            }
        });
        Self {
            logs: logs.collect(),
            blocks,
            changes,
        }
    }

    /// Adds a block of the last log, or of a later one.
    pub(crate) fn push(&mut self, log: LogId, block: Block, control: Option<u32>) {
        self.blocks.push(block);
        let end = self.blocks.len() as u32;
        match self.logs.last_mut().filter(|last| last.log == log) {
            Some(last) => last.end = end,
            None => self.logs.push(LogBlocks {
                log,
                end,
                control: None,
            }),
        }
        if let Some(at) = control {
            self.note_control(log, block.first.plus(u64::from(at)));
        }
    }

    /// Records a control record of a log; only the first counts.
    pub(crate) fn note_control(&mut self, log: LogId, control: Offset) {
        if let Ok(at) = self.logs.binary_search_by_key(&log, |found| found.log) {
            self.logs[at].control.get_or_insert(control);
        }
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let mut start = 0;
        self.logs.iter().map(move |found| {
            let end = found.end as usize;
            Part {
                log: found.log,
                blocks: &self.blocks[std::mem::replace(&mut start, end)..end],
                control: found.control,
            }
        })
    }

    /// The blocks of the run of `log` that begins at `first`.
    pub(crate) fn run(&self, log: LogId, first: Offset) -> Option<&[Block]> {
        let at = self.logs.binary_search_by_key(&log, |found| found.log);
        let at = at.ok()?;
        let start = at.checked_sub(1).map_or(0, |before| self.logs[before].end);
        let blocks = &self.blocks[start as usize..self.logs[at].end as usize];
        let start = blocks.partition_point(|block| block.first < first);
        split_run(&blocks[start..]).map(|(run, _)| run)
    }

    /// The directory of all runs, without lists.
    pub(crate) fn directory(&self) -> Vec<DirectoryEntry> {
        let mut entries = Vec::with_capacity(self.logs.len());
        self.for_each_run(|entry, _| entries.push(entry));
        entries
    }

    /// Each run with its blocks, by log and offset.
    fn for_each_run(&self, mut then: impl FnMut(DirectoryEntry, &[Block])) {
        for part in self.parts() {
            let mut control = part.control;
            let mut rest = part.blocks;
            while let Some((run, later)) = split_run(rest) {
                then(DirectoryEntry::of(part.log, run, control.take()), run);
                rest = later;
            }
        }
    }

    /// The image, and its directory with the lists' positions.
    pub(crate) fn encode(&self) -> (Vec<u8>, Directory) {
        let mut bytes = vec![0; IMAGE_HEAD_BYTES];
        let mut entries = Vec::with_capacity(self.logs.len());
        self.for_each_run(|mut entry, run| {
            entry.put_list(&mut bytes, run);
            entries.push(entry);
        });
        let lists_end = bytes.len() as u32;
        self.changes
            .iter()
            .for_each(|change| change.encode(&mut bytes));
        entries.iter().for_each(|entry| entry.encode(&mut bytes));
        let mut head = Vec::with_capacity(IMAGE_HEAD_BYTES);
        head.put_u32(lists_end);
        head.put_u32(self.changes.len() as u32);
        head.put_u32(entries.len() as u32);
        head.put_u32(0);
        bytes[..IMAGE_HEAD_BYTES].copy_from_slice(&head);
        (
            bytes,
            Directory {
                entries,
                changes: self.changes.clone(),
                image_start: 0,
            },
        )
    }

    /// Decodes a complete image with a verified checksum, as entries: each log's blocks in order,
    /// then the changes in order.
    pub(crate) fn decode(image: &[u8]) -> Option<Vec<Entry>> {
        let mut head = Fields::new(image);
        let lists_end = head.u32()? as usize;
        let (change_count, entry_count) = (head.u32()?, head.u32()?);
        let directory = Directory::decode(image.get(lists_end..)?, change_count, entry_count, 0)?;
        let mut entries = Vec::new();
        let mut told: Option<(LogId, Option<Offset>)> = None;
        for run in &directory.entries {
            // The first run of a log names a control record that may be in a later one.
            let control = match told {
                Some((log, control)) if log == run.log => control,
                Some(_) | None => run.control,
            };
            told = Some((run.log, control));
            let start = run.list_position as usize;
            let list = image.get(start..start.checked_add(run.list_length as usize)?)?;
            let blocks = run.decode_list(list)?;
            entries.extend({ blocks.into_iter() }.map(|block| block.as_entry(run.log, control)));
        }
        entries.extend(directory.changes);
        Some(entries)
    }
}

/// A log and an entry's index packed into one number, which sorts faster.
fn order_of(log: LogId, place: usize) -> u128 {
    u128::from(log.group) << 64 | u128::from(log.index) << 32 | place as u128
}

/// The blocks up to the first gap, and the rest.
fn split_run(blocks: &[Block]) -> Option<(&[Block], &[Block])> {
    let gap = blocks
        .windows(2)
        .position(|pair| pair[0].end() != pair[1].first);
    (!blocks.is_empty()).then(|| blocks.split_at(gap.map_or(blocks.len(), |at| at + 1)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use millstream_env::Timestamp;
    use millstream_store::store::LogSettings;

    fn block(first: u64, count: u32, position: u32) -> Block {
        let arrival = Timestamp(1000 + first);
        Block {
            first: Offset(first),
            count,
            arrival,
            position,
            length: 12,
            crc: 0xabcd,
        }
    }

    pub(crate) fn index() -> SegmentIndex {
        SegmentIndex::of(&entries())
    }

    fn entries() -> Vec<Entry> {
        let mut entries = Vec::new();
        let log = |index| LogId { group: 3, index };
        entries.push(Entry::Create {
            log: log(1),
            settings: LogSettings {
                retention_ms: 5,
                ..LogSettings::default()
            },
        });
        for (first, count, position) in [(0, 2, 4200), (2, 1, 4300), (7, 3, 5000)] {
            let block = block(first, count, position);
            entries.push(Entry::Records {
                log: log(1),
                block,
                control: (first == 2).then_some(0),
            });
        }
        entries.push(Entry::Records {
            log: log(0),
            block: block(9, 1, 6000),
            control: None,
        });
        entries.push(Entry::Trim {
            log: log(1),
            before: Offset(1),
        });
        entries
    }

    #[test]
    fn an_image_when_encoded_then_decodes_to_entries_of_the_same_index() {
        let (image, _) = index().encode();
        let decoded = SegmentIndex::decode(&image).unwrap();
        assert_eq!(SegmentIndex::of(&decoded), index());
        let log = LogId { group: 3, index: 1 };
        let controls = index().parts().map(|part| (part.log, part.control)).last();
        assert_eq!(controls, Some((log, Some(Offset(2)))));
    }

    #[test]
    fn a_log_when_it_has_a_gap_then_has_a_directory_entry_for_each_run() {
        let runs: Vec<(u32, u64, u64)> = index()
            .directory()
            .iter()
            .map(|entry| (entry.log.index, entry.first.0, entry.end.0))
            .collect();
        assert_eq!(runs, [(0, 9, 10), (1, 0, 3), (1, 7, 10)]);
    }
}
