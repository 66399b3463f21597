//! A server with few descriptors and more idle clients than it can serve: puts that find no
//! descriptor for the next segment are refused and leave no file, and deleting a stream still works
//! and frees some.

#![expect(clippy::disallowed_methods, reason = "the files of a real process")]

use crate::place::Place;
use crate::scene::Scene;
use millstream_client::Error;
use millstream_crash::Endpoint;
use millstream_env::{Env, OpenMode};
use millstream_protocol::operations::{
    DeleteStream, DeleteStreamInput, ListStreams, ListStreamsInput, PutRecord, PutRecordInput,
};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const NAMES: [&str; 2] = ["first", "second"];
const DESCRIPTORS: u32 = 64;
const IDLE: usize = 31;
const RECORD_BYTES: usize = 200_000;
/// What the first stream has, in segments of 1 MiB.
const FIRST_RECORDS: usize = 60;
/// More than there are descriptors for.
const RECORDS_MAX: usize = 1_000;
const REFUSALS: usize = 60;
/// A segment and a MANIFEST that are just being made, or removed again.
const BEING_MADE: usize = 2;
const GOES_ON_WITHIN: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn descriptors_when_there_are_few_then_refused_puts_leave_no_file_and_deleting_helps() {
    let env = Env::real();
    let place = Place::new(&env, "descriptors");
    let mut launch = place.launch("1MiB");
    launch.binary = limited(&env, place.path(), &launch.binary);
    let data = launch.data.clone();
    let mut scene = Scene::new(&env, launch, &NAMES);
    let mut process = scene.launch.spawn().unwrap();
    let url = process.ready(&env).await.unwrap();
    let at = scene.director.up(&env, &url);
    for stream in 0..NAMES.len() {
        scene.create(&at, stream).await;
    }
    // Both of its clients have their connections now.
    for _ in 0..20 {
        let client = at.client(&mut scene.worker.rng);
        let listed = client
            .call::<ListStreams>(&ListStreamsInput::default())
            .await;
        listed.unwrap();
    }
    let host = url.authority().unwrap().as_str();
    let idle: Vec<TcpStream> = (0..IDLE)
        .map(|_| TcpStream::connect(host).unwrap())
        .collect();

    let mut count = 0;
    while put(&mut scene, &at, usize::from(count >= FIRST_RECORDS)).await {
        count += 1;
        assert!(count < RECORDS_MAX, "it never ran out of descriptors");
    }
    assert!(count > FIRST_RECORDS, "{count} records");
    let files = files_of(&data);
    // A descriptor may still come free by chance, and a put be taken.
    let (mut refused, mut taken) = (0, 0);
    while refused < REFUSALS {
        match put(&mut scene, &at, 1).await {
            true => taken += 1,
            false => refused += 1,
        }
        assert!(taken < REFUSALS, "it has descriptors enough");
    }
    let left = files_of(&data).len();
    assert!(
        left <= files.len() + taken + BEING_MADE,
        "{left} files, {} before",
        files.len()
    );

    let input = DeleteStreamInput {
        stream_name: Some(NAMES[0].to_owned()),
        ..DeleteStreamInput::default()
    };
    let client = at.client(&mut scene.worker.rng);
    client.call::<DeleteStream>(&input).await.unwrap();
    let began = env.clock.monotonic();
    while !put(&mut scene, &at, 1).await {
        let waited = env.clock.monotonic().since(began);
        assert!(waited < GOES_ON_WITHIN, "there are descriptors again");
        env.clock.sleep(LOOK).await;
    }
    let waited = env.clock.monotonic().since(began);
    println!(
        "{count} records in {} files; written {waited:?} after DeleteStream",
        files.len()
    );
    drop(idle);
    scene.kill(process);
    place.remove();
}

/// The binary, as a process that may open few files.
fn limited(env: &Env, folder: &Path, binary: &Path) -> std::path::PathBuf {
    let path = folder.join("limited");
    let script = format!(
        "#!/bin/sh\nulimit -n {DESCRIPTORS}\nexec '{}' \"$@\"\n",
        binary.display()
    );
    let file = env.disk.open(&path, OpenMode::CreateNew).unwrap();
    file.write_all_at(script.as_bytes(), 0).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn files_of(data: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(data).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Whether a record is taken. A connection that the server does not take, as one too many, is tried
/// again.
async fn put(scene: &mut Scene, at: &Endpoint, stream: usize) -> bool {
    let rng = &mut scene.worker.rng;
    let input = PutRecordInput {
        stream_name: Some(NAMES[stream].to_owned()),
        data: vec![7; RECORD_BYTES].into(),
        partition_key: Some(rng.u32(..).to_string()),
        ..PutRecordInput::default()
    };
    let client = at.client(rng);
    loop {
        match client.call::<PutRecord>(&input).await {
            Ok(_) => return true,
            Err(Error::Service { .. }) => return false,
            Err(_) => scene.env.clock.sleep(LOOK).await,
        }
    }
}
