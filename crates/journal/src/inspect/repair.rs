//! Repair: goes on without what is lost.
//!
//! What can be read of damaged segments is written into new ones, ordered by log, and what cannot
//! is given up there. One MANIFEST, put in place by rename, replaces the damaged segments by the
//! new ones. The originals stand in a folder of their own by then ([`Kept`]). What always holds:
//! interrupted at any step, the repair can be run again, and all original bytes are still there.

use crate::format::frame::Block;
use crate::format::manifest::{Draft, Manifest, SegmentEntry};
use crate::format::segment::{Segment, making_name, segment_name};
use crate::inspect::finding::Visitor;
use crate::inspect::inspection::Inspection;
use crate::inspect::kept::{Kept, put_back};
use crate::inspect::plan::{Changes, Plan};
use crate::inspect::verify::read_block;
use crate::open_error::OpenError;
use crate::recover::preflight;
use crate::space::copy::Copy;
use crate::state::home::Home;
use bytes::Bytes;
use millstream_env::{Env, OpenMode};
use millstream_store::checksum::crc32c;
use millstream_store::store::{LogId, Offset};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a frame above which no more blocks are added to it.
const FRAME_BYTES: usize = 1024 * 1024;
/// Blocks of a frame.
const FRAME_BLOCKS_MAX: usize = 4096;
/// Blocks of a segment, as in those that the journal writes.
const SEGMENT_BLOCKS_MAX: usize = 256 * 1024;

/// A journal under repair: nobody else opens it.
pub struct Repair {
    env: Env,
    inspection: Inspection,
    plan: Plan,
}

impl Repair {
    /// Looks at the journal in a directory, and plans its repair. Writes nothing, but puts back
    /// what an earlier repair took out that did not end.
    ///
    /// # Errors
    /// If there is no journal, if it is in use, or if the disk fails.
    pub fn plan(env: &Env, directory: &Path, visitor: &mut dyn Visitor) -> Result<Self, OpenError> {
        env.disk.list(directory).map_err(OpenError::reading)?;
        preflight::check(&*env.disk, directory)?;
        preflight::expect_some(&*env.disk, directory)?;
        let lock = preflight::lock(&*env.disk, directory)?;
        put_back(&*env.disk, directory).map_err(OpenError::writing)?;
        let inspection = Inspection::under(env, directory, lock)?;
        let plan = Plan::of(&inspection, visitor)?;
        Ok(Self {
            env: env.clone(),
            inspection,
            plan,
        })
    }

    /// What is done, and what is lost by that.
    pub fn what(&self) -> &Plan {
        &self.plan
    }

