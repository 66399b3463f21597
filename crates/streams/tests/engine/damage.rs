//! Damage in the journal as the engine meets it: what is lost is never made anew and empty.

use crate::catalog::tags;
use crate::world::{Caller, Start, World, text, until};
use millstream_env::{Disk, MemoryDisk};
use millstream_journal::{Journal, Options};
use millstream_protocol::operations::{DeleteStreamInput, DescribeStreamSummaryInput};
use millstream_store::{LogId, LogStore, Offset};
use millstream_streams::Engine;
use millstream_streams::operations::{AddTagsToStream, DeleteStream, DescribeStreamSummary};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the catalog keeps its snapshots.
const SNAPSHOTS: LogId = LogId {
    group: u64::MAX,
    index: 1,
};
const FRAME_MAGIC: &[u8] = b"MSFR";

/// A world with a journal on a disk in memory.
struct Rotten {
    world: World,
    disk: MemoryDisk,
}

impl Rotten {
    fn new() -> Self {
        let disk = MemoryDisk::new();
        let mut world = World::without_limits();
        world.env.disk = Arc::new(disk.clone());
        Self { world, disk }
    }

    fn journal(&self) -> Arc<Journal> {
        Journal::open(
            self.world.env.clone(),
            Path::new("/data"),
            Options::default(),
        )
        .unwrap()
    }

    async fn open(&self) -> Caller {
        self.world.open_on(self.journal()).await
    }

    /// The first segment: all that these tests write stands in it.
    fn segment(&self) -> PathBuf {
        let files = self.disk.list(Path::new("/data")).unwrap();
        let is_segment = |file: &PathBuf| file.extension().is_some_and(|kind| kind == "segment");
        files.into_iter().find(is_segment).unwrap()
    }

    /// Where the frames begin.
    fn frames(&self) -> Vec<usize> {
        let contents = self.disk.contents(&self.segment()).unwrap();
        let windows = contents.windows(FRAME_MAGIC.len()).enumerate();
        windows
            .filter(|(_, window)| *window == FRAME_MAGIC)
            .map(|(at, _)| at)
            .collect()
    }

    fn rot(&self, from: usize, until: usize) {
        for position in from..until {
            self.disk.corrupt(&self.segment(), position as u64, 0x55);
        }
    }
}

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stop,
    Death,
}

/// A server that was started again after a stream's log, with all its records, rotted.
async fn with_a_rotten_log(end: End) -> (Rotten, Caller) {
    let rotten = Rotten::new();
    let journal = rotten.journal();
    let caller = rotten.world.open_on(journal.clone()).await;
    let before = rotten.frames().len();
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "acknowledged").await.unwrap();
    let after = rotten.frames().len();
    // What rots is older than the newest snapshot, so the catalog is whole.
    for round in 0..200 {
        caller.call::<AddTagsToStream>(tags(round)).await.unwrap();
    }
    let is_snapshot = async || journal.known_bounds(SNAPSHOTS).unwrap().end > Offset(0);
    until(is_snapshot).await;
    caller.create("kept", 1).await.unwrap();
    match end {
        End::Stop => caller.engine.shutdown().await,
        End::Death => rotten.disk.process_death(),
    }
    drop((caller, journal));
    let frames = rotten.frames();
    // The stream stands in the first of its frames, its log and the record in the others.
    assert_eq!(after - before, 3);
    rotten.rot(frames[before + 1], frames[after]);
    let caller = rotten.open().await;
    (rotten, caller)
}

#[tokio::test]
async fn stream_when_its_records_rotted_after_a_clean_stop_then_are_missed() {
    let (_rotten, caller) = with_a_rotten_log(End::Stop).await;
    // The stop has noted where the log ends.
    let iterator = caller.iterator("s", "0", Start::Horizon).await.unwrap();
    let read = caller.get(&iterator).await;
    assert!(read.is_err(), "{read:?}");
    assert_eq!(caller.read_all("kept").await, [""; 0]);
}

#[tokio::test]
async fn stream_when_its_log_and_all_records_rotted_then_is_damaged_and_not_empty() {
    let (rotten, caller) = with_a_rotten_log(End::Death).await;
    let read = caller.iterator("s", "0", Start::Horizon).await;
    assert!(read.is_err(), "{read:?}");
    let put = caller.put("s", "k", "more").await;
    assert!(put.is_err(), "{put:?}");
    // Others go on, also new ones.
    caller.put("kept", "k", "one").await.unwrap();
    assert_eq!(caller.read_all("kept").await, ["one"]);
    caller.create("new", 1).await.unwrap();
    caller
        .split("new", "shardId-000000000000", 2)
        .await
        .unwrap();
    caller.put("new", "k", "two").await.unwrap();
    assert_eq!(caller.read_all("new").await, ["two"]);
    delete(&rotten, &caller, "s").await;
    assert_eq!(caller.read_all("kept").await, ["one"]);
}

async fn delete(rotten: &Rotten, caller: &Caller, stream: &str) {
    let input = DeleteStreamInput {
        stream_name: Some(stream.to_owned()),
        ..DeleteStreamInput::default()
    };
    caller.call::<DeleteStream>(input).await.unwrap();
    let is_gone = async || {
        rotten.world.pass(std::time::Duration::from_secs(1)).await;
        let input = DescribeStreamSummaryInput {
            stream_name: Some(stream.to_owned()),
            ..DescribeStreamSummaryInput::default()
        };
        caller.call::<DescribeStreamSummary>(input).await.is_err()
    };
    until(is_gone).await;
}

#[tokio::test]
async fn catalog_when_all_of_it_rotted_then_the_engine_does_not_open() {
    let rotten = Rotten::new();
    let caller = rotten.open().await;
    caller.create("s", 1).await.unwrap();
    caller.engine.shutdown().await;
    drop(caller);
    let frames = rotten.frames();
    let end = frames[frames.len() - 1] + 32;
    rotten.rot(frames[0], end);
    let journal: Arc<dyn LogStore> = rotten.journal();
    let settings = rotten.world.settings.clone();
    let refused = Engine::open(rotten.world.env.clone(), journal, settings).await;
    let error = refused.err().unwrap();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("damage"), "{error}: {why}");
}

#[tokio::test]
async fn records_when_one_behind_them_rotted_then_come_and_say_that_they_are_not_the_last() {
    let rotten = Rotten::new();
    let caller = rotten.open().await;
    caller.create("s", 1).await.unwrap();
    for data in ["one", "two"] {
        caller.put("s", "k", data).await.unwrap();
    }
    let before = rotten.frames().len();
    caller.put("s", "k", "three").await.unwrap();
    caller.engine.shutdown().await;
    drop(caller);
    // Behind the frame's header and the entry that it has.
    let payload = rotten.frames()[before] + 32 + 48;
    rotten.rot(payload, payload + 8);

    let caller = rotten.open().await;
    let iterator = caller.iterator("s", "0", Start::Horizon).await.unwrap();
    let got = caller.get(&iterator).await.unwrap();
    let texts: Vec<String> = got.records.iter().map(text).collect();
    assert_eq!(texts, ["one", "two"]);
    assert!(got.millis_behind_latest > Some(0));
    let behind = caller.get(&got.next_shard_iterator.unwrap()).await;
    assert!(behind.is_err(), "{behind:?}");
}
