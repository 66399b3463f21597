//! Footers of sealed segments, written off the writer's path: they only make the next start faster
//! and the index in memory smaller.

use crate::format::footer::encode_footer;
use crate::space::backlog::{Backlog, is_interleaved};
use crate::space::reserve::{Reserve, is_full};
use crate::state::handover::{Handover, SealJob};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;

/// The writer of footers.
pub(crate) struct Footers {
    handover: Arc<Handover>,
    reserve: Arc<Reserve>,
    backlog: Arc<Backlog>,
    /// Held while footers are written, so that whoever frees space finds none half written.
    writing: Mutex<()>,
}

impl Footers {
    pub(crate) fn new(
        handover: Arc<Handover>,
        reserve: Arc<Reserve>,
        backlog: Arc<Backlog>,
    ) -> Self {
        Self {
            handover,
            reserve,
            backlog,
            writing: Mutex::default(),
        }
    }

    /// Writes the footers of sealed segments that have none yet.
    pub(crate) fn write(&self) {
        let _one = self.writing.lock();
        for job in self.handover.take_sealed() {
            if let Err(error) = self.write_one(&job) {
                tracing::warn!(file = job.segment.name, %error, "cannot write the footer yet");
                self.handover.put_back(job);
            } else if is_interleaved(&job.segment) {
                self.backlog.note();
            }
        }
    }

    fn write_one(&self, job: &SealJob) -> io::Result<()> {
        let segment = &job.segment;
        let (number, salt) = (segment.number, segment.salt);
        let (footer, directory) =
            encode_footer(&job.index, number, salt, job.frames_end, job.last_frame_crc);
        let start = u64::from(job.frames_end);
        let mut written = segment.file.write_all_at(&footer, start);
        // A segment that recovery found without a footer may have no space for it.
        if written.as_ref().is_err_and(is_full)
            && self.reserve.spend_on_commands(footer.len() as u64)
        {
            written = segment.file.write_all_at(&footer, start);
        }
        written?;
        // The footer must be durable before the file is truncated.
        segment.file.sync_data()?;
        segment.file.set_length(start + footer.len() as u64)?;
        segment.file.sync_data()?;
        segment.measure()?;
        segment.set_footer(directory);
        Ok(())
    }

    /// Does something while nobody else can write footers.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: &mut dyn FnMut()) {
        let _writing = self.writing.lock();
        work();
    }
}
