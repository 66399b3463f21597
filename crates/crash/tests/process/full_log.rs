//! The log is on the same volume as the data, which is full: lines are lost and nothing else is.

use crate::admin;
use crate::full::{delete, fill, until_written};
use crate::place::Place;
use crate::scene::{STREAM, Scene, within};
use crate::stopping::ended;
use millstream_crash::{RootShare, Volume};
use millstream_env::{Env, File, OpenMode};
use millstream_judge::HashKey;
use std::path::Path;
use std::sync::Arc;

const VOLUME_BYTES: u64 = 64 * 1024 * 1024;
/// The second stream, that makes room for the first.
const VICTIM: usize = 1;
/// What takes the room that is left, byte by byte in the end.
const FILLER_BYTES: [usize; 3] = [64 * 1024, 1024, 1];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn volume_when_it_is_full_and_has_the_log_too_then_nothing_but_lines_is_lost() {
    let env = Env::real();
    let place = Place::new(&env, "full-log");
    let mut launch = place.launch("4MiB");
    let volume = Volume::make(&env, place.path(), VOLUME_BYTES, RootShare::None).unwrap();
    launch.data = volume.root().join("data");
    launch.log = volume.root().join("server.log");
    let mut scene = Scene::new(&env, launch, &["kept", "victim"]);
    let (mut process, at) = scene.start().await.unwrap();
    for stream in [STREAM, VICTIM] {
        scene.create(&at, stream).await;
    }
    fill(&mut scene, &at, &[STREAM, VICTIM]).await;
    let filler = volume.root().join("filler");
    let mut rest = Rest::new(&env, &filler);
    // Refused puts have lines, for which there is no room soon.
    let log = scene.launch.log.clone();
    let mut producer = scene.producer();
    let refused = async {
        while admin::lost_lines(&log) == 0 {
            // The cleaner may have given space back since.
            rest.take();
            for _ in 0..100 {
                producer.put_at(&at, STREAM, HashKey(0)).await;
            }
        }
    };
    within(&env, refused).await;
    env.disk.remove(&filler).unwrap();
    delete(&mut scene, &at, VICTIM).await;
    let waited = until_written(&mut scene, &at).await;
    println!("writing went on {waited:?} after DeleteStream");
    assert!(scene.drain(&at, STREAM).await, "reads go on");

    process.terminate().unwrap();
    assert_eq!(ended(&env, &mut process).await, Some(0));
    scene.director.down();
    let (process, at) = scene.start().await.unwrap();
    assert!(scene.drain(&at, STREAM).await, "all is there");
    scene.kill(process);
    println!("{}", scene.judge(&place, STREAM));
    drop(volume);
    place.remove();
}

/// A file that takes the rest of a volume, to the last byte.
struct Rest {
    file: Arc<dyn File>,
    length: u64,
}

impl Rest {
    fn new(env: &Env, path: &Path) -> Self {
        let file = env.disk.open(path, OpenMode::CreateNew).unwrap();
        Self { file, length: 0 }
    }

    fn take(&mut self) {
        for bytes in FILLER_BYTES {
            let piece = vec![b'x'; bytes];
            while self.file.write_all_at(&piece, self.length).is_ok() {
                self.length += bytes as u64;
            }
        }
    }
}
