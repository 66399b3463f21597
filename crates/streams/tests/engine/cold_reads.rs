//! Reads that wait for the disk: a bounded number at a time, with memory reserved before a byte is
//! read; the others wait for a while and are told to retry, and reads from memory are not held up.

use crate::gated_disk::{AtHand, Gate, GatedDisk};
use crate::world::{Caller, START, Start, World, until};
use millstream_env::{Clock, MemoryDisk, SystemClock, Timestamp};
use millstream_journal::{Journal, Options};
use millstream_protocol::operations::{GetRecordsInput, GetRecordsOutput, PutRecordInput};
use millstream_protocol::{Error, ErrorCode, Protocol};
use millstream_store::{LogStore, ReadLimit};
use millstream_streams::operations::{GetRecords, PutRecord};
use millstream_streams::{COLD_READS_MAX, COLD_WAIT_MAX, ROOM_BYTES};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MIB: usize = 1024 * 1024;
const STREAMS: usize = 4;
pub const RECORDS: usize = 10;
pub const RECORD_BYTES: usize = 1_000_000;
/// What one call may bring, and hold.
pub const CALL: ReadLimit = ReadLimit {
    records: 10_000,
    bytes: 10 * MIB as u64,
};

/// Streams of one shard with 10 MB each, none of it in memory, behind a gate.
pub struct Cold {
    pub world: World,
    pub caller: Caller,
    pub gate: Arc<Gate>,
    journal: Arc<Journal>,
}

pub type Answers = Arc<Mutex<Vec<Result<GetRecordsOutput, Error>>>>;

impl Cold {
    pub async fn new() -> Self {
        let mut world = World::without_limits();
        let gate = Gate::new();
        world.env.disk = Arc::new(GatedDisk {
            disk: MemoryDisk::new(),
            gate: Arc::clone(&gate),
            at_hand: AtHand::Nothing,
        });
        let open = || Journal::open(world.env.clone(), Path::new("/data"), Options::default());
        let journal = open().unwrap();
        let caller = world.open_on(journal.clone()).await;
        for stream in 0..STREAMS {
            caller.create(&name(stream), 1).await.unwrap();
            for _ in 0..RECORDS {
                put(&caller, stream, RECORD_BYTES).await;
                world.clock.advance(Duration::from_millis(1));
            }
        }
        journal.shutdown().await;
        drop((caller, journal));
        let journal = open().unwrap();
        let caller = world.open_on(journal.clone()).await;
        Self {
            world,
            caller,
            gate,
            journal,
        }
    }

    /// Begins so many GetRecords from the horizon on, in turn from each stream.
    pub async fn begin(&self, calls: usize) -> Answers {
        let mut iterators = Vec::new();
        for stream in 0..STREAMS {
            let stream = name(stream);
            let found = self.caller.iterator(&stream, "0", Start::Horizon).await;
            iterators.push(found.unwrap());
        }
        let answers = Answers::default();
        for iterator in iterators.into_iter().cycle().take(calls) {
            let (caller, answers) = (self.caller.clone(), Arc::clone(&answers));
            let call = async move {
                let answer = caller.get(&iterator).await;
                answers.lock().unwrap().push(answer);
            };
            self.world.env.tasks.spawn("get", Box::pin(call));
        }
        turns().await;
        answers
    }

    fn taken(&self) -> usize {
        self.caller.engine.room().taken()
    }
}

impl Drop for Cold {
    fn drop(&mut self) {
        // Threads that wait at a gate would keep a test that fails from ending.
        self.gate.open();
    }
}

fn name(stream: usize) -> String {
    format!("s{stream}")
}

async fn put(caller: &Caller, stream: usize, bytes: usize) {
    let input = PutRecordInput {
        stream_name: Some(name(stream)),
        partition_key: Some("k".to_owned()),
        data: vec![7; bytes].into(),
        ..PutRecordInput::default()
    };
    caller.call::<PutRecord>(input).await.unwrap();
}

/// Lets everybody who can go on do so.
async fn turns() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// What comes, or a failure instead of a test that hangs.
pub async fn in_time<T>(coming: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        come = coming => come,
        () = SystemClock::new().sleep(Duration::from_secs(300)) => panic!("it takes for ever"),
    }
}

