//! The writer: one thread that makes groups of what waits, writes each as one frame, and then syncs
//! once, makes it visible and resolves the calls, in this order ([`STEPS`]).
//!
//! It has no timer: while one sync runs, the next group gathers. A failed write is taken back; a
//! failed sync ends all writing.

use crate::format::frame::{Entry, FRAME_HEADER_BYTES, encode_frame, frame_bytes};
use crate::format::segment::{LimitWord, Previous, SegmentHeader};
use crate::shared::{Fresh, Prepared, SealJob, Shared};
use crate::write::active_blocks::ListRoom;
use crate::write::active_segment::{BLOCKS_MAX, Checkpoint, Limit, Open};
use crate::write::ending::Ending;
use crate::write::group::{Admission, Entered, Group, Sealed};
use crate::write::outcome::{Failure, Judgement, Outcome};
use crate::write::queue::Call;
use crate::write::writer_tails::Tips;
use bytes::Bytes;
use log::checksum::crc32c;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;

/// Quiet time after which an empty frame tells that the last group was synced.
pub(crate) const WITNESS_AFTER: Duration = Duration::from_millis(50);
/// Bytes of frames between two checkpoints of the open segment's index.
const CHECKPOINT_BYTES: u32 = 16 * 1024 * 1024;

/// The one task that writes.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    open: Open,
    tips: Tips,
    /// Of the list of the segment before.
    list_room: ListRoom,
    /// Where it began: the segment and the place in it.
    began: (u64, u32),
}

/// What is done with a group once it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It becomes durable.
    Sync,
    /// Readers see it.
    Publish,
    /// Its calls are answered.
    Resolve,
}

/// The order of the steps, on which all that the journal promises rests.
pub(crate) const STEPS: [Step; 3] = [Step::Sync, Step::Publish, Step::Resolve];

/// A group between its frame and its answers.
struct InFlight<'t> {
    outcomes: Vec<Outcome>,
    /// None if there was nothing to write, or it failed.
    written: Option<Written<'t>>,
    failure: Option<Failure>,
}

/// A group whose frame is in the file.
struct Written<'t> {
    entered: Entered<'t>,
    start: u32,
    frame: Bytes,
}

