//! Volumes of several sizes, filled to the last byte with records of all sizes by three streams
//! that interleave in every segment: when one stream is deleted writing resumes, at once and after
//! a restart, whoever may use the blocks reserved for root.
//!
//! `MILLSTREAM_VOLUME_MIB` names the sizes.

use crate::place::Place;
use crate::scene::Scene;
use millstream_crash::{Endpoint, RootShare, Volume};
use millstream_env::{Env, OpenMode};
use millstream_protocol::operations::{
    DeleteStream, DeleteStreamInput, GetRecords, GetRecordsInput, GetShardIterator,
    GetShardIteratorInput, PutRecords, PutRecordsInput,
};
use millstream_protocol::types::{PutRecordsRequestEntry, ShardIteratorType};
use std::path::Path;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;
const VOLUMES_MIB: &str = "64,128";
const NAMES: [&str; 3] = ["one", "victim", "other"];
/// The stream that is deleted.
const VICTIM: usize = 1;
const RECORD_BYTES_MAX: usize = 60_000;
/// Large records come by so many in a call.
const BATCH: usize = 10;
/// Writing goes on within this time when there is room.
const GOES_ON_WITHIN: Duration = Duration::from_secs(10);
/// Of the volume, a third was deleted: so much of it can surely be written again.
const WRITTEN_AGAIN_SHARE: u64 = 6;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn volume_when_full_and_a_third_is_deleted_then_is_written_at_once_and_after_a_restart() {
    let sizes = std::env::var("MILLSTREAM_VOLUME_MIB").unwrap_or(VOLUMES_MIB.to_owned());
    for mib in sizes.split(',').map(|mib| mib.parse::<u64>().unwrap()) {
        for share in [RootShare::None, RootShare::Usual] {
            refill(mib, share).await;
        }
    }
}

/// What is put, and what of it was taken.
struct Filled {
    scene: Scene,
    /// Records of each stream.
    acked: [usize; NAMES.len()],
}

async fn refill(mib: u64, share: RootShare) {
    let env = Env::real();
    let place = Place::new(&env, "refill");
    let mut launch = place.launch("128MiB");
    let volume = Volume::make(&env, place.path(), mib * MIB, share).unwrap();
    launch.data = volume.root().join("data");
    let mut scene = Scene::new(&env, launch, &NAMES);
    let (process, at) = scene.start().await.unwrap();
    for stream in 0..NAMES.len() {
        scene.create(&at, stream).await;
    }
    let acked = [0; NAMES.len()];
    let mut filled = Filled { scene, acked };
    filled.fill(&at).await;
    let records: usize = filled.acked.iter().sum();
    if share == RootShare::Usual {
        take_the_rest(&env, volume.root());
        // What is still open.
        filled.fill(&at).await;
    }
    let asked = env.clock.monotonic();
    filled.delete(&at).await;
    let (deleted, waited) = (
        env.clock.monotonic().since(asked),
        filled.put_soon(&at).await,
    );
    let mut slowest = waited;
    let mut written = 0;
    while written < mib * MIB / WRITTEN_AGAIN_SHARE {
        slowest = slowest.max(filled.put_soon(&at).await);
        written += (BATCH * RECORD_BYTES_MAX / 2) as u64;
    }
    filled.scene.kill(process);
    let (process, at) = filled.scene.start().await.unwrap();
    let restarted = filled.put_soon(&at).await;
    println!(
        "{mib} MiB, {share:?} for root, {records} records: deleted in {deleted:?}, written {waited:?} later \
         (then within {slowest:?} each), and {restarted:?} after a restart"
    );
    filled.verify(&at).await;
    filled.scene.kill(process);
    drop(volume);
    place.remove();
}

/// Somebody else who may fills what is kept for root.
fn take_the_rest(env: &Env, root: &Path) {
    let file = env.disk.open(&root.join("stranger"), OpenMode::CreateNew);
    let (file, mut length, mut step) = (file.unwrap(), 0, 64 * MIB);
    while step >= 1024 {
        match file.allocate(length + step) {
            Ok(()) => length += step,
            Err(_) => step /= 2,
        }
    }
}

