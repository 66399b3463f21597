//! Every asynchronous method works in a task of its own: its future can be sent to another thread.
//!
//! The compiler judges that when a program calls the method, not when the method is compiled. So
//! each is called here, in a block that is only compiled.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

use millstream_client::consumer::{Batch, Consumer, ConsumerSettings};
use millstream_client::operations::{ListShards, ListStreams, ListStreamsInput};
use millstream_client::operations::{SubscribeToShard, SubscribeToShardInput};
use millstream_client::producer::{Producer, ProducerRecord};
use millstream_client::{Call, Client, Credentials, Env, Events, Operation, Pages};

/// Takes what a task takes.
fn spawned(future: impl Future<Output = ()> + Send + 'static) {
    drop(future);
}

fn client() -> Client {
    let builder = Client::builder().endpoint("http://127.0.0.1:1");
    let builder = builder.credentials(Credentials::new("AKID", "secret", None));
    builder.build_in(Env::real()).unwrap()
}

#[tokio::test]
async fn calls_when_spawned_then_can_be_sent() {
    let clients = client();
    let client = clients.clone();
    spawned(async move { drop(client.list_streams().await) });
    let client = clients.clone();
    spawned(async move { drop(client.list_streams().send().await) });
    let client = clients.clone();
    spawned(async move { drop(client.make_request("ListStreams", "{}").await) });
    let client = clients.clone();
    spawned(async move {
        drop(
            client
                .call::<ListStreams>(&ListStreamsInput::default())
                .await,
        )
    });
    let client = clients.clone();
    spawned(async move {
        let _ = generic::<ListStreams>(&client, &ListStreamsInput::default()).await;
    });
    spawned(async move { drop(clients.list_shards("orders").pages().all().await) });
}

async fn generic<O: Operation<Input: Sync>>(client: &Client, input: &O::Input) -> bool {
    client.call::<O>(input).await.is_ok()
}

#[tokio::test]
async fn pages_and_waits_when_spawned_then_can_be_sent() {
    let mut pages: Pages<ListShards> = client().list_shards("orders").pages();
    spawned(async move { drop(pages.next().await) });
    let clients = client();
    let client = clients.clone();
    spawned(async move { drop(client.wait_until_stream_exists("orders").await) });
    let client = clients.clone();
    spawned(async move { drop(client.wait_until_stream_not_exists("orders").await) });
    let client = clients.clone();
    spawned(async move { drop(client.wait_until_consumer_active("arn").await) });
    spawned(async move { drop(clients.wait_until_consumer_not_exists("arn").await) });
}

fn subscribing(call: Call<SubscribeToShard>, client: Client, input: SubscribeToShardInput) {
    spawned(async move { drop(call.subscribe().await) });
    spawned(async move { drop(client.subscribe(&input).await) });
}

fn following(mut events: Events, mut consumer: Consumer, batch: Batch, last: Consumer) {
    spawned(async move { drop(events.next().await) });
    spawned(async move {
        drop(consumer.next().await);
        drop(consumer.checkpoint("shard", "1").await);
        drop(consumer.checkpoint_batch(&batch).await);
    });
    spawned(async move { drop(last.deregister().await) });
}

#[tokio::test]
async fn producer_and_consumer_when_spawned_then_can_be_sent() {
    let client = client();
    let producer = Producer::new(&client, "orders", Default::default());
    spawned(async move {
        if let Ok(receipt) = producer.put(ProducerRecord::new("key", "data")).await {
            drop(receipt.await);
        }
        producer.flush().await;
    });
    spawned(async move {
        drop(Consumer::start(&client, "orders", ConsumerSettings::default()).await);
    });
    // Only compiled.
    let _ = (subscribing, following);
}
