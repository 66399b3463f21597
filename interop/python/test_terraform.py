"""What Terraform's AWS provider asks for, replayed with boto3: create, plan, scale, destroy.

The provider itself is not run. Its waits are left out: a stream is there, changed or gone with the answer.
What it calls only when asked for (encryption, on-demand mode) is not replayed.
"""

import pytest

STREAM = {"StreamName": "orders"}
TAGS = {f"tag-{number:02}": str(number) for number in range(12)}
# AddTagsToStream takes no more at once.
TAGS_AT_ONCE = 10


def create(kinesis, shards: int, hours: int, tags: dict) -> None:
    """aws_kinesis_stream, Create."""
    limits = kinesis.describe_limits()
    assert limits.keys() >= {
        "ShardLimit",
        "OpenShardCount",
        "OnDemandStreamCount",
        "OnDemandStreamCountLimit",
    }
    kinesis.create_stream(**STREAM, ShardCount=shards, StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert summary(kinesis)["StreamStatus"] == "ACTIVE"
    # It always does, also with the 24 hours that a stream has anyway.
    kinesis.increase_stream_retention_period(**STREAM, RetentionPeriodHours=hours)
    names = sorted(tags)
    for start in range(0, len(names), TAGS_AT_ONCE):
        some = {name: tags[name] for name in names[start : start + TAGS_AT_ONCE]}
        kinesis.add_tags_to_stream(**STREAM, Tags=some)


def summary(kinesis) -> dict:
    return kinesis.describe_stream_summary(**STREAM)["StreamDescriptionSummary"]


def tags_of(kinesis) -> dict:
    """All tags, page by page."""
    found, more = {}, {}
    while True:
        answer = kinesis.list_tags_for_stream(**STREAM, **more)
        found |= {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
        if not answer["HasMoreTags"]:
            return found
        more = {"ExclusiveStartTagKey": answer["Tags"][-1]["Key"]}


def planned(kinesis, arn: str) -> dict:
    """aws_kinesis_stream, Read: what a plan holds against the configuration."""
    found = summary(kinesis)
    assert found["StreamARN"] == arn
    return {
        "shards": found["OpenShardCount"],
        "hours": found["RetentionPeriodHours"],
        "mode": found["StreamModeDetails"]["StreamMode"],
        "encryption": found["EncryptionType"],
        "metrics": [name for metrics in found["EnhancedMonitoring"] for name in metrics["ShardLevelMetrics"]],
        "record": found["MaxRecordSizeInKiB"],
        "tags": tags_of(kinesis),
    }


def as_configured(shards: int, hours: int, tags: dict, metrics: list) -> dict:
    provisioned = {"mode": "PROVISIONED", "encryption": "NONE", "record": 1024}
    return provisioned | {"shards": shards, "hours": hours, "tags": tags, "metrics": metrics}


def test_stream_when_created_planned_scaled_and_destroyed_then_never_drifts(kinesis, arn):
    create(kinesis, 2, 24, TAGS)
    for _ in range(2):
        assert planned(kinesis, arn("orders")) == as_configured(2, 24, TAGS, [])

    kinesis.update_shard_count(**STREAM, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    kinesis.increase_stream_retention_period(**STREAM, RetentionPeriodHours=72)
    kinesis.enable_enhanced_monitoring(**STREAM, ShardLevelMetrics=["IncomingBytes"])
    kinesis.remove_tags_from_stream(**STREAM, TagKeys=["tag-00"])
    left = {name: value for name, value in TAGS.items() if name != "tag-00"}
    assert planned(kinesis, arn("orders")) == as_configured(4, 72, left, ["IncomingBytes"])

    kinesis.decrease_stream_retention_period(**STREAM, RetentionPeriodHours=24)
    kinesis.disable_enhanced_monitoring(**STREAM, ShardLevelMetrics=["IncomingBytes"])
    assert planned(kinesis, arn("orders")) == as_configured(4, 24, left, [])

    kinesis.delete_stream(**STREAM, EnforceConsumerDeletion=False)
    for _ in range(2):
        with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
            summary(kinesis)


def test_consumer_when_created_planned_and_destroyed_then_never_drifts(kinesis, arn):
    create(kinesis, 1, 24, {})
    registered = kinesis.register_stream_consumer(StreamARN=arn("orders"), ConsumerName="audit")["Consumer"]
    reference = {"ConsumerARN": registered["ConsumerARN"]}
    found = kinesis.describe_stream_consumer(**reference)["ConsumerDescription"]
    assert found == registered | {"StreamARN": arn("orders"), "ConsumerStatus": "ACTIVE"}
    kinesis.deregister_stream_consumer(**reference)
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream_consumer(**reference)


def test_stream_when_destroyed_with_its_consumers_then_needs_the_word_for_it(kinesis, arn):
    create(kinesis, 1, 24, {})
    kinesis.register_stream_consumer(StreamARN=arn("orders"), ConsumerName="audit")
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.delete_stream(**STREAM, EnforceConsumerDeletion=False)
    kinesis.delete_stream(**STREAM, EnforceConsumerDeletion=True)
    assert kinesis.list_streams()["StreamNames"] == []
