//! A subscriber beside reads that wait for a slow disk.

use crate::cold_reads::{CALL, Cold, RECORDS, all_of, in_time};
use crate::fanout::{Pushed, Subscriber};
use crate::world::Start;
use millstream_env::Clock;
use millstream_protocol::types::SubscribeToShardEvent;
use std::pin::pin;
use std::time::Duration;

/// Something is heard within four seconds, and as long as the disk is waited for; some clients give
/// up after ten.
const SILENCE_MAX: Duration = Duration::from_secs(7);

#[tokio::test]
async fn subscriber_when_too_many_wait_for_the_disk_then_hears_that_there_is_more_and_gets_all() {
    let cold = Cold::new().await;
    // For one GetRecords, and nobody else.
    let room = cold.caller.engine.room();
    room.resize(CALL.held_bytes_max() / 3 * 4 + 8);
    let arn = cold.caller.consumer("s1", "c").await;
    let shard = "shardId-000000000000";
    let mut subscriber = cold.caller.subscribe(&arn, shard, Start::Horizon).await;
    cold.gate.close();
    let answers = cold.begin(1).await;
    in_time(cold.gate.reads(1)).await;
    for _ in 0..3 {
        let before = cold.world.clock.monotonic();
        let event = next(&mut subscriber, &cold).await;
        let silence = cold.world.clock.monotonic().since(before);
        assert!(silence < SILENCE_MAX, "{silence:?}");
        assert!(event.records.is_empty());
        assert!(event.millis_behind_latest > 0, "there is more");
    }
    assert_eq!(cold.gate.at_gate().reads_max, 1);
    cold.gate.open();
    all_of(&answers, 1).await;
    let mut records = 0;
    while records < RECORDS {
        records += next(&mut subscriber, &cold).await.records.len();
    }
}

/// The next event, while time passes.
async fn next(subscriber: &mut Subscriber, cold: &Cold) -> SubscribeToShardEvent {
    let mut pushed = pin!(subscriber.next());
    let pushed = async {
        loop {
            tokio::select! {
                biased;
                pushed = &mut pushed => break pushed,
                () = cold.world.pass(Duration::from_millis(200)) => {}
            }
        }
    };
    match in_time(pushed).await {
        Pushed::Event(event) => event,
        pushed @ (Pushed::Initial | Pushed::Exception(..) | Pushed::End) => {
            panic!("no event: {pushed:?}")
        }
    }
}
