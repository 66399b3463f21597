//! The blocks of the active segment, in write order, each linked to the previous block of its log.
//!
//! One list for all logs: a group that touches hundreds of them is appended at the end, and a log
//! only needs the index of its last block. The writer appends durable blocks; readers walk back
//! from their log's last block. When the segment is sealed the list becomes its index.

use crate::format::frame::{Block, Entry};
use crate::format::segment::Segment;
use crate::format::segment_index::SegmentIndex;
use crate::read::index::Log;
use crate::write::chain::{ActiveBlocks, Chain, Linked, Linking};
use millstream_store::store::LogId;
use std::sync::Arc;

/// The writer's side of the list.
pub(crate) struct ActiveIndex {
    blocks: Arc<ActiveBlocks>,
    logs: Vec<(LogId, Arc<Log>)>,
    /// The indexes of logs, sorted by id as far as that was done.
    order: Vec<u32>,
    count: usize,
}

/// An addition of blocks. Readers of the list wait meanwhile, so nothing here may block.
pub(crate) struct Addition<'a> {
    blocks: &'a Arc<ActiveBlocks>,
    linking: Linking<'a>,
    logs: &'a mut Vec<(LogId, Arc<Log>)>,
    count: &'a mut usize,
}

/// A reusable list: fresh memory would be page-faulted in.
#[derive(Default)]
pub(crate) struct ListRoom(Vec<Linked>);

impl ActiveIndex {
    pub(crate) fn new(segment: Arc<Segment>, room: ListRoom) -> Self {
        Self {
            blocks: Arc::new(ActiveBlocks::new(segment, room.0)),
            logs: Vec::new(),
            order: Vec::new(),
            count: 0,
        }
    }

    /// Number of blocks.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Number of logs with blocks here.
    pub(crate) fn logs_len(&self) -> usize {
        self.logs.len()
    }

    /// The logs with blocks here, sorted by id.
    pub(crate) fn logs_in_order(&mut self) -> impl Iterator<Item = &Arc<Log>> {
        self.put_in_order();
        self.order.iter().map(|at| &self.logs[*at as usize].1)
    }

    /// Begins to add durable blocks.
    pub(crate) fn add(&mut self) -> Addition<'_> {
        Addition {
            blocks: &self.blocks,
            linking: self.blocks.begin_linking(),
            logs: &mut self.logs,
            count: &mut self.count,
        }
    }

    /// The index of all blocks from one on, with these changes.
    pub(crate) fn index_from(&mut self, first: usize, changes: &[Entry]) -> SegmentIndex {
        self.put_in_order();
        let blocks = self.blocks.clone();
        blocks.look(|list| self.index_of(&list[first..], changes))
    }

    fn index_of(&self, list: &[Linked], changes: &[Entry]) -> SegmentIndex {
        let mut places = vec![0; self.logs.len()];
        list.iter()
            .for_each(|linked| places[linked.log as usize] += 1);
        let counts =
            { self.order.iter() }.map(|at| (self.logs[*at as usize].0, places[*at as usize]));
        let counts: Vec<(LogId, u32)> = counts.collect();
        let mut start = 0;
        for at in &self.order {
            let place = &mut places[*at as usize];
            start += std::mem::replace(place, start);
        }
        let mut blocks = vec![Block::default(); list.len()];
        let mut controls = Vec::new();
        for linked in list {
            let place = &mut places[linked.log as usize];
            blocks[*place as usize] = linked.block;
            *place += 1;
            if let Some(at) = linked.control {
                controls.push((linked.log, linked.block.first.plus(u64::from(at))));
            }
        }
        let mut index = SegmentIndex::laid_out(counts.into_iter(), blocks, changes.to_vec());
        for (log, control) in controls {
            index.note_control(self.logs[log as usize].0, control);
        }
        index
    }

    fn put_in_order(&mut self) {
        if self.order.len() < self.logs.len() {
            self.order = (0..self.logs.len() as u32).collect();
            let logs = &self.logs;
            self.order.sort_unstable_by_key(|at| logs[*at as usize].0);
        }
    }

    /// Recovers its memory once no log refers to it; empty if a reader still does.
    pub(crate) fn into_room(self) -> ListRoom {
        let list = Arc::into_inner(self.blocks).map(ActiveBlocks::into_list);
        let mut list = list.unwrap_or_default();
        list.clear();
        ListRoom(list)
    }
}

impl Addition<'_> {
    /// Adds a block and makes it visible to the log's readers.
    pub(crate) fn push(&mut self, log: &Arc<Log>, block: Block, control: Option<u32>) {
        log.with(|state| {
            let chain = state.open.get_or_insert_with(|| {
                self.logs.push((log.id, log.clone()));
                Chain::new(self.blocks.clone(), self.logs.len() as u32 - 1)
            });
            self.linking.link(chain, block, control);
            *self.count += 1;
            state.note_block(&block, control);
        });
    }
}

#[cfg(test)]
mod tests;