    /// The journal as it is found.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// Plans other changes, too.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn heed(&mut self, changes: Changes) -> Result<(), OpenError> {
        let now = self.env.clock.now();
        self.plan.heed(&self.inspection, changes, now)
    }

    /// Carries it out; returns the folder that holds the originals. `name` distinguishes that
    /// folder from those of other repairs.
    ///
    /// # Errors
    /// If the disk fails. It can be run again then.
    pub fn carry_out(self, name: &str) -> Result<PathBuf, OpenError> {
        self.write(name).map_err(OpenError::writing)
    }

    fn write(self, name: &str) -> io::Result<PathBuf> {
        let disk = self.env.disk.clone();
        let home = Home::new(disk.clone(), self.inspection.home.directory());
        let mut numbers = Numbers {
            env: &self.env,
            next: self.inspection.next_number(),
        };
        let kept = Kept::begin(&*disk, home.directory(), name, numbers.next)?;
        kept.copy_manifest()?;
        let mut entries = self.healthy();
        for segment in self.inspection.journal.segments.all().values() {
            if self.plan.rewritten.contains(&segment.number) {
                entries.extend(self.rewrite(&home, segment, &mut numbers)?);
            }
        }
        entries.extend(self.write_new(&home, &mut numbers)?);
        // With it, the names of the new segments are durable, too.
        kept.take(&self.plan.aside)?;
        entries.sort_unstable_by_key(|entry| entry.number);
        let manifest = Manifest {
            generation: self.inspection.manifest.generation + 1,
            // All that the segments tell is in the list of logs.
            replay_from: numbers.next,
            next_number: numbers.next,
            segments: entries,
            logs: self.plan.logs.clone(),
        };
        let draft = Draft::begin(&*disk, home.directory())?;
        draft.write(&manifest)?;
        draft.put_in_place()?;
        home.sync()?;
        kept.finish()
    }

    /// The first control record of a log, as far as it is kept.
    fn first_control(&self, log: LogId) -> Option<Offset> {
        let known = self.inspection.first_control(log);
        known.filter(|_| !self.plan.unsealed.contains(&log))
    }

    /// The segments that stay as they are.
    fn healthy(&self) -> Vec<SegmentEntry> {
        let segments = self.inspection.journal.segments.all();
        let healthy = segments.values().filter(|segment| {
            segment.has_footer() && !self.plan.rewritten.contains(&segment.number)
        });
        healthy.map(|segment| segment.entry()).collect()
    }

    /// Writes what can be read of a segment into a new one, if there is anything.
    fn rewrite(
        &self,
        home: &Home,
        source: &Arc<Segment>,
        numbers: &mut Numbers<'_>,
    ) -> io::Result<Option<SegmentEntry>> {
        let good = self
            .plan
            .good_blocks(&self.inspection, source)
            .map_err(io::Error::other)?;
        if good.is_empty() {
            return Ok(None);
        }
        let mut writing = Writing::begin(home, numbers, source.number)?;
        for (log, block) in good {
            let bytes = read_block(source, &block)?;
            if crc32c(&bytes) != block.crc {
                return Err(io::Error::other("a block changed while it was copied"));
            }
            writing.add(log, block, &bytes, self)?;
        }
        writing.finish(home, self).map(Some)
    }

    /// Writes down what is given up, and what is added.
    fn write_new(&self, home: &Home, numbers: &mut Numbers<'_>) -> io::Result<Vec<SegmentEntry>> {
        let mut blocks: Vec<(LogId, Block, Bytes)> = self.given_up().collect();
        blocks.extend(self.plan.added.iter().cloned());
        blocks.sort_by_key(|(log, block, _)| (*log, block.first));
        let mut entries = Vec::new();
        for part in blocks.chunks(SEGMENT_BLOCKS_MAX) {
            let mut writing = Writing::begin(home, numbers, 0)?;
            for (log, block, bytes) in part {
                writing.add(*log, *block, bytes, self)?;
            }
            entries.push(writing.finish(home, self)?);
        }
        Ok(entries)
    }

    /// Blocks that stand for what is given up: they have offsets, and no bytes.
    fn given_up(&self) -> impl Iterator<Item = (LogId, Block, Bytes)> {
        self.plan.losses.iter().flat_map(|(log, gap)| {
            let starts = (gap.first.0..gap.end.0).step_by(u32::MAX as usize);
            starts.map(move |first| {
                let block = Block {
                    first: Offset(first),
                    count: (gap.end.0 - first).min(u64::from(u32::MAX)) as u32,
                    arrival: gap.arrival,
                    crc: crc32c(&[]),
                    ..Block::default()
                };
                (*log, block, Bytes::new())
            })
        })
    }
}

/// Numbers and salts for new segments.
struct Numbers<'a> {
    env: &'a Env,
    next: u64,
}

/// A new segment in progress.
struct Writing {
    copy: Copy,
    number: u64,
    blocks: Vec<(LogId, Block)>,
    payload: Vec<u8>,
}

impl Writing {
    fn begin(home: &Home, numbers: &mut Numbers<'_>, replaces: u64) -> io::Result<Self> {
        let mut salt = [0; 8];
        numbers.env.random.fill(&mut salt);
        let entry = SegmentEntry {
            number: numbers.next,
            salt: u64::from_le_bytes(salt),
            is_sorted: true,
            replaces,
            capacity_bytes: 0,
        };
        numbers.next += 1;
        let path = home.join(making_name(entry.number));
        let file = home.disk().open(&path, OpenMode::CreateNew)?;
        let created_ms = numbers.env.clock.now().0;
        Ok(Self {
            copy: Copy::begin(entry, file, created_ms)?,
            number: entry.number,
            blocks: Vec::new(),
            payload: Vec::new(),
        })
    }

    fn add(&mut self, log: LogId, block: Block, bytes: &[u8], repair: &Repair) -> io::Result<()> {
        self.blocks.push((log, block));
        self.payload.extend_from_slice(bytes);
        if self.payload.len() >= FRAME_BYTES || self.blocks.len() == FRAME_BLOCKS_MAX {
            self.write_frame(repair)?;
        }
        Ok(())
    }

    fn write_frame(&mut self, repair: &Repair) -> io::Result<()> {
        let first_control = |log: LogId| repair.first_control(log);
        let blocks: Vec<_> = { self.blocks.iter() }
            .map(|(log, block)| (*log, block, first_control(*log)))
            .collect();
        self.copy.write_frame(blocks.into_iter(), &self.payload)?;
        self.blocks.clear();
        self.payload.clear();
        Ok(())
    }

    /// Makes it durable, under its own name.
    fn finish(mut self, home: &Home, repair: &Repair) -> io::Result<SegmentEntry> {
        if !self.blocks.is_empty() {
            self.write_frame(repair)?;
        }
        let (segment, _) = self.copy.finish()?;
        let path = home.join(making_name(self.number));
        home.disk()
            .rename(&path, &home.join(segment_name(self.number)))?;
        Ok(segment.entry())
    }
}