impl InFlight<'_> {
    /// The calls, to be judged again.
    fn into_calls(self) -> Vec<Call> {
        let outcomes = self.outcomes.into_iter();
        outcomes.map(Outcome::into_call).collect()
    }

    fn fail(&mut self, failure: Failure) {
        self.written = None;
        self.failure = Some(failure);
    }

    /// Answers the calls.
    fn resolve(&mut self) {
        let failure = self.failure.as_ref();
        self.outcomes
            .drain(..)
            .for_each(|outcome| outcome.resolve(failure));
    }
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, open: Open) -> Self {
        Self {
            tips: Tips::of(shared.live_logs()),
            began: (open.segment.number, open.end),
            shared,
            open,
            list_room: ListRoom::default(),
        }
    }

    /// Writes until the queue is closed and empty.
    pub(crate) async fn run(mut self, _ending: Ending) {
        loop {
            let calls = self.shared.queue.take();
            if !calls.is_empty() {
                self.commit(calls).await;
            } else if self.shared.queue.is_closed() {
                break;
            } else if self.wait().await {
                self.witness();
            }
        }
        if self.finish() {
            let shared = self.shared.clone();
            self.off_thread(move || shared.note_ends()).await;
        }
    }

    /// Does on another thread what takes locks that others hold while they wait for the disk. None
    /// if that thread has gone.
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let work = move || drop(tell.send(work()));
        self.shared.env.tasks.run_blocking(Box::new(work)).await;
        told.await.ok()
    }

    /// Waits for work; `true` if it has been quiet for long enough to write a witness.
    async fn wait(&self) -> bool {
        if !self.open.is_unwitnessed || self.shared.is_poisoned() || !self.shared.is_synced() {
            self.shared.queue.changed().await;
            return false;
        }
        tokio::select! {
            biased;
            () = self.shared.queue.changed() => false,
            () = self.shared.env.clock.sleep(WITNESS_AFTER) => true,
        }
    }

    /// Writes a group of what waited, and does with it what comes after.
    async fn commit(&mut self, calls: Vec<Call>) {
        let shared = self.shared.clone();
        if shared.is_poisoned() {
            let failure = Failure::NotApplied("an earlier sync failed".to_owned());
            calls
                .into_iter()
                .for_each(|call| Outcome::refused(call).resolve(Some(&failure)));
            return;
        }
        let admission = if shared.reserve.is_whole() {
            Admission::All
        } else {
            Admission::Privileged
        };
        let mut tips = std::mem::take(&mut self.tips);
        let mut group = self.try_group(&shared, calls, &mut tips, admission).await;
        if admission == Admission::All && matches!(group.failure, Some(Failure::Full)) {
            // Without what can be refused the rest may find room.
            let calls = group.into_calls();
            let admission = Admission::Privileged;
            group = self.try_group(&shared, calls, &mut tips, admission).await;
        }
        for step in shared.options.steps() {
            match step {
                Step::Sync => self.sync_group(&mut group),
                Step::Publish => self.publish_group(&mut group),
                Step::Resolve => group.resolve(),
            }
        }
        self.tips = tips;
        self.look_ahead();
    }

    /// Judges the calls and writes what they make of the logs.
    async fn try_group<'t>(
        &mut self,
        shared: &'t Shared,
        calls: Vec<Call>,
        tips: &'t mut Tips,
        admission: Admission,
    ) -> InFlight<'t> {
        let mut group = Group::new(shared, tips, admission);
        let judged: Vec<Judgement> = calls
            .iter()
            .map(|call| Judgement::of(call, &mut group))
            .collect();
        let written = match group.is_empty() {
            true => Ok(None),
            false => self.write(group).await.map(Some),
        };
        let (written, failure) = match written {
            Ok(written) => (written, None),
            Err(failure) => (None, Some(failure)),
        };
        let outcomes = calls.into_iter().zip(judged);
        let outcomes = outcomes.map(|(call, judged)| Outcome::new(call, judged));
        InFlight {
            outcomes: outcomes.collect(),
            written,
            failure,
        }
    }

    /// Writes a group's frame, in this segment or the next.
    async fn write<'t>(&mut self, group: Group<'t, '_>) -> Result<Written<'t>, Failure> {
        if !self.open.fits(group.frame_bytes(), group.entry_count()) {
            self.roll(group.is_privileged()).await?;
        }
        let end = self.open.end_with(group.frame_bytes(), group.entry_count());
        if end > self.open.capacity_bytes {
            self.extend(end, group.is_privileged()).await?;
        }
        let start = self.open.end;
        let Sealed {
            entered,
            frame,
            crc,
        } = group.seal(self.open.next_header(), self.open.segment.salt);
        let frame = self.put(frame)?;
        self.shared.measured.group_bytes.observe(frame.len() as u64);
        self.open.advance(frame.len(), crc);
        self.open.is_unwitnessed = true;
        Ok(Written {
            entered,
            start,
            frame,
        })
    }

    /// Makes a written group durable.
    fn sync_group(&mut self, group: &mut InFlight<'_>) {
        if group.written.is_none() || !self.shared.is_synced() {
            return;
        }
        match self.sync() {
            Ok(()) => self.open.durable = self.open.end,
            Err(failure) => group.fail(failure),
        }
    }

    /// Makes a written group visible to readers.
    fn publish_group(&mut self, group: &mut InFlight<'_>) {
        if let Some(written) = &mut group.written {
            self.publish(&mut written.entered, written.start, written.frame.clone());
            let calls = group.outcomes.len() as u64;
            self.shared.measured.group_calls.observe(calls);
        }
    }

    /// Makes the file long enough for a frame that is larger than a segment.
    async fn extend(&mut self, end: u64, is_privileged: bool) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let (file, from) = (self.open.segment.file.clone(), self.open.capacity_bytes);
        let work = move || shared.extend_file(&*file, (from, end), is_privileged);
        let extended = self.off_thread(work).await;
        let lost = || Err(io::Error::other("the thread has gone"));
        let extended = extended.unwrap_or_else(lost);
        extended.map_err(|error| Failure::of_write(&error))?;
        self.open.capacity_bytes = end;
        Ok(())
    }

    /// Writes a frame at the end, with the segment's header if it is the first.
    fn put(&mut self, frame: Vec<u8>) -> Result<Bytes, Failure> {
        let frame = self.shared.cache.frame(frame);
        let end = self.open.end + frame.len() as u32;
        let written = if self.open.is_started {
            self.raise_limit(end)?;
            let open = &self.open;
            open.segment.file.write_all_at(&frame, u64::from(open.end))
        } else {
            let word = self.limit_for(end);
            let mut bytes = self.header().encode_page(word);
            bytes.extend_from_slice(&frame);
            self.open.limit.durable = word.limit;
            self.open.segment.file.write_all_at(&bytes, 0)
        };
        match written {
            Ok(()) => Ok(frame),
            Err(error) => Err(self.take_back(&error)),
        }
    }

    /// Without a sync for each group nothing orders the limit before what needs it.
    fn limit_for(&self, end: u32) -> LimitWord {
        let limit = if self.shared.is_synced() {
            Limit::ahead_of(end)
        } else {
            u32::MAX
        };
        let synced = self.open.durable;
        LimitWord { limit, synced }
    }

    /// Makes sure that the limit is durable before a frame that ends at `end` is written.
    fn raise_limit(&mut self, end: u32) -> Result<(), Failure> {
        if end <= self.open.limit.durable {
            return Ok(());
        }
        let written = self.write_limit(end);
        written.map_err(|error| Failure::of_write(&error))?;
        self.sync()
    }

    fn write_limit(&mut self, end: u32) -> io::Result<()> {
        let (turn, word) = (self.open.limit.next_turn(), self.limit_for(end));
        self.open.segment.write_limit(turn, word)?;
        self.open.limit.pending = Some(word.limit);
        Ok(())
    }

    fn header(&self) -> SegmentHeader {
        SegmentHeader {
            number: self.open.segment.number,
            salt: self.open.segment.salt,
            previous: self.open.previous,
            created_ms: self.shared.env.clock.now().0,
        }
    }

    /// Wipes out what a failed write may have left, so that nothing of it can ever be found.
    fn take_back(&mut self, error: &io::Error) -> Failure {
        let start = if self.open.is_started {
            self.open.end
        } else {
            0
        };
        let zeros = vec![0; (self.open.end - start) as usize + FRAME_HEADER_BYTES];
        let file = &self.open.segment.file;
        let wiped = file
            .write_all_at(&zeros, u64::from(start))
            .and_then(|()| file.sync_data());
        match wiped {
            Ok(()) => Failure::of_write(error),
            Err(second) => {
                self.shared.poison(&second);
                Failure::Unknown(error.to_string())
            }
        }
    }

    fn sync(&mut self) -> Result<(), Failure> {
        let clock = &self.shared.env.clock;
        let begun = clock.monotonic();
        let synced = self.open.segment.file.sync_data();
        let took = clock.monotonic().since(begun);
        self.shared.measured.syncs.observe_duration(took);
        synced.map_err(|error| {
            self.shared.poison(&error);
            Failure::Unknown(error.to_string())
        })?;
        self.open.limit.settle();
        Ok(())
    }

    fn publish(&mut self, entered: &mut Entered<'_>, start: u32, frame: Bytes) {
        self.shared
            .cache
            .keep(self.open.segment.number, start, frame);
        entered.look_ahead();
        let mut addition = self.open.index.add();
        for at in 0..entered.entries.len() {
            match entered.entries[at] {
                Entry::Records {
                    log,
                    block,
                    control,
                } => {
                    // One that the group makes has a slot since it was made.
                    let slot = entered.slot(at).or_else(|| entered.tips.find(log));
                    if let Some(slot) = slot {
                        addition.push(entered.tips.log(slot), block, control);
                        entered.tips.note(slot, &block, control);
                    }
                }
                Entry::Create { log, .. }
                | Entry::Delete { log }
                | Entry::Trim { log, .. }
                | Entry::Configure { log, .. } => {
                    let change = entered.entries[at];
                    self.open.changes.push(change);
                    self.shared.change(&change);
                    match self.shared.find(log) {
                        Some(log) => entered.tips.put(log),
                        None => entered.tips.remove(log),
                    }
                }
                Entry::Checkpoint { .. } => {}
            }
        }
        #[cfg(test)]
        assert!(entered.agrees_with_logs());
    }

    /// What is to be done after a group, off the path of its calls.
    fn look_ahead(&mut self) {
        if self.shared.is_poisoned() {
            return;
        }
        if u64::from(self.open.end) > self.open.capacity_bytes / 2
            || self.open.index.len() > BLOCKS_MAX / 2
        {
            self.shared.want_segment(false);
        }
        if self.shared.reserve.is_short() {
            self.shared.look_for_room();
        }
        if self.open.is_started
            && self.open.limit.is_near(self.open.end)
            && let Err(error) = self.write_limit(self.open.end)
        {
            // It is tried again when it is needed.
            tracing::warn!(%error, "cannot raise the limit yet");
        }
        if self.open.end - self.open.checkpoint.end >= CHECKPOINT_BYTES {
            self.write_checkpoint();
        }
    }

    /// Writes the index of what came since the last checkpoint; it is synced with the next group.
    fn write_checkpoint(&mut self) {
        if self.open.durable != self.open.end {
            // Recovery trusts a checkpoint only if all before it was synced.
            return;
        }
        let (told, changes) = (&self.open.checkpoint, &self.open.changes);
        let (blocks, changes) = (told.blocks, &changes[told.changes..]);
        let (image, _) = self.open.index.index_from(blocks, changes).encode();
        let (length, crc) = (image.len() as u32, crc32c(&image));
        let (position, previous) = (self.open.end, self.open.checkpoint.position);
        let entry = Entry::Checkpoint {
            previous,
            position: 0,
            length,
            crc,
        };
        if !self.open.fits(frame_bytes(1, image.len()), 0) || !self.put_entries(&[entry], &image) {
            return;
        }
        let turn = self.open.checkpoint.turn + 1;
        if let Err(error) = self.open.segment.write_pointer(turn, position) {
            tracing::warn!(%error, "cannot note where the checkpoint is");
        }
        let end = self.open.end;
        self.open.checkpoint = Checkpoint {
            blocks: self.open.index.len(),
            changes: self.open.changes.len(),
            position,
            end,
            turn,
        };
    }

    /// Writes a frame that no call waits for.
    fn put_entries(&mut self, entries: &[Entry], payload: &[u8]) -> bool {
        let header = self.open.next_header();
        let (frame, crc) = encode_frame(header, self.open.segment.salt, entries, payload);
        match self.put(frame) {
            Ok(frame) => {
                self.open.advance(frame.len(), crc);
                true
            }
            Err(failure) => {
                tracing::warn!(?failure, "cannot write the journal's own frame");
                false
            }
        }
    }

    /// Writes and syncs an empty frame, which tells that the last group was durable.
    fn witness(&mut self) {
        self.open.is_unwitnessed = false;
        if !self.open.fits(frame_bytes(0, 0), 0) || !self.put_entries(&[], &[]) {
            return;
        }
        if self.sync().is_ok() {
            self.open.durable = self.open.end;
        }
    }

    /// Seals the open segment and goes on in the next.
    async fn roll(&mut self, is_privileged: bool) -> Result<(), Failure> {
        let fresh = self
            .next_segment(is_privileged)
            .await
            .map_err(|error| Failure::of_write(&error))?;
        if self.open.durable < self.open.end {
            // The header of the next segment says that this one is wholly synced.
            if let Err(Failure::Unknown(error)) = self.sync() {
                return Err(Failure::NotApplied(error));
            }
            self.open.durable = self.open.end;
        }
        let (number, end, crc) = (self.open.segment.number, self.open.end, self.open.last_crc);
        let previous = Previous { number, end, crc };
        let room = std::mem::take(&mut self.list_room);
        let sealed = std::mem::replace(&mut self.open, Open::fresh(fresh, previous, room));
        self.shared
            .open_number
            .store(self.open.segment.number, Ordering::Release);
        self.list_room = self.seal(sealed);
        Ok(())
    }

    /// Takes the prepared segment, waiting for the keeper to make it.
    async fn next_segment(&self, is_privileged: bool) -> Result<Fresh, io::Error> {
        self.forget_old_failure();
        // The keeper may just have been at it for somebody who may not have the reserve.
        let mut tries = if is_privileged { 2 } else { 1 };
        loop {
            self.shared.want_segment(is_privileged);
            let prepared = {
                let mut jobs = self.shared.jobs.lock();
                match jobs.prepared {
                    Prepared::Ready(_) | Prepared::Failed(_) => std::mem::take(&mut jobs.prepared),
                    Prepared::No | Prepared::Wanted => Prepared::Wanted,
                }
            };
            match prepared {
                Prepared::Ready(fresh) => return Ok(fresh),
                Prepared::Failed(error) if tries == 1 => return Err(error),
                Prepared::Failed(_) => tries -= 1,
                Prepared::No | Prepared::Wanted if self.shared.is_unkept() => {
                    return Err(io::Error::other("nobody makes segments any more"));
                }
                Prepared::No | Prepared::Wanted => self.shared.writer_wake.notified().await,
            }
        }
    }

    /// There may be room again since the keeper last tried.
    fn forget_old_failure(&self) {
        let mut jobs = self.shared.jobs.lock();
        if let Prepared::Failed(_) = jobs.prepared {
            jobs.prepared = Prepared::No;
        }
    }

    /// Turns the blocks of a full segment into runs and leaves its footer to the keeper. What is
    /// left of its list can be filled again.
    fn seal(&self, mut open: Open) -> ListRoom {
        let index = Arc::new(open.index.index_from(0, &open.changes));
        // Readers that find a run must find its list.
        open.segment.sealed.lock().resident = Some(index.clone());
        let directory = index.directory();
        let now = self.shared.env.clock.monotonic();
        let mut runs = directory.as_slice();
        for log in open.index.logs_in_order() {
            let (own, later) = runs.split_at(runs.partition_point(|run| run.log <= log.id));
            log.state.lock().seal(&open.segment, own, now);
            runs = later;
        }
        let (frames_end, last_frame_crc) = (open.end, open.last_crc);
        let job = SealJob {
            segment: open.segment,
            index,
            frames_end,
            last_frame_crc,
        };
        self.shared.jobs.lock().sealed.push(job);
        self.shared.keeper_wake.notify_one();
        open.index.into_room()
    }

    /// Makes all durable and says so in the file; whether logs end elsewhere than when it began.
    fn finish(&mut self) -> bool {
        if self.shared.is_poisoned() || !self.open.is_started {
            return false;
        }
        if self.open.durable < self.open.end {
            if self.sync().is_err() {
                return false;
            }
            self.open.durable = self.open.end;
        }
        if self.open.is_unwitnessed {
            self.lower_limit();
            self.witness();
        }
        let is_changed = self.began != (self.open.segment.number, self.open.end);
        is_changed && !self.shared.is_poisoned()
    }

    /// Tells the next start that nothing will come after the witness, and what was synced before
    /// it: two more witnesses, elsewhere.
    fn lower_limit(&mut self) {
        let limit = self.open.end + frame_bytes(0, 0) as u32;
        if !self.shared.is_synced() || limit > self.open.limit.durable {
            return;
        }
        let (segment, synced) = (&self.open.segment, self.open.durable);
        let word = LimitWord { limit, synced };
        let lowered = (0..2).try_for_each(|turn| segment.write_limit(turn, word));
        if let Err(error) = lowered {
            tracing::warn!(%error, "cannot lower the limit");
        }
    }
}