pub async fn all_of<T>(answers: &Mutex<Vec<T>>, count: usize) {
    in_time(async {
        while answers.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_thousand_cold_reads_when_the_disk_is_slow_then_few_hold_room_and_the_others_come_again()
{
    const CALLS: usize = 1000;
    let cold = Cold::new().await;
    let at_once = (ROOM_BYTES / 4 * 3 / CALL.held_bytes_max()).min(COLD_READS_MAX);
    cold.gate.close();
    let before = cold.journal.memory_bytes();
    let answers = cold.begin(CALLS).await;
    in_time(cold.gate.reads(at_once)).await;
    assert!(answers.lock().unwrap().is_empty(), "the others wait");
    assert_eq!(
        cold.taken(),
        at_once * CALL.held_bytes_max(),
        "before a byte was read"
    );
    let bytes = cold.gate.at_gate().bytes;
    assert!(bytes <= at_once * MIB, "{bytes} bytes are asked for");
    assert!(cold.journal.memory_bytes() <= before + at_once * MIB);

    cold.world
        .clock
        .advance(COLD_WAIT_MAX - Duration::from_millis(1));
    turns().await;
    assert!(answers.lock().unwrap().is_empty(), "they wait for so long");
    cold.world.clock.advance(Duration::from_millis(1));
    all_of(&answers, CALLS - at_once).await;
    let is_busy = |answer: &Result<GetRecordsOutput, Error>| {
        answer
            .as_ref()
            .is_err_and(|error| error.code == ErrorCode::ServiceUnavailable)
    };
    assert!(
        answers
            .lock()
            .unwrap()
            .drain(..)
            .all(|answer| is_busy(&answer))
    );
    assert_eq!(cold.gate.at_gate().reads, at_once);

    cold.gate.open();
    all_of(&answers, at_once).await;
    for answer in answers.lock().unwrap().drain(..) {
        assert_eq!(answer.unwrap().records.len(), RECORDS);
    }
    assert_eq!(cold.gate.at_gate().reads_max, at_once);
    assert_eq!(
        cold.taken(),
        0,
        "whoever was answered gave back what he had"
    );
}

/// A client that leaves does not make room for another one's read while its own goes on.
#[tokio::test]
async fn cold_reads_when_their_callers_leave_then_keep_turn_and_room_until_they_end() {
    let cold = Cold::new().await;
    let iterator = cold
        .caller
        .iterator("s0", "0", Start::Horizon)
        .await
        .unwrap();
    cold.gate.close();
    for call in 1..=40 {
        tokio::select! {
            biased;
            _ = cold.caller.get(&iterator) => panic!("the gate is closed"),
            () = turns() => {}
        }
        let at_once = (ROOM_BYTES / 4 * 3 / CALL.held_bytes_max()).min(COLD_READS_MAX);
        assert_eq!(cold.taken(), call.min(at_once) * CALL.held_bytes_max());
    }
    assert!(cold.gate.at_gate().reads_max <= COLD_READS_MAX);
    cold.gate.open();
    until(async || cold.taken() == 0).await;
}

#[tokio::test]
async fn positions_when_many_are_looked_for_on_a_slow_disk_then_few_wait_for_it_and_the_others_come_again()
 {
    const CALLS: usize = 100;
    let cold = Cold::new().await;
    cold.gate.close();
    let found = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..CALLS {
        let (caller, found) = (cold.caller.clone(), Arc::clone(&found));
        let call = async move {
            // In the midst of a sealed segment.
            let time = Start::Time(Timestamp(START.0 + 2));
            let answer = caller.iterator("s0", "0", time).await;
            found
                .lock()
                .unwrap()
                .push(answer.map_err(|error| error.code));
        };
        cold.world.env.tasks.spawn("position", Box::pin(call));
    }
    turns().await;
    in_time(cold.gate.reads(COLD_READS_MAX)).await;
    cold.world.clock.advance(COLD_WAIT_MAX);
    all_of(&found, CALLS - COLD_READS_MAX).await;
    let busy = Err(ErrorCode::ServiceUnavailable);
    assert!(found.lock().unwrap().drain(..).all(|answer| answer == busy));
    cold.gate.open();
    all_of(&found, COLD_READS_MAX).await;
    assert!(found.lock().unwrap().iter().all(Result::is_ok));
    assert_eq!(cold.gate.at_gate().reads_max, COLD_READS_MAX);
}

/// A quiet shard beside a busy one, whose records come one by one, each out of another window.
#[tokio::test]
async fn a_quiet_shard_when_read_in_many_parts_then_holds_about_what_it_answers() {
    const RECORDS: usize = 40;
    for at_hand in [AtHand::All, AtHand::Nothing] {
        let mut world = World::without_limits();
        world.env.disk = Arc::new(GatedDisk {
            disk: MemoryDisk::new(),
            gate: Gate::new(),
            at_hand,
        });
        let open = || Journal::open(world.env.clone(), Path::new("/data"), Options::default());
        let journal = open().unwrap();
        let caller = world.open_on(journal.clone()).await;
        for stream in 0..2 {
            caller.create(&name(stream), 1).await.unwrap();
        }
        for _ in 0..RECORDS {
            put(&caller, 0, 1).await;
            put(&caller, 1, RECORD_BYTES).await;
        }
        journal.shutdown().await;
        drop((caller, journal));
        let caller = world.open_on(open().unwrap()).await;
        let iterator = caller.iterator("s0", "0", Start::Horizon).await.unwrap();
        // The first time block lists have to be read too.
        for _ in 0..2 {
            verify_held(&caller, &iterator).await;
        }
    }
}

async fn verify_held(caller: &Caller, iterator: &str) {
    let input = GetRecordsInput {
        shard_iterator: iterator.to_owned(),
        ..GetRecordsInput::default()
    };
    let answer = caller.handle::<GetRecords>(input).await;
    let held = caller.engine.room().taken();
    let body = caller.body(Protocol::Json, answer.unwrap());
    let most = 2 * body.length() + ReadLimit::HELD_BESIDE_BYTES;
    assert!(
        held > 0 && held <= most,
        "{held} are held for {} bytes",
        body.length()
    );
    drop(body);
    assert_eq!(caller.engine.room().taken(), 0);
}

#[tokio::test]
async fn what_is_at_hand_when_the_disk_is_slow_then_comes_at_once() {
    let cold = Cold::new().await;
    let latest = cold
        .caller
        .iterator("s0", "0", Start::Latest)
        .await
        .unwrap();
    cold.gate.close();
    let answers = cold.begin(100).await;
    put(&cold.caller, 0, 100).await;
    let answer = in_time(cold.caller.get(&latest)).await.unwrap();
    assert_eq!(answer.records.len(), 1);
    assert!(answers.lock().unwrap().is_empty());
    cold.gate.open();
    all_of(&answers, 8).await;
}
