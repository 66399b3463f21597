//! Streams, from their creation to their end, and what is refused.

use crate::{Done, STREAM, check};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::client::Waiters;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{EncryptionType, MetricsName};
use std::time::Duration;

/// The key of the service itself.
const KEY: &str = "alias/aws/kinesis";
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Makes the stream, with two shards, and answers its ARN.
pub async fn create(client: &Client) -> Done<String> {
    client
        .create_stream()
        .stream_name(STREAM)
        .shard_count(2)
        .send()
        .await?;
    client
        .wait_until_stream_exists()
        .stream_name(STREAM)
        .wait(WAIT_MAX)
        .await?;
    let described = client.describe_stream().stream_name(STREAM).send().await?;
    let stream = described.stream_description().ok_or("no description")?;
    check("CreateStream, DescribeStream", stream.shards().len(), 2);
    Ok(stream.stream_arn().to_owned())
}

pub async fn describe(client: &Client, arn: &str) -> Done {
    let described = client
        .describe_stream_summary()
        .stream_arn(arn)
        .send()
        .await?;
    let summary = described.stream_description_summary().ok_or("no summary")?;
    check(
        "DescribeStreamSummary",
        (summary.stream_name(), summary.open_shard_count()),
        (STREAM, 2),
    );

    let pages = client
        .list_streams()
        .into_paginator()
        .page_size(1)
        .send()
        .try_collect()
        .await?;
    let names: Vec<_> = pages.iter().flat_map(|page| page.stream_names()).collect();
    check("ListStreams", names, [STREAM]);

    let limits = client.describe_limits().send().await?;
    check("DescribeLimits", limits.open_shard_count(), 2);
    Ok(())
}

pub async fn tag(client: &Client) -> Done {
    client
        .add_tags_to_stream()
        .stream_name(STREAM)
        .tags("team", "sales")
        .tags("stage", "test")
        .send()
        .await?;
    client
        .remove_tags_from_stream()
        .stream_name(STREAM)
        .tag_keys("stage")
        .send()
        .await?;
    let listed = client
        .list_tags_for_stream()
        .stream_name(STREAM)
        .send()
        .await?;
    let tags: Vec<_> = listed
        .tags()
        .iter()
        .map(|tag| (tag.key(), tag.value()))
        .collect();
    check(
        "AddTagsToStream, RemoveTagsFromStream, ListTagsForStream",
        tags,
        [("team", Some("sales"))],
    );
    Ok(())
}

pub async fn retain(client: &Client) -> Done {
    let longer = client
        .increase_stream_retention_period()
        .stream_name(STREAM);
    longer.retention_period_hours(48).send().await?;
    check(
        "IncreaseStreamRetentionPeriod",
        retention(client).await?,
        Some(48),
    );
    let shorter = client
        .decrease_stream_retention_period()
        .stream_name(STREAM);
    shorter.retention_period_hours(24).send().await?;
    check(
        "DecreaseStreamRetentionPeriod",
        retention(client).await?,
        Some(24),
    );
    Ok(())
}

async fn retention(client: &Client) -> Done<Option<i32>> {
    let described = client
        .describe_stream_summary()
        .stream_name(STREAM)
        .send()
        .await?;
    Ok(described
        .stream_description_summary()
        .map(|summary| summary.retention_period_hours()))
}

pub async fn monitor(client: &Client) -> Done {
    let metric = MetricsName::IncomingBytes;
    let request = client.enable_enhanced_monitoring().stream_name(STREAM);
    let enabled = request.shard_level_metrics(metric.clone()).send().await?;
    check(
        "EnableEnhancedMonitoring",
        enabled.desired_shard_level_metrics(),
        [metric.clone()],
    );
    let request = client.disable_enhanced_monitoring().stream_name(STREAM);
    let disabled = request.shard_level_metrics(metric).send().await?;
    check(
        "DisableEnhancedMonitoring",
        disabled.desired_shard_level_metrics().len(),
        0,
    );
    Ok(())
}

/// Has what is put from now on encrypted, by a key that is there without being made.
pub async fn encrypt(client: &Client) -> Done {
    let request = client.start_stream_encryption().stream_name(STREAM);
    let request = request.encryption_type(EncryptionType::Kms);
    request.key_id(KEY).send().await?;
    let encrypted = (Some(EncryptionType::Kms), Some(KEY.to_owned()));
    check(
        "StartStreamEncryption",
        encryption(client).await?,
        encrypted,
    );
    Ok(())
}

pub async fn decrypt(client: &Client) -> Done {
    let request = client.stop_stream_encryption().stream_name(STREAM);
    let request = request.encryption_type(EncryptionType::Kms);
    request.key_id(KEY).send().await?;
    let plain = (Some(EncryptionType::None), None);
    check("StopStreamEncryption", encryption(client).await?, plain);
    Ok(())
}

/// Waits until the stream is active, and answers how it is encrypted.
async fn encryption(client: &Client) -> Done<(Option<EncryptionType>, Option<String>)> {
    client
        .wait_until_stream_exists()
        .stream_name(STREAM)
        .wait(WAIT_MAX)
        .await?;
    let described = client
        .describe_stream_summary()
        .stream_name(STREAM)
        .send()
        .await?;
    let summary = described.stream_description_summary().ok_or("no summary")?;
    let key = summary.key_id().map(str::to_owned);
    Ok((summary.encryption_type().cloned(), key))
}

/// Asks for what is refused: errors arrive as the SDK's types.
pub async fn refuse(client: &Client) {
    let lost = client
        .put_record()
        .stream_name("none")
        .partition_key("key")
        .data(Blob::new("lost"));
    let missing = lost
        .send()
        .await
        .map_err(|error| error.into_service_error());
    check(
        "ResourceNotFoundException",
        missing.is_err_and(|error| error.is_resource_not_found_exception()),
        true,
    );

    let again = client
        .create_stream()
        .stream_name(STREAM)
        .shard_count(1)
        .send()
        .await;
    let taken = again.map_err(|error| error.into_service_error());
    check(
        "ResourceInUseException",
        taken.is_err_and(|error| error.is_resource_in_use_exception()),
        true,
    );

    let made_up = client.get_records().shard_iterator("made-up").send().await;
    let invalid = made_up.map_err(|error| error.into_service_error());
    check(
        "InvalidArgumentException",
        invalid.is_err_and(|error| error.is_invalid_argument_exception()),
        true,
    );
}

pub async fn remove(client: &Client) -> Done {
    client.delete_stream().stream_name(STREAM).send().await?;
    client
        .wait_until_stream_not_exists()
        .stream_name(STREAM)
        .wait(WAIT_MAX)
        .await?;
    check("DeleteStream", "gone", "gone");
    Ok(())
}
