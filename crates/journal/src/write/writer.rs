//! The writer: one thread that makes groups of what waits, writes each as one frame, and then syncs
//! once, makes it visible and resolves the calls, in this order ([`STEPS`]).
//!
//! It has no timer: while one sync runs, the next group forms. A failed write is rolled back; a
//! failed sync ends all writing.

use crate::format::frame::{Entry, FRAME_HEADER_BYTES, encode_frame, frame_bytes};
use crate::format::segment::{LimitWord, Previous, SegmentHeader};
use crate::measured::Measured;
use crate::options::{Durability, Options};
use crate::read::reads::Reads;
use crate::space::listing::Listing;
use crate::space::reserve::Reserve;
use crate::state::damage::Damage;
use crate::state::handover::{Claim, Fresh, Handover, SealJob};
use crate::state::health::Health;
use crate::state::lifecycle::{Ending, Lifecycle};
use crate::state::logs::Logs;
use crate::state::segments::Segments;
use crate::write::active_blocks::ListRoom;
use crate::write::active_segment::{ActiveSegment, BLOCKS_MAX, Checkpoint, Limit};
use crate::write::group::{Admission, Entered, Grounds, Group, Sealed};
use crate::write::outcome::{Failure, Judgement, Outcome};
use crate::write::queue::{Call, Queue};
use crate::write::writer_tails::WriterTails;
use bytes::Bytes;
use millstream_env::Env;
use millstream_store::checksum::crc32c;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Idle time after which an empty frame confirms that the last group was synced.
pub(crate) const WITNESS_AFTER: Duration = Duration::from_millis(50);
/// Bytes of frames between two checkpoints of the active segment's index.
const CHECKPOINT_BYTES: u32 = 16 * 1024 * 1024;

/// What the writer uses.
pub(crate) struct Uses {
    pub(crate) env: Env,
    pub(crate) options: Options,
    pub(crate) damage: Arc<Damage>,
    pub(crate) handover: Arc<Handover>,
    pub(crate) health: Arc<Health>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) listing: Arc<Listing>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) measured: Arc<Measured>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) reads: Arc<Reads>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) segments: Arc<Segments>,
}

impl Uses {
    /// Whether each group is synced.
    fn is_synced(&self) -> bool {
        self.options.durability == Durability::Fsync
    }
}

/// The only task that writes.
pub(crate) struct Writer {
    uses: Arc<Uses>,
    open: ActiveSegment,
    tails: WriterTails,
    /// Memory of the previous segment's list.
    list_room: ListRoom,
    /// Where it began: the segment and the position.
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
    pub(crate) fn new(uses: Uses, open: ActiveSegment) -> Self {
        Self {
            tails: WriterTails::of(uses.logs.live()),
            began: (open.segment.number, open.end),
            uses: Arc::new(uses),
            open,
            list_room: ListRoom::default(),
        }
    }

    /// Writes until the queue is closed and empty.
    pub(crate) async fn run(mut self, _ending: Ending) {
        loop {
            let calls = self.uses.queue.take();
            if !calls.is_empty() {
                self.commit(calls).await;
            } else if self.uses.queue.is_closed() {
                break;
            } else if self.wait().await {
                self.witness();
            }
        }
        if self.finish() {
            let listing = self.uses.listing.clone();
            self.off_thread(move || listing.note_ends()).await;
        }
    }

