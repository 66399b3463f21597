//! The blocks of one log in the active segment's list, followed back from the last.

use crate::format::frame::Block;
use crate::format::segment::Segment;
use millstream_env::Timestamp;
use millstream_store::store::Offset;
use parking_lot::{RwLock, RwLockWriteGuard};
use std::sync::Arc;

/// Every block whose ordinal is a multiple of this can be jumped to.
const STRIDE: u32 = 256;
/// No block.
const NONE: u32 = u32::MAX;
/// Maximum number of blocks per read.
pub(crate) const TAKEN_MAX: u64 = 1024;

/// The blocks of the open segment, of all its logs, in the order in which they were written.
pub(crate) struct ActiveBlocks {
    segment: Arc<Segment>,
    list: RwLock<Vec<Linked>>,
}

/// Blocks being added: readers of the list wait until it is dropped.
pub(crate) struct Linking<'a>(RwLockWriteGuard<'a, Vec<Linked>>);

impl ActiveBlocks {
    /// None yet, in a list whose memory is used again.
    pub(crate) fn new(segment: Arc<Segment>, list: Vec<Linked>) -> Self {
        let list = RwLock::new(list);
        Self { segment, list }
    }

    pub(crate) fn begin_linking(&self) -> Linking<'_> {
        Linking(self.list.write())
    }

    /// Looks at all blocks.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&[Linked]) -> T) -> T {
        look(&self.list.read())
    }

    pub(crate) fn into_list(self) -> Vec<Linked> {
        self.list.into_inner()
    }
}

impl Linking<'_> {
    /// Adds a block, the last of its log's chain.
    pub(crate) fn link(&mut self, chain: &mut Chain, block: Block, control: Option<u32>) {
        let at = self.0.len() as u32;
        self.0.push(chain.link(at, block, control));
    }
}

/// A block with its links.
pub(crate) struct Linked {
    pub(crate) block: Block,
    /// The index of its log in the segment.
    pub(crate) log: u32,
    /// The log's previous block.
    earlier: u32,
    /// The log's last earlier block whose ordinal is a multiple of [`STRIDE`].
    stride: u32,
    /// The block's first control record, counted from its first record.
    pub(crate) control: Option<u32>,
}

/// The chain of one log's blocks in the list.
#[derive(Clone)]
pub(crate) struct Chain {
    blocks: Arc<ActiveBlocks>,
    /// The index of the log in the segment.
    log: u32,
    count: u32,
    last: u32,
    /// The last of them whose ordinal is a multiple of [`STRIDE`].
    stride: u32,
}

impl Chain {
    /// The chain of a log that has no blocks so far.
    pub(crate) fn new(blocks: Arc<ActiveBlocks>, log: u32) -> Self {
        Self {
            blocks,
            log,
            count: 0,
            last: NONE,
            stride: NONE,
        }
    }

    /// Links a block that will be at an index of the list, as the last.
    fn link(&mut self, at: u32, block: Block, control: Option<u32>) -> Linked {
        let linked = Linked {
            block,
            log: self.log,
            earlier: self.last,
            stride: self.stride,
            control,
        };
        self.last = at;
        if self.count.is_multiple_of(STRIDE) {
            self.stride = at;
        }
        self.count += 1;
        linked
    }

    /// Blocks from the one that holds an offset on, enough for the number of records asked for, if
    /// there are that many; none if no block holds the offset.
    pub(crate) fn from(&self, from: Offset, records_max: u64) -> Vec<Block> {
        let list = self.blocks.list.read();
        let walk = Walk::new(&list, self);
        let Some(first) = walk.first(|block| block.end() > from) else {
            return Vec::new();
        };
        // The read may begin inside the first block.
        let wanted = records_max.saturating_add(2).min(TAKEN_MAX) as u32;
        let mut last = walk;
        last.back_to(first.ordinal.saturating_add(wanted - 1));
        let mut blocks = last.down_to(first.ordinal);
        let mut records = 0;
        let unwanted = blocks.iter().position(|block| {
            let is_wanted = records <= records_max;
            records += u64::from(block.count);
            !is_wanted
        });
        blocks.truncate(unwanted.unwrap_or(blocks.len()));
        let holds = blocks.first().is_some_and(|block| block.first <= from);
        if holds { blocks } else { Vec::new() }
    }

    /// The first block that arrived at or after `time`.
    pub(crate) fn at(&self, time: Timestamp) -> Option<Block> {
        let list = self.blocks.list.read();
        let found = Walk::new(&list, self).first(|block| block.arrival >= time);
        found.map(|walk| walk.here().block)
    }

    /// All blocks, by offset.
    pub(crate) fn all(&self) -> Vec<Block> {
        let list = self.blocks.list.read();
        Walk::new(&list, self).down_to(0)
    }

    /// The segment they are in.
    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.blocks.segment
    }
}

/// A position in a chain, from where it can be followed back.
#[derive(Clone, Copy)]
struct Walk<'a> {
    list: &'a [Linked],
    at: u32,
    /// The number of blocks of the log before it.
    ordinal: u32,
}

impl<'a> Walk<'a> {
    /// At the last block: a chain has at least one.
    fn new(list: &'a [Linked], chain: &Chain) -> Self {
        Self {
            list,
            at: chain.last,
            ordinal: chain.count - 1,
        }
    }

    fn here(&self) -> &'a Linked {
        &self.list[self.at as usize]
    }

    fn earlier(self) -> Option<Self> {
        let ordinal = self.ordinal.checked_sub(1)?;
        let at = self.here().earlier;
        Some(Self {
            at,
            ordinal,
            ..self
        })
    }

    /// Jumps as far back as possible.
    fn stride(self) -> Option<Self> {
        let ordinal = self.ordinal.checked_sub(1)? / STRIDE * STRIDE;
        let at = self.here().stride;
        Some(Self {
            at,
            ordinal,
            ..self
        })
    }

    /// The first block that satisfies a condition, which all later ones satisfy, too.
    fn first(self, holds: impl Fn(&Block) -> bool) -> Option<Self> {
        let is_there = |walk: &Self| holds(&walk.here().block);
        let mut walk = Some(self).filter(is_there)?;
        while let Some(back) = walk.stride().filter(is_there) {
            walk = back;
        }
        while let Some(back) = walk.earlier().filter(is_there) {
            walk = back;
        }
        Some(walk)
    }

    /// Goes back to an ordinal, unless it is already before it.
    fn back_to(&mut self, ordinal: u32) {
        while let Some(back) = self.stride().filter(|back| back.ordinal >= ordinal) {
            *self = back;
        }
        while self.ordinal > ordinal
            && let Some(back) = self.earlier()
        {
            *self = back;
        }
    }

    /// The blocks from an ordinal to here.
    fn down_to(self, ordinal: u32) -> Vec<Block> {
        let steps = std::iter::successors(Some(self), |walk| walk.earlier());
        let steps = steps.take_while(|walk| walk.ordinal >= ordinal);
        let mut blocks = Vec::with_capacity((self.ordinal - ordinal) as usize + 1);
        blocks.extend(steps.map(|walk| walk.here().block));
        blocks.reverse();
        blocks
    }
}
