"""Tags, retention, enhanced monitoring, and the encryption that is not there yet."""

import pytest

METRICS = [
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
]


def tags(kinesis, stream) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in kinesis.list_tags_for_stream(**stream)["Tags"]}


def summary(kinesis, stream) -> dict:
    return kinesis.describe_stream_summary(**stream)["StreamDescriptionSummary"]


def test_tags_when_added_and_removed_then_are_listed_so(kinesis, orders):
    kinesis.add_tags_to_stream(**orders, Tags={"team": "sales", "env": "test", "équipe": "β 1"})
    kinesis.add_tags_to_stream(**orders, Tags={"team": "stock"})
    assert tags(kinesis, orders) == {"env": "test", "team": "stock", "équipe": "β 1"}
    kinesis.remove_tags_from_stream(**orders, TagKeys=["env", "never there"])
    assert tags(kinesis, orders) == {"team": "stock", "équipe": "β 1"}


def test_tags_when_paged_then_each_is_listed_once_by_key(kinesis, orders):
    kinesis.add_tags_to_stream(**orders, Tags={key: "" for key in "cab"})
    first = kinesis.list_tags_for_stream(**orders, Limit=2)
    assert ([tag["Key"] for tag in first["Tags"]], first["HasMoreTags"]) == (["a", "b"], True)
    rest = kinesis.list_tags_for_stream(**orders, Limit=2, ExclusiveStartTagKey="b")
    assert (rest["Tags"], rest["HasMoreTags"]) == ([{"Key": "c", "Value": ""}], False)


def test_tags_when_more_than_fifty_then_are_refused_and_none_is_added(kinesis, orders):
    kinesis.add_tags_to_stream(**orders, Tags={f"key {i}": "" for i in range(50)})
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="more than 50 tags"):
        kinesis.add_tags_to_stream(**orders, Tags={"one more": ""})
    assert "one more" not in tags(kinesis, orders)


def test_retention_when_changed_then_is_described_so(kinesis, orders):
    # Terraform asks for the retention that is there already, after each create.
    kinesis.increase_stream_retention_period(**orders, RetentionPeriodHours=24)
    kinesis.increase_stream_retention_period(**orders, RetentionPeriodHours=8760)
    assert summary(kinesis, orders)["RetentionPeriodHours"] == 8760
    kinesis.decrease_stream_retention_period(**orders, RetentionPeriodHours=48)
    described = kinesis.describe_stream(**orders)["StreamDescription"]
    assert described["RetentionPeriodHours"] == 48


def test_monitoring_when_switched_then_says_before_and_after(kinesis, arn, orders):
    on = kinesis.enable_enhanced_monitoring(**orders, ShardLevelMetrics=["OutgoingBytes", "IncomingBytes"])
    on.pop("ResponseMetadata")
    assert on == {
        "StreamName": "orders",
        "StreamARN": arn("orders"),
        "CurrentShardLevelMetrics": [],
        "DesiredShardLevelMetrics": ["IncomingBytes", "OutgoingBytes"],
    }
    off = kinesis.disable_enhanced_monitoring(**orders, ShardLevelMetrics=["IncomingBytes"])
    assert off["CurrentShardLevelMetrics"] == ["IncomingBytes", "OutgoingBytes"]
    assert off["DesiredShardLevelMetrics"] == ["OutgoingBytes"]
    assert summary(kinesis, orders)["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["OutgoingBytes"]}]


def test_monitoring_when_all_is_switched_then_is_every_metric(kinesis, orders):
    on = kinesis.enable_enhanced_monitoring(**orders, ShardLevelMetrics=["ALL"])
    assert on["DesiredShardLevelMetrics"] == METRICS
    off = kinesis.disable_enhanced_monitoring(**orders, ShardLevelMetrics=["ALL"])
    assert (off["CurrentShardLevelMetrics"], off["DesiredShardLevelMetrics"]) == (METRICS, [])


def test_encryption_when_its_key_is_not_there_then_is_refused_and_none_is_stopped(kinesis, orders):
    kms = {"EncryptionType": "KMS", "KeyId": "alias/orders"}
    with pytest.raises(kinesis.exceptions.KMSNotFoundException):
        kinesis.start_stream_encryption(**orders, **kms)
    kinesis.stop_stream_encryption(**orders, **kms)
    assert summary(kinesis, orders)["EncryptionType"] == "NONE"