impl Filled {
    /// Large records until they are refused, then smaller and smaller ones, down to one byte.
    async fn fill(&mut self, at: &Endpoint) {
        let mut most = RECORD_BYTES_MAX;
        while most > 0 {
            let count = if most == RECORD_BYTES_MAX { BATCH } else { 1 };
            for stream in (0..NAMES.len()).cycle() {
                if !self.put(at, stream, (count, most)).await {
                    break;
                }
            }
            most /= 2;
        }
    }

    /// Puts records of up to so many bytes; `false` if any was refused.
    async fn put(&mut self, at: &Endpoint, stream: usize, (count, most): (usize, usize)) -> bool {
        let rng = &mut self.scene.worker.rng;
        let records = (0..count).map(|_| PutRecordsRequestEntry {
            data: vec![stream as u8; rng.usize(1..=most)].into(),
            partition_key: Some(rng.u32(..).to_string()),
            ..PutRecordsRequestEntry::default()
        });
        let input = PutRecordsInput {
            records: records.collect::<Vec<_>>(),
            stream_name: Some(NAMES[stream].to_owned()),
            ..PutRecordsInput::default()
        };
        let client = at.client(rng);
        let Ok(answer) = client.call::<PutRecords>(&input).await else {
            return false;
        };
        let is_acked = |entry: &&_| {
            let entry: &millstream_protocol::types::PutRecordsResultEntry = entry;
            entry.error_code.is_none()
        };
        let acked = answer.records.iter().filter(is_acked).count();
        self.acked[stream] += acked;
        acked == count
    }

    /// How long it takes until large records are taken.
    async fn put_soon(&mut self, at: &Endpoint) -> Duration {
        let clock = self.scene.env.clock.clone();
        let began = clock.monotonic();
        while !self.put(at, 0, (BATCH, RECORD_BYTES_MAX)).await {
            let waited = clock.monotonic().since(began);
            assert!(waited < GOES_ON_WITHIN, "there is room, and it is not used");
            clock.sleep(LOOK).await;
        }
        clock.monotonic().since(began)
    }

    async fn delete(&mut self, at: &Endpoint) {
        let input = DeleteStreamInput {
            stream_name: Some(NAMES[VICTIM].to_owned()),
            ..DeleteStreamInput::default()
        };
        let client = at.client(&mut self.scene.worker.rng);
        client.call::<DeleteStream>(&input).await.unwrap();
    }

    /// All that was acknowledged is there.
    async fn verify(&mut self, at: &Endpoint) {
        for stream in (0..NAMES.len()).filter(|stream| *stream != VICTIM) {
            let mut found = 0;
            let shards = self.scene.worker.list(at, stream).await.unwrap();
            for shard in shards {
                found += self.read(at, stream, shard.shard.to_string()).await;
            }
            assert!(
                found >= self.acked[stream],
                "{found} records of {}",
                self.acked[stream]
            );
        }
    }

    async fn read(&mut self, at: &Endpoint, stream: usize, shard_id: String) -> usize {
        let client = at.client(&mut self.scene.worker.rng);
        let input = GetShardIteratorInput {
            stream_name: Some(NAMES[stream].to_owned()),
            shard_id,
            shard_iterator_type: ShardIteratorType::TrimHorizon,
            starting_sequence_number: None,
            timestamp: None,
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let begun = client.call::<GetShardIterator>(&input).await.unwrap();
        let (mut next, mut found) = (begun.shard_iterator, 0);
        while let Some(shard_iterator) = next {
            let input = GetRecordsInput {
                shard_iterator,
                ..GetRecordsInput::default()
            };
            let answer = client.call::<GetRecords>(&input).await.unwrap();
            let is_right = |data: &[u8]| data.iter().all(|byte| *byte == stream as u8);
            assert!({ answer.records.iter() }.all(|record| is_right(&record.data)));
            found += answer.records.len();
            next = answer
                .next_shard_iterator
                .filter(|_| !answer.records.is_empty() || answer.millis_behind_latest > Some(0));
        }
        found
    }
}