    /// Runs on another thread what takes locks that are held during disk calls. `None` if that
    /// thread is gone.
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let work = move || drop(tell.send(work()));
        self.uses.env.tasks.run_blocking(Box::new(work)).await;
        told.await.ok()
    }

    /// Waits for work; `true` if it has been idle for long enough to write a witness.
    async fn wait(&self) -> bool {
        if !self.open.is_unwitnessed || self.uses.health.is_poisoned() || !self.uses.is_synced() {
            self.uses.queue.changed().await;
            return false;
        }
        tokio::select! {
            biased;
            () = self.uses.queue.changed() => false,
            () = self.uses.env.clock.sleep(WITNESS_AFTER) => true,
        }
    }

    /// Writes a group of what waited, and does with it what comes after.
    async fn commit(&mut self, calls: Vec<Call>) {
        let uses = self.uses.clone();
        if uses.health.is_poisoned() {
            let failure = Failure::NotApplied("an earlier sync failed".to_owned());
            calls
                .into_iter()
                .for_each(|call| Outcome::refused(call).resolve(Some(&failure)));
            return;
        }
        let admission = if uses.reserve.is_whole() {
            Admission::All
        } else {
            Admission::Privileged
        };
        let mut tails = std::mem::take(&mut self.tails);
        let mut group = self.try_group(&uses, calls, &mut tails, admission).await;
        if admission == Admission::All && matches!(group.failure, Some(Failure::Full)) {
            // Without the calls that can be refused the rest may find room.
            let calls = group.into_calls();
            let admission = Admission::Privileged;
            group = self.try_group(&uses, calls, &mut tails, admission).await;
        }
        for step in uses.options.steps() {
            match step {
                Step::Sync => self.sync_group(&mut group),
                Step::Publish => self.publish_group(&mut group),
                Step::Resolve => group.resolve(),
            }
        }
        self.tails = tails;
        self.look_ahead();
    }

    /// Judges the calls and writes what they make of the logs.
    async fn try_group<'t>(
        &mut self,
        uses: &'t Uses,
        calls: Vec<Call>,
        tails: &'t mut WriterTails,
        admission: Admission,
    ) -> InFlight<'t> {
        let grounds = Grounds {
            options: &uses.options,
            damage: &uses.damage,
            logs: &uses.logs,
            now: uses.env.clock.now(),
            admission,
        };
        let mut group = Group::new(grounds, tails);
        let judged: Vec<Judgement> = calls
            .iter()
            .map(|call| Judgement::of(call, &mut group))
            .collect();
        let written = if group.is_empty() {
            Ok(None)
        } else {
            self.write(group).await.map(Some)
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
            self.roll(group.claim()).await?;
        }
        let end = self.open.end_with(group.frame_bytes(), group.entry_count());
        if end > self.open.capacity_bytes {
            self.extend(end, group.claim()).await?;
        }
        let start = self.open.end;
        let Sealed {
            entered,
            frame,
            crc,
        } = group.seal(self.open.next_header(), self.open.segment.salt);
        let frame = self.put(frame)?;
        self.uses.measured.observe_group(frame.len());
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
        if group.written.is_none() || !self.uses.is_synced() {
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
            self.uses.measured.observe_calls(group.outcomes.len());
        }
    }

    /// Extends the file for a frame that is larger than a segment.
    async fn extend(&mut self, end: u64, claim: Claim) -> Result<(), Failure> {
        let reserve = self.uses.reserve.clone();
        let (file, from) = (self.open.segment.file.clone(), self.open.capacity_bytes);
        let work = move || reserve.extend_file(&*file, (from, end), claim);
        let extended = self.off_thread(work).await;
        let lost = || Err(io::Error::other("the thread has gone"));
        let extended = extended.unwrap_or_else(lost);
        extended.map_err(|error| Failure::of_write(&error))?;
        self.open.capacity_bytes = end;
        Ok(())
    }

    /// Writes a frame at the end, with the segment's header if it is the first.
    fn put(&mut self, frame: Vec<u8>) -> Result<Bytes, Failure> {
        let frame = self.uses.reads.cache().frame(frame);
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
        let limit = if self.uses.is_synced() {
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
            created_ms: self.uses.env.clock.now().0,
        }
    }

    /// Erases what a failed write may have left, so that it can never be found.
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
                self.uses.health.poison(&second);
                Failure::Unknown(error.to_string())
            }
        }
    }

    fn sync(&mut self) -> Result<(), Failure> {
        let clock = &self.uses.env.clock;
        let begun = clock.monotonic();
        let synced = self.open.segment.file.sync_data();
        let took = clock.monotonic().since(begun);
        self.uses.measured.observe_sync(took);
        synced.map_err(|error| {
            self.uses.health.poison(&error);
            Failure::Unknown(error.to_string())
        })?;
        self.open.limit.settle();
        Ok(())
    }

    fn publish(&mut self, entered: &mut Entered<'_>, start: u32, frame: Bytes) {
        let number = self.open.segment.number;
        self.uses.reads.cache().keep(number, start, frame);
        entered.look_ahead();
        let mut addition = self.open.index.add();
        for at in 0..entered.entries.len() {
            match entered.entries[at] {
                Entry::Records {
                    log,
                    block,
                    control,
                } => {
                    // A log created by the group has a slot by now.
                    let slot = entered.slot(at).or_else(|| entered.tails.find(log));
                    if let Some(slot) = slot {
                        addition.push(entered.tails.log(slot), block, control);
                        entered.tails.note(slot, &block, control);
                    }
                }
                Entry::Create { log, .. }
                | Entry::Delete { log }
                | Entry::Trim { log, .. }
                | Entry::Configure { log, .. } => {
                    let change = entered.entries[at];
                    self.open.changes.push(change);
                    let now = self.uses.env.clock.monotonic();
                    self.uses.logs.change(&change, number, now);
                    if !matches!(change, Entry::Create { .. }) {
                        self.uses.reserve.note_hidden();
                    }
                    match self.uses.logs.find(log) {
                        Some(log) => entered.tails.put(log),
                        None => entered.tails.remove(log),
                    }
                }
                Entry::Checkpoint { .. } => {}
            }
        }
        #[cfg(test)]
        assert!(entered.agrees_with_logs());
    }

    /// Work after a group, off the latency path of its calls.
    fn look_ahead(&mut self) {
        if self.uses.health.is_poisoned() {
            return;
        }
        if u64::from(self.open.end) > self.open.capacity_bytes / 2
            || self.open.index.len() > BLOCKS_MAX / 2
        {
            self.uses.handover.want(Claim::Ordinary);
        }
        if self.uses.reserve.is_short() {
            self.uses.reserve.look_for_room();
        }
        if self.open.is_started
            && self.open.limit.is_near(self.open.end)
            && let Err(error) = self.write_limit(self.open.end)
        {
            // It is retried when it is needed.
            tracing::warn!(%error, "cannot raise the limit yet");
        }
        if self.open.end - self.open.checkpoint.end >= CHECKPOINT_BYTES {
            self.write_checkpoint();
        }
    }

    /// Writes the index of what was added since the last checkpoint; it is synced with the next
    /// group.
    fn write_checkpoint(&mut self) {
        if self.open.durable != self.open.end {
            // Recovery trusts a checkpoint only if everything before it was synced.
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

    /// Writes and syncs an empty frame, which confirms that the last group was durable.
    fn witness(&mut self) {
        self.open.is_unwitnessed = false;
        if !self.open.fits(frame_bytes(0, 0), 0) || !self.put_entries(&[], &[]) {
            return;
        }
        if self.sync().is_ok() {
            self.open.durable = self.open.end;
        }
    }

    /// Seals the active segment and continues in the next one.
    async fn roll(&mut self, claim: Claim) -> Result<(), Failure> {
        let fresh = self
            .next_segment(claim)
            .await
            .map_err(|error| Failure::of_write(&error))?;
        if self.open.durable < self.open.end {
            // The header of the next segment says that this one is completely synced.
            if let Err(Failure::Unknown(error)) = self.sync() {
                return Err(Failure::NotApplied(error));
            }
            self.open.durable = self.open.end;
        }
        let (number, end, crc) = (self.open.segment.number, self.open.end, self.open.last_crc);
        let previous = Previous { number, end, crc };
        let room = std::mem::take(&mut self.list_room);
        let sealed = std::mem::replace(&mut self.open, ActiveSegment::fresh(fresh, previous, room));
        self.uses.segments.set_active(self.open.segment.number);
        self.list_room = self.seal(sealed);
        Ok(())
    }

    /// Takes the prepared segment, waiting for the keeper to create it.
    async fn next_segment(&self, claim: Claim) -> Result<Fresh, io::Error> {
        let handover = &self.uses.handover;
        handover.forget_failure();
        // The keeper may just have tried for an unprivileged call.
        let mut tries = match claim {
            Claim::Privileged => 2,
            Claim::Ordinary => 1,
        };
        loop {
            handover.want(claim);
            match handover.take() {
                Some(Ok(fresh)) => return Ok(fresh),
                Some(Err(error)) if tries == 1 => return Err(error),
                Some(Err(_)) => tries -= 1,
                None if self.uses.lifecycle.is_unkept() => {
                    return Err(io::Error::other("nobody makes segments any more"));
                }
                None => handover.given().await,
            }
        }
    }

    /// Turns the blocks of a full segment into runs and leaves its footer to the keeper. The list's
    /// memory can be reused.
    fn seal(&self, mut open: ActiveSegment) -> ListRoom {
        let index = Arc::new(open.index.index_from(0, &open.changes));
        // Readers that find a run must find its list.
        open.segment.keep_index(index.clone());
        let directory = index.directory();
        let now = self.uses.env.clock.monotonic();
        let mut runs = directory.as_slice();
        for log in open.index.logs_in_order() {
            let (own, later) = runs.split_at(runs.partition_point(|run| run.log <= log.id));
            log.with(|state| state.seal(&open.segment, own, now));
            runs = later;
        }
        let (frames_end, last_frame_crc) = (open.end, open.last_crc);
        let job = SealJob {
            segment: open.segment,
            index,
            frames_end,
            last_frame_crc,
        };
        self.uses.handover.seal(job);
        open.index.into_room()
    }

    /// Makes everything durable and records that in the file; returns whether logs end elsewhere
    /// than at the start.
    fn finish(&mut self) -> bool {
        if self.uses.health.is_poisoned() || !self.open.is_started {
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
        is_changed && !self.uses.health.is_poisoned()
    }

    /// Tells the next start that nothing follows the witness, and what was synced before it: two
    /// more witnesses, elsewhere.
    fn lower_limit(&mut self) {
        let limit = self.open.end + frame_bytes(0, 0) as u32;
        if !self.uses.is_synced() || limit > self.open.limit.durable {
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
