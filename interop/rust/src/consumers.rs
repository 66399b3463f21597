//! A registered consumer.

use crate::{Done, check};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::ConsumerStatus;

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
