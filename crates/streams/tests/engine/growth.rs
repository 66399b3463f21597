//! The cost of a step does not grow with what exists already.
//!
//! Each kind of work is counted with few and with many neighbours: a start by its shards, a
//! deletion by earlier deleted names, a new stream and a page of names by the existing streams.

use crate::counted;
use crate::world::{Caller, World};
use millstream_protocol::operations::{DeleteStreamInput, ListStreamsInput};
use millstream_streams::operations::{DeleteStream, ListStreams};
use millstream_streams::{Limits, Settings};

const TEST: &str = "growth::work_when_more_is_there_already_then_costs_as_much_for_each";
/// The most that a step may cost with many neighbours, in hundredths of what it costs with few.
/// Maps become deeper as they grow.
const GROWTH_PERCENT_MAX: u64 = 150;

#[test]
fn work_when_more_is_there_already_then_costs_as_much_for_each() {
    if let Some(work) = counted::work() {
        return run(&work);
    }
    for (work, few, many, turns, each) in [
        // A start looks at each shard.
        ("start", 500, 4_000, 1, Each::Neighbour),
        ("delete", 100, 2_000, 32, Each::Turn),
        ("create", 100, 2_000, 32, Each::Turn),
        ("list", 200, 2_000, 32, Each::Turn),
    ] {
        let count = |there: usize| {
            let once = counted::instructions(TEST, &format!("{work} {there} {turns}"));
            let twice = counted::instructions(TEST, &format!("{work} {there} {}", 2 * turns));
            let parts = match each {
                Each::Neighbour => turns * there,
                Each::Turn => turns,
            };
            (twice - once) / parts as u64
        };
        let (of_few, of_many) = (count(few), count(many));
        println!("{work}: {of_few} instructions with {few}, {of_many} with {many}");
        assert!(
            of_many * 100 <= of_few * GROWTH_PERCENT_MAX,
            "{work}: {of_few} instructions with {few}, {of_many} with {many}"
        );
    }
}

/// What a cost is a cost of.
enum Each {
    Turn,
    Neighbour,
}

/// Does the work, given as its kind, how many are there before, and turns.
#[tokio::main(flavor = "current_thread")]
async fn run(work: &str) {
    let mut words = work.split(' ');
    let (kind, mut numbers) = (words.next().unwrap(), words.map(|n| n.parse().unwrap()));
    let (there, turns): (usize, usize) = (numbers.next().unwrap(), numbers.next().unwrap());
    let world = World::new(Settings {
        // What AWS limits is counted at each command.
        limits: Limits::Aws,
        shard_limit: Some(u32::MAX),
        ..Settings::default()
    });
    let caller = world.open().await;
    match kind {
        "start" => {
            caller.create("s", there as i32).await.unwrap();
            for _ in 0..turns {
                drop(world.open().await);
            }
        }
        "delete" => {
            for place in 0..there + turns {
                let name = format!("s{place}");
                caller.create(&name, 1).await.unwrap();
                delete(&caller, name).await;
            }
        }
        "create" => {
            for place in 0..there + turns {
                caller.create(&format!("s{place}"), 1).await.unwrap();
            }
        }
        _ => {
            for place in 0..there {
                caller.create(&format!("s{place:06}"), 1).await.unwrap();
            }
            for _ in 0..turns {
                // The last page, which stands behind all others.
                let input = ListStreamsInput {
                    exclusive_start_stream_name: Some(format!("s{:06}", there - 2)),
                    ..ListStreamsInput::default()
                };
                let page = caller.call::<ListStreams>(input).await.unwrap();
                assert_eq!(page.stream_names.len(), 1);
            }
        }
    }
}

async fn delete(caller: &Caller, name: String) {
    let input = DeleteStreamInput {
        stream_name: Some(name),
        ..DeleteStreamInput::default()
    };
    caller.call::<DeleteStream>(input).await.unwrap();
}
