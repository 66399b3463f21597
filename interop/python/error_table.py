"""Requests that are refused, and how: one row each.

They are made in an account that has the stream `orders` (two shards, of which 0 was split into 2 and
3), its consumer `audit`, and the on-demand stream `auto`; none of them changes that. `{account}` and
`{arn}` stand for the account and the ARN of `orders`. Where AWS's text is known it is AWS's.
"""

from typing import NamedTuple

CLOSED, OPEN = "shardId-000000000000", "shardId-000000000001"
ORDERS = {"StreamName": "orders"}
HALF = 2**127
MIB = 2**20
KEY_MAX = 2**128 - 1


class Refused(NamedTuple):
    """A request, and the exception and text that it gets."""

    operation: str
    request: dict
    error: str
    text: str

    def of(self, account: str) -> "Refused":
        """The same, of an account."""
        arn = f"arn:aws:kinesis:us-east-1:{account}:stream/orders"

        def fill(text):
            return text.replace("{account}", account).replace("{arn}", arn)

        request = {k: fill(v) if isinstance(v, str) else v for k, v in self.request.items()}
        return self._replace(request=request, text=fill(self.text))


def prepare(kinesis, account: str) -> None:
    """Makes what the requests are about."""
    kinesis.create_stream(StreamName="orders", ShardCount=2)
    kinesis.split_shard(StreamName="orders", ShardToSplit=CLOSED, NewStartingHashKey=str(HALF // 2))
    kinesis.create_stream(StreamName="auto")
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/orders"
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="audit")


def _invalid(operation: str, request: dict, text: str) -> Refused:
    return Refused(operation, request, "InvalidArgumentException", text)


def _not_found(operation: str, request: dict, text: str) -> Refused:
    return Refused(operation, request, "ResourceNotFoundException", text)


def _constraint(operation: str, request: dict, *failures: str) -> Refused:
    found = f"{len(failures)} validation error{'s' if len(failures) > 1 else ''} detected: "
    return Refused(operation, request, "ValidationException", found + "; ".join(failures))


def _type(operation: str, request: dict, text: str) -> Refused:
    return Refused(operation, request, "SerializationException", text)


_NONE = "Stream none under account {account} not found."
_RECORD = {"PartitionKey": "key", "Data": b""}

EXISTENCE = [
    _not_found(operation, {"StreamName": "none"} | more, _NONE)
    for operation, more in {
        "AddTagsToStream": {"Tags": {"a": "b"}},
        "DecreaseStreamRetentionPeriod": {"RetentionPeriodHours": 24},
        "DeleteStream": {},
        "DescribeStream": {},
        "DescribeStreamSummary": {},
        "DisableEnhancedMonitoring": {"ShardLevelMetrics": ["ALL"]},
        "EnableEnhancedMonitoring": {"ShardLevelMetrics": ["ALL"]},
        "IncreaseStreamRetentionPeriod": {"RetentionPeriodHours": 24},
        "ListShards": {},
        "ListTagsForStream": {},
        "MergeShards": {"ShardToMerge": OPEN, "AdjacentShardToMerge": OPEN},
        "PutRecord": _RECORD,
        "PutRecords": {"Records": [_RECORD]},
        "RemoveTagsFromStream": {"TagKeys": ["a"]},
        "SplitShard": {"ShardToSplit": OPEN, "NewStartingHashKey": "9"},
        "StartStreamEncryption": {"EncryptionType": "KMS", "KeyId": "a"},
        "StopStreamEncryption": {"EncryptionType": "KMS", "KeyId": "a"},
        "UpdateShardCount": {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"},
        "UpdateStreamWarmThroughput": {"WarmThroughputMiBps": 8},
    }.items()
] + [
    _not_found(
        "RegisterStreamConsumer",
        {"StreamARN": "arn:aws:kinesis:us-east-1:{account}:stream/none", "ConsumerName": "audit"},
        _NONE,
    ),
    _not_found(
        "DescribeStream",
        {"StreamARN": "arn:aws:kinesis:us-east-1:{account}:stream/none"},
        _NONE,
    ),
    _not_found(
        "UpdateMaxRecordSize",
        {"StreamARN": "arn:aws:kinesis:us-east-1:{account}:stream/none", "MaxRecordSizeInKiB": 2048},
        _NONE,
    ),
    _not_found(
        "UpdateStreamMode",
        {
            "StreamARN": "arn:aws:kinesis:us-east-1:{account}:stream/none",
            "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
        },
        _NONE,
    ),
    _not_found(
        "GetShardIterator",
        {"StreamName": "none", "ShardId": "x-1", "ShardIteratorType": "LATEST"},
        f"Shard {OPEN} in stream none under account {{account}} does not exist",
    ),
    _not_found(
        "GetShardIterator",
        ORDERS | {"ShardId": "shardId-000000000009", "ShardIteratorType": "LATEST"},
        "Shard shardId-000000000009 in stream orders under account {account} does not exist",
    ),
    _not_found(
        "GetShardIterator",
        ORDERS | {"ShardId": "nonsense", "ShardIteratorType": "LATEST"},
        "Could not find shard nonsense in stream orders under account {account}.",
    ),
    _not_found(
        "SplitShard",
        ORDERS | {"ShardToSplit": "shardId-000000000009", "NewStartingHashKey": "9"},
        "Could not find shard shardId-000000000009 in stream orders under account {account}.",
    ),
    _not_found(
        "DescribeStreamConsumer",
        {"StreamARN": "{arn}", "ConsumerName": "none"},
        "Consumer none, account {account} not found.",
    ),
    _invalid("DescribeStream", {}, "Either StreamARN or StreamName must be provided."),
    _invalid(
        "DescribeStream",
        {"StreamName": "auto", "StreamARN": "{arn}"},
        "StreamARN {arn} does not match StreamName auto.",
    ),
    Refused(
        "CreateStream",
        ORDERS | {"ShardCount": 1},
        "ResourceInUseException",
        "Stream orders under account {account} already exists.",
    ),
    Refused(
        "RegisterStreamConsumer",
        {"StreamARN": "{arn}", "ConsumerName": "audit"},
        "ResourceInUseException",
        "Consumer audit in stream orders under account {account} already exists.",
    ),
]

_SUBSCRIBE = {"ShardId": OPEN, "StartingPosition": {"Type": "LATEST"}}

SUBSCRIPTIONS = [
    _not_found(
        "SubscribeToShard",
        {"ConsumerARN": "{arn}/consumer/audit:1"} | _SUBSCRIBE,
        "Consumer {arn}/consumer/audit:1, account {account} not found.",
    ),
    _not_found(
        "SubscribeToShard",
        {"ConsumerARN": "arn:aws:kinesis:us-east-1:{account}:stream/none/consumer/audit:1"} | _SUBSCRIBE,
        _NONE,
    ),
]

QUOTAS = [
    Refused(
        "CreateStream",
        {"StreamName": "huge", "ShardCount": 20_000},
        "LimitExceededException",
        "This request would exceed the shard limit for the account {account} in us-east-1. Current shard "
        "count for the account: 3. Limit: 20000. Number of additional shards that would have resulted "
        "from this request: 20000. Refer to the AWS Service Limits page "
        "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and "
        "how to request higher limits.",
    ),
    Refused(
        "UpdateShardCount",
        ORDERS | {"TargetShardCount": 7, "ScalingType": "UNIFORM_SCALING"},
        "LimitExceededException",
        "UpdateShardCount cannot scale up over double your current open shard count. Current open shard "
        "count: 3, Target shard count: 7",
    ),
    Refused(
        "UpdateShardCount",
        ORDERS | {"TargetShardCount": 1, "ScalingType": "UNIFORM_SCALING"},
        "LimitExceededException",
        "UpdateShardCount cannot scale down below half your current open shard count. Current open shard "
        "count: 3, Target shard count: 1",
    ),
    Refused(
        "DeleteStream",
        ORDERS,
        "ResourceInUseException",
        "DeleteStream can't delete {account}:orders because there are consumers associated with this data "
        "stream. To delete orders anyway, set the EnforceConsumerDeletion parameter to true to force the "
        "deletion of all the consumers that are associated with it.",
    ),
    _invalid(
        "AddTagsToStream",
        ORDERS | {"Tags": {"a": "50 %"}},
        "Failed to add tags to stream orders under account {account} because some tags contained illegal "
        "characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
    ),
    _invalid(
        "AddTagsToStream",
        ORDERS | {"Tags": {"a": "(b)"}},
        "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
        "_ . / = + - % @.",
    ),
    _invalid(
        "IncreaseStreamRetentionPeriod",
        ORDERS | {"RetentionPeriodHours": 23},
        "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
    ),
    _invalid(
        "DecreaseStreamRetentionPeriod",
        ORDERS | {"RetentionPeriodHours": 25},
        "Requested retention period (25 hours) for stream orders can not be longer than existing retention "
        "period (24 hours). Use IncreaseRetentionPeriod API.",
    ),
]

RESHARDS = [
    _invalid(
        "SplitShard",
        ORDERS | {"ShardToSplit": OPEN, "NewStartingHashKey": str(HALF + 1)},
        f"NewStartingHashKey {HALF + 1} used in SplitShard() on shard {OPEN} in stream orders under account "
        f"{{account}} is not both greater than one plus the shard's StartingHashKey {HALF} and less than "
        f"the shard's EndingHashKey {KEY_MAX}.",
    ),
    _invalid(
        "SplitShard",
        ORDERS | {"ShardToSplit": CLOSED, "NewStartingHashKey": "9"},
        f"Shard {CLOSED} in stream orders under account {{account}} has already been merged or split, and "
        "thus is not eligible for merging or splitting.",
    ),
    _invalid(
        "MergeShards",
        ORDERS | {"ShardToMerge": OPEN, "AdjacentShardToMerge": "shardId-000000000002"},
        f"Shards {OPEN} and shardId-000000000002 in stream orders under account {{account}} are not an "
        "adjacent pair of shards eligible for merging",
    ),
    Refused(
        "UpdateShardCount",
        {"StreamName": "auto", "TargetShardCount": 8, "ScalingType": "UNIFORM_SCALING"},
        "ValidationException",
        "Request is invalid. Stream auto under account {account} is in On-Demand mode.",
    ),
    Refused(
        "CreateStream",
        {"StreamName": "new", "ShardCount": 1, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
        "ValidationException",
        "ShardCount must not be specified for a stream in the ON_DEMAND capacity mode.",
    ),
]

_ITERATOR = ORDERS | {"ShardId": OPEN}
_NUMBER = "49600000000000000000000000000000000000000000000000000018"
_EITHER = (
    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
    "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {} and {} "
    "StartingSequenceNumber."
)

POSITIONS = [
    _invalid(
        "GetShardIterator",
        _ITERATOR | {"ShardIteratorType": "AT_SEQUENCE_NUMBER"},
        _EITHER.format("AT_SEQUENCE_NUMBER", "no"),
    ),
    _invalid(
        "GetShardIterator",
        _ITERATOR | {"ShardIteratorType": "LATEST", "StartingSequenceNumber": _NUMBER},
        _EITHER.format("LATEST", "also a"),
    ),
    _invalid(
        "GetShardIterator",
        _ITERATOR | {"ShardIteratorType": "AT_TIMESTAMP"},
        "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
        "timestamp parameter.",
    ),
    _invalid(
        "GetShardIterator",
        _ITERATOR | {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "9" * 60},
        f"StartingSequenceNumber {'9' * 60} used in GetShardIterator on shard {OPEN} in stream orders under "
        "account {account} is invalid.",
    ),
    _invalid("GetRecords", {"ShardIterator": "AAAA"}, "Invalid ShardIterator."),
    _invalid("ListShards", {}, "Either NextToken or StreamName should be provided."),
    _invalid(
        "ListShards",
        ORDERS | {"NextToken": "AAAA"},
        "NextToken and StreamName cannot be provided together.",
    ),
    _invalid(
        "ListShards",
        {"StreamARN": "{arn}", "NextToken": "AAAA"},
        "NextToken and StreamARN cannot be provided together.",
    ),
    _invalid("ListStreams", {"NextToken": "AAAA"}, "Invalid NextToken."),
    _invalid(
        "ListShards",
        ORDERS | {"ShardFilter": {"Type": "AT_TIMESTAMP"}},
        "ShardFilter of type AT_TIMESTAMP requires Timestamp.",
    ),
]

PUTS = [
    _invalid(
        "PutRecord",
        ORDERS | _RECORD | {"ExplicitHashKey": str(KEY_MAX + 1)},
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
        f"{KEY_MAX + 1}",
    ),
    _invalid(
        "PutRecords",
        ORDERS | {"Records": [_RECORD, _RECORD | {"ExplicitHashKey": str(KEY_MAX + 1)}]},
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
        f"{KEY_MAX + 1}",
    ),
    _invalid(
        "PutRecord",
        ORDERS | _RECORD | {"SequenceNumberForOrdering": "9" * 60},
        f"ExclusiveMinimumSequenceNumber {'9' * 60} used in PutRecord on stream orders under account "
        "{account} is invalid.",
    ),
    _constraint(
        "PutRecord",
        ORDERS | _RECORD | {"Data": bytes(MIB)},
        f"Value at 'data' failed to satisfy constraint: Member must have length less than or equal to {MIB}",
    ),
    _constraint(
        "PutRecords",
        ORDERS | {"Records": [_RECORD, _RECORD | {"Data": bytes(MIB)}]},
        "Value at 'records.2.member.data' failed to satisfy constraint: Member must have length less than or "
        f"equal to {MIB}",
    ),
    Refused(
        "PutRecord",
        ORDERS | _RECORD | {"DryRun": True},
        "DryRunOperationException",
        "The request was rejected because the DryRun parameter was specified.",
    ),
]

CONSTRAINTS = [
    _constraint(
        "DescribeStream",
        {"StreamName": "no/slash"},
        "Value 'no/slash' at 'streamName' failed to satisfy constraint: Member must satisfy regular "
        "expression pattern: [a-zA-Z0-9_.-]+",
    ),
    _constraint(
        "ListStreams",
        {"Limit": 0},
        "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    _constraint(
        "GetRecords",
        {"ShardIterator": "AAAA", "Limit": 10_001},
        "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to "
        "10000",
    ),
    _constraint(
        "GetShardIterator",
        _ITERATOR | {"ShardIteratorType": "NEWEST"},
        "Value 'NEWEST' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value "
        "set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
    ),
    _constraint(
        "PutRecords",
        ORDERS | {"Records": [_RECORD, _RECORD | {"PartitionKey": "k" * 257}]},
        f"Value '{'k' * 257}' at 'records.2.member.partitionKey' failed to satisfy constraint: Member must "
        "have length less than or equal to 256",
    ),
    _constraint(
        "GetRecords",
        {},
        "Value null at 'shardIterator' failed to satisfy constraint: Member must not be null",
    ),
]

DISTRIBUTION = [
    _invalid(
        "CreateStream",
        {"StreamName": "new", "ShardCount": 1, "RecordDistributionStrategy": "AUTO"},
        "RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream new is using "
        "PROVISIONED mode.",
    ),
    _invalid(
        "UpdateStreamRecordDistributionStrategy",
        {"StreamARN": "{arn}", "RecordDistributionStrategy": "AUTO"},
        "RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream orders is using "
        "PROVISIONED mode.",
    ),
    _not_found(
        "UpdateStreamRecordDistributionStrategy",
        {"StreamARN": "{arn}2", "RecordDistributionStrategy": "AUTO"},
        "Stream orders2 under account {account} not found.",
    ),
    *(
        _invalid(
            operation,
            {"StreamName": "auto"} | record,
            "PartitionKey is required for stream auto under account {account}.",
        )
        for operation, record in (
            ("PutRecord", {"Data": b""}),
            ("PutRecords", {"Records": [{"PartitionKey": "k", "Data": b""}, {"Data": b""}]}),
        )
    ),
]

NOT_YET = [
    Refused(
        "StartStreamEncryption",
        ORDERS | {"EncryptionType": "KMS", "KeyId": "alias/orders"},
        "KMSNotFoundException",
        "Alias arn:aws:kms:us-east-1:{account}:alias/orders is not found.",
    ),
    _invalid(
        "CreateStream",
        {"StreamName": "new", "WarmThroughputMiBps": 10},
        "WarmThroughputMiBps is only supported for accounts with MinimumThroughputBillingCommitment "
        "enabled. It is not enabled for the account {account} in us-east-1.",
    ),
]

TYPES = [
    _type(
        "DescribeStream",
        {"StreamName": True},
        "class java.lang.Boolean can not be converted to an String",
    ),
    _type(
        "ListStreams",
        {"Limit": "ten"},
        "class java.lang.String can not be converted to an Integer",
    ),
    _type(
        "DescribeStream", {"StreamName": {"a": "b"}}, "Start of structure or map found where not expected."
    ),
    _type("DescribeStream", {"StreamName": ["a"]}, "Start of list found where not expected"),
]

ERRORS = (
    EXISTENCE
    + SUBSCRIPTIONS
    + QUOTAS
    + RESHARDS
    + POSITIONS
    + PUTS
    + DISTRIBUTION
    + NOT_YET
    + CONSTRAINTS
    + TYPES
)


def name_of(row: Refused) -> str:
    """What a test of a row is called: its number, operation and error."""
    return f"{row.operation}-{row.error}-{ERRORS.index(row)}"
