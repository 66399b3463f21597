//! A consumer: reads a stream through a split, and goes on where it was after a restart.
//!
//! Run it as the example `orders`.

use millstream_client::consumer::{Consumer, ConsumerSettings, MemoryCheckpoints, Position};
use millstream_client::{Builder, Client};
use std::sync::Arc;

const STREAM: &str = "example-consumer";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Builder::from_environment()?.build()?;
    client.create_stream(STREAM).shard_count(1).await?;
    client.wait_until_stream_exists(STREAM).await?;
    put(&client, 0..10).await?;
    let middle = (1_u128 << 127).to_string();
    client
        .split_shard(STREAM, "shardId-000000000000", middle)
        .await?;
    client.wait_until_stream_exists(STREAM).await?;
    put(&client, 10..20).await?;

    // `FileCheckpoints` keeps them beyond the end of the process.
    let checkpoints = Arc::new(MemoryCheckpoints::new());
    for expected in [20, 0] {
        let settings = ConsumerSettings {
            checkpoints: Some(checkpoints.clone()),
            from: Position::TrimHorizon,
            ..ConsumerSettings::default()
        };
        let mut consumer = Consumer::start(&client, STREAM, settings).await?;
        let mut records = 0;
        while !consumer.is_caught_up() {
            let Some(batch) = consumer.next().await? else {
                break;
            };
            records += batch.user_records().count();
            consumer.checkpoint_batch(&batch).await?;
        }
        assert_eq!(records, expected);
        println!("{records} records are new");
    }

    client.delete_stream(STREAM).await?;
    Ok(())
}

async fn put(
    client: &Client,
    orders: std::ops::Range<u32>,
) -> Result<(), millstream_client::Error> {
    for order in orders {
        let key = format!("customer-{order}");
        client
            .put_record(STREAM, order.to_string())
            .partition_key(key)
            .await?;
    }
    Ok(())
}
