//! A producer: batches, retries, the order of each key, and aggregation, for a thousand records.
//!
//! Run it as the example `orders`.

use millstream_client::Builder;
use millstream_client::producer::{Aggregation, Order, Producer, ProducerRecord, ProducerSettings};

const STREAM: &str = "example-producer";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Builder::from_environment()?.build()?;
    client.create_stream(STREAM).shard_count(2).await?;
    client.wait_until_stream_exists(STREAM).await?;

    let settings = ProducerSettings {
        order: Order::OfKeys,
        // Small records are stored together; readers take them apart.
        aggregation: Some(Aggregation::default()),
        ..ProducerSettings::default()
    };
    let producer = Producer::new(&client, STREAM, settings);
    let mut receipts = Vec::new();
    for order in 0..1000 {
        let key = format!("customer-{}", order % 100);
        // Waits while too much is on its way.
        receipts.push(
            producer
                .put(ProducerRecord::new(key, order.to_string()))
                .await?,
        );
    }
    producer.flush().await;
    for receipt in receipts {
        let stored = receipt.await?;
        assert!(!stored.sequence_number.is_empty());
    }
    println!("1000 records are stored");

    client.delete_stream(STREAM).await?;
    Ok(())
}
