//! A registered consumer, and what is pushed to it.

use crate::records::{SECOND, SECOND_KEY};
use crate::{Done, STREAM, check};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::operation::subscribe_to_shard::SubscribeToShardOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{ConsumerStatus, ShardIteratorType, StartingPosition};

pub async fn consume(client: &Client, arn: &str) -> Done {
    let request = client
        .register_stream_consumer()
        .stream_arn(arn)
        .consumer_name("audit");
    let consumer = request
        .send()
        .await?
        .consumer
        .ok_or("no consumer")?
        .consumer_arn;
    let described = client
        .describe_stream_consumer()
        .consumer_arn(&consumer)
        .send()
        .await?;
    let status = described
        .consumer_description
        .map(|consumer| consumer.consumer_status);
    check(
        "RegisterStreamConsumer, DescribeStreamConsumer",
        status,
        Some(ConsumerStatus::Active),
    );
    let listed = client
        .list_stream_consumers()
        .stream_arn(arn)
        .send()
        .await?;
    check(
        "ListStreamConsumers",
        listed.consumers()[0].consumer_arn(),
        consumer.as_str(),
    );

    subscribe(client, &consumer).await?;

    client
        .deregister_stream_consumer()
        .consumer_arn(consumer)
        .send()
        .await?;
    let listed = client
        .list_stream_consumers()
        .stream_arn(arn)
        .send()
        .await?;
    check("DeregisterStreamConsumer", listed.consumers().len(), 0);
    Ok(())
}

/// Reads what is in the second shard, and then what is put while it listens.
async fn subscribe(client: &Client, consumer: &str) -> Done {
    let start = StartingPosition::builder()
        .r#type(ShardIteratorType::TrimHorizon)
        .build()?;
    let request = client
        .subscribe_to_shard()
        .consumer_arn(consumer)
        .shard_id(SECOND);
    let mut subscribed = request.starting_position(start).send().await?;
    check(
        "SubscribeToShard: what is there",
        next(&mut subscribed).await?,
        "two",
    );

    let request = client
        .put_record()
        .stream_name(STREAM)
        .partition_key("other");
    request
        .explicit_hash_key(SECOND_KEY.to_string())
        .data(Blob::new("pushed"))
        .send()
        .await?;
    check(
        "SubscribeToShard: what is put",
        next(&mut subscribed).await?,
        "pushed",
    );
    Ok(())
}

/// The data of the first record in the next event that has any.
async fn next(subscribed: &mut SubscribeToShardOutput) -> Done<String> {
    while let Some(event) = subscribed.event_stream.recv().await? {
        let pushed = event
            .as_subscribe_to_shard_event()
            .map_err(|event| format!("{event:?}"))?;
        if let Some(record) = pushed.records().first() {
            return Ok(String::from_utf8(record.data().as_ref().to_vec())?);
        }
    }
    Err("the subscription ended".into())
}
