"""The same requests in CBOR as in JSON, and the same answers: of every operation, and of errors."""

import re
from datetime import datetime, timedelta, timezone
from json import dumps

import cbor2
import pytest
from botocore.exceptions import ClientError

from cbor import CborClient, encode
from error_table import ERRORS, name_of, prepare
from reading import SHARD, data, put

JSON_ACCOUNT, CBOR_ACCOUNT = "900000000002", "900000000003"
ORDERS, AUTO = {"StreamName": "orders"}, {"StreamName": "auto"}
HALF = str(2**127)
LONG_AGO = datetime(2001, 2, 3, 4, 5, 6, 789_000, tzinfo=timezone.utc)

# What a request says of the account that it is made in, or of an answer to an earlier one.
ARN = "{arn}"
AUTO_ARN = "{auto}"
CONSUMER_ARN = "{consumer}"
POLICY = "{policy}"
NUMBER = "{number}"
ITERATOR = "{iterator}"

# Every operation that is served, in an order that lets each have its effect.
SESSION = [
    ("CreateStream", ORDERS | {"ShardCount": 1, "Tags": {"a": "b"}}),
    ("CreateStream", {"StreamName": "auto", "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
    ("ListStreams", {"Limit": 1}),
    ("DescribeLimits", {}),
    ("DescribeStream", {"StreamARN": ARN}),
    ("AddTagsToStream", {"StreamARN": ARN, "Tags": {"c": "d", "é": "ü"}}),
    ("ListTagsForStream", {"StreamARN": ARN, "Limit": 2}),
    ("RemoveTagsFromStream", ORDERS | {"TagKeys": ["a"]}),
    ("TagResource", {"ResourceARN": ARN, "Tags": {"e:f": "g:h"}}),
    ("UntagResource", {"ResourceARN": ARN, "TagKeys": ["c"]}),
    ("ListTagsForResource", {"ResourceARN": ARN}),
    ("PutResourcePolicy", {"ResourceARN": ARN, "Policy": POLICY}),
    ("GetResourcePolicy", {"ResourceARN": ARN}),
    ("DeleteResourcePolicy", {"ResourceARN": ARN}),
    ("IncreaseStreamRetentionPeriod", ORDERS | {"RetentionPeriodHours": 72}),
    ("DecreaseStreamRetentionPeriod", ORDERS | {"RetentionPeriodHours": 48}),
    ("EnableEnhancedMonitoring", ORDERS | {"ShardLevelMetrics": ["IncomingBytes", "OutgoingBytes"]}),
    ("DisableEnhancedMonitoring", ORDERS | {"ShardLevelMetrics": ["IncomingBytes"]}),
    ("RegisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "audit"}),
    ("DescribeStreamConsumer", {"ConsumerARN": CONSUMER_ARN}),
    ("ListStreamConsumers", {"StreamARN": ARN}),
    ("StartStreamEncryption", ORDERS | {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}),
    ("DescribeStreamSummary", ORDERS),
    ("PutRecord", ORDERS | {"PartitionKey": "clé", "Data": bytes(range(256))}),
    ("PutRecord", ORDERS | {"PartitionKey": "k", "Data": b"", "SequenceNumberForOrdering": NUMBER}),
    ("PutRecords", ORDERS | {"Records": [{"PartitionKey": "k", "Data": b"%d" % i} for i in range(30)]}),
    (
        "GetShardIterator",
        ORDERS
        | {"ShardId": SHARD, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": NUMBER},
    ),
    (
        "GetShardIterator",
        ORDERS | {"ShardId": SHARD, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": LONG_AGO},
    ),
    ("GetRecords", {"ShardIterator": ITERATOR, "Limit": 30}),
    ("StopStreamEncryption", ORDERS | {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}),
    ("UpdateStreamRecordDistributionStrategy", {"StreamARN": AUTO_ARN, "RecordDistributionStrategy": "AUTO"}),
    ("DescribeStreamSummary", AUTO),
    ("PutRecord", AUTO | {"Data": b"without a key"}),
    ("PutRecords", AUTO | {"Records": [{"Data": b"%d" % i} for i in range(9)]}),
    ("PutRecords", AUTO | {"Records": [{"Data": b"%d" % i, "PartitionKey": "k"} for i in range(9)]}),
    ("GetShardIterator", AUTO | {"ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"}),
    ("GetRecords", {"ShardIterator": ITERATOR}),
    ("SplitShard", ORDERS | {"ShardToSplit": SHARD, "NewStartingHashKey": HALF}),
    ("GetShardIterator", ORDERS | {"ShardId": SHARD, "ShardIteratorType": "LATEST"}),
    ("GetRecords", {"ShardIterator": ITERATOR}),
    (
        "MergeShards",
        ORDERS | {"ShardToMerge": "shardId-000000000001", "AdjacentShardToMerge": "shardId-000000000002"},
    ),
    ("UpdateShardCount", ORDERS | {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}),
    ("ListShards", ORDERS | {"ShardFilter": {"Type": "FROM_TIMESTAMP", "Timestamp": LONG_AGO}}),
    ("DescribeStream", ORDERS | {"Limit": 3}),
    ("DeregisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "audit"}),
    ("DescribeAccountSettings", {}),
    ("UpdateAccountSettings", {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}}),
    ("DescribeAccountSettings", {}),
    ("UpdateMaxRecordSize", {"StreamARN": ARN, "MaxRecordSizeInKiB": 2048}),
    ("UpdateStreamMode", {"StreamARN": ARN, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
    ("UpdateStreamWarmThroughput", ORDERS | {"WarmThroughputMiBps": 6}),
    ("DescribeStreamSummary", ORDERS),
    ("DeleteStream", ORDERS),
    ("ListStreams", {}),
]
# Its requests and events are JSON also from clients that otherwise speak CBOR.
JSON_ALONE = {"SubscribeToShard"}


class Answers:
    """Requests of the session with what they ask for filled in from earlier answers."""

    def __init__(self, account: str):
        self.account = account
        streams = f"arn:aws:kinesis:us-east-1:{account}:stream"
        arn = f"{streams}/orders"
        shared = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kinesis:GetRecords"}
        policy = dumps({"Id": "größe", "Statement": shared | {"Resource": arn}})
        self.known = {ARN: arn, AUTO_ARN: f"{streams}/auto", POLICY: policy}

    def fill(self, request: dict) -> dict:
        return {k: self.known.get(v, v) if isinstance(v, str) else v for k, v in request.items()}

    def learn(self, answer: dict) -> None:
        if "Consumer" in answer:
            self.known[CONSUMER_ARN] = answer["Consumer"]["ConsumerARN"]
        if "ShardIterator" in answer:
            self.known[ITERATOR] = answer["ShardIterator"]
        if "SequenceNumber" in answer:
            self.known[NUMBER] = answer["SequenceNumber"]


class JsonClient:
    """boto3, called as the CBOR client is."""

    def __init__(self, kinesis):
        self.kinesis = kinesis
        self.methods = {api: method for method, api in kinesis.meta.method_to_api_mapping.items()}

    def call(self, operation: str, request: dict) -> dict:
        answer = getattr(self.kinesis, self.methods[operation])(**request)
        del answer["ResponseMetadata"]
        return answer


def run_session(client: CborClient | JsonClient, account: str, check=lambda *_: None) -> list[dict]:
    answers, all_answers = Answers(account), []
    for operation, request in SESSION:
        filled = answers.fill(request)
        answer = client.call(operation, filled)
        check(operation, filled, answer)
        answers.learn(answer)
        all_answers.append(answer)
    return all_answers


def steady(answer: dict) -> dict:
    """An answer without what is another each time it is asked."""
    changing = ("ShardIterator", "NextToken", "MillisBehindLatest")
    return {k: type(v) if k.endswith(changing) else v for k, v in answer.items()}


def of_any_account(value, account: str):
    """An answer without what differs from one account to the next: its number, numbers, times."""
    if isinstance(value, dict):
        return {k: of_any_account(v, account) for k, v in value.items()}
    if isinstance(value, list):
        return [of_any_account(one, account) for one in value]
    if isinstance(value, datetime):
        return "a time"
    if isinstance(value, str):
        value = re.sub(r"^\d{56}$", "a sequence number", value).replace(account, "account")
        return re.sub(r"(/consumer/\w+):\d+$", r"\1:a second", value)
    return value


@pytest.fixture(scope="module")
def cbor(server):
    return CborClient(server, CBOR_ACCOUNT)


@pytest.fixture(scope="module")
def json(server):
    return JsonClient(server.client(JSON_ACCOUNT))


def test_session_when_held_in_cbor_then_goes_as_in_json(server, cbor, json):
    in_json = run_session(json, JSON_ACCOUNT)
    same_account = JsonClient(server.client(CBOR_ACCOUNT))

    def reads_the_same(operation, request, answer):
        if operation.startswith(("Describe", "Get", "List")):
            assert steady(same_account.call(operation, request)) == steady(answer)

    in_cbor = run_session(cbor, CBOR_ACCOUNT, reads_the_same)
    for (operation, _), one, other in zip(SESSION, in_cbor, in_json, strict=True):
        one = of_any_account(steady(one), CBOR_ACCOUNT)
        assert one == of_any_account(steady(other), JSON_ACCOUNT), operation


def test_session_when_held_then_has_every_operation_that_is_served(server, json):
    def is_served(operation):
        status, answer = CborClient(server, JSON_ACCOUNT).send(operation, encode({}))
        return status == 200 or answer["__type"] != "UnknownOperationException"

    served = {name for name in json.methods if is_served(name)}
    assert served == {operation for operation, _ in SESSION} | JSON_ALONE


@pytest.fixture(scope="module")
def refusing(server):
    """A CBOR and a JSON client in the account that the table of errors speaks of."""
    account = "900000000004"
    prepare(server.client(account), account)
    return account, CborClient(server, account), JsonClient(server.client(account))


@pytest.mark.parametrize("row", ERRORS, ids=name_of)
def test_request_when_refused_in_cbor_then_error_is_that_of_json(refusing, row):
    account, cbor, json = refusing
    refused = row.of(account)
    with pytest.raises(ClientError) as in_json:
        json.call(refused.operation, refused.request)
    status, in_cbor = cbor.send(refused.operation, encode(refused.request))
    member = "Message" if refused.error == "SerializationException" else "message"
    assert (status, in_cbor) == (400, {"__type": refused.error, member: refused.text})
    assert in_json.value.response["Error"] == {"Code": refused.error, "Message": refused.text}


@pytest.fixture
def stream(kinesis):
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    return ORDERS


def test_request_when_of_indefinite_lengths_then_is_read_as_any_other(server, account, kinesis, stream):
    cbor = CborClient(server, account)
    records = {"Records": [{"PartitionKey": "k", "Data": b"1"}, {"PartitionKey": "k", "Data": b"2"}]}
    body = encode(stream | records, indefinite=True)
    assert (body[0], body[-1]) == (0xBF, 0xFF)
    status, answer = cbor.send("PutRecords", body)
    assert (status, answer["FailedRecordCount"]) == (200, 0)
    assert data(kinesis, stream) == [b"1", b"2"]


def test_request_when_its_strings_come_in_pieces_then_they_are_joined(server, account, kinesis, stream):
    cbor = CborClient(server, account)
    name = b"\x7f" + encode("ord") + encode("ers") + b"\xff"
    blob = b"\x5f" + encode(b"one ") + encode(b"") + encode(b"record") + b"\xff"
    key = b"\x7f" + encode("k") + b"\xff"
    body = b"\xbf" + b"".join(
        [encode("StreamName"), name, encode("Data"), blob, encode("PartitionKey"), key, b"\xff"]
    )
    assert cbor.send("PutRecord", body)[0] == 200
    assert data(kinesis, stream) == [b"one record"]


def test_request_when_its_map_is_empty_and_of_indefinite_length_then_is_good(server, account):
    assert CborClient(server, account).send("ListStreams", b"\xbf\xff")[0] == 200


@pytest.mark.parametrize("width", [b"\x18", b"\x19\x00", b"\x1a\x00\x00\x00", b"\x1b" + bytes(7)])
def test_integer_when_of_any_width_then_is_read(server, account, kinesis, stream, width):
    put(kinesis, stream, b"1", b"2", b"3")
    start = kinesis.get_shard_iterator(**stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")
    start = encode("ShardIterator") + encode(start["ShardIterator"])
    body = b"\xa2" + start + encode("Limit") + width + b"\x02"
    status, answer = CborClient(server, account).send("GetRecords", body)
    assert (status, [record["Data"] for record in answer["Records"]]) == (200, [b"1", b"2"])


@pytest.mark.parametrize("form", ["tagged", "untagged", "float"])
def test_timestamp_when_sent_then_is_of_milliseconds_in_any_form(server, account, kinesis, stream, form):
    put(kinesis, stream, b"1")
    cbor = CborClient(server, account)
    position = stream | {"ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"}
    start = cbor.call("GetShardIterator", position)["ShardIterator"]
    [record] = cbor.call("GetRecords", {"ShardIterator": start})["Records"]
    arrived = record["ApproximateArrivalTimestamp"]
    milliseconds = round(arrived.timestamp() * 1000)

    def since(milliseconds):
        number = {
            "tagged": cbor2.CBORTag(1, milliseconds),
            "untagged": milliseconds,
            "float": float(milliseconds),
        }
        request = position | {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": number[form]}
        start = cbor.call("GetShardIterator", request)["ShardIterator"]
        return len(cbor.call("GetRecords", {"ShardIterator": start})["Records"])

    assert abs(datetime.now(arrived.tzinfo) - arrived) < timedelta(minutes=1)
    assert (since(milliseconds), since(milliseconds + 1)) == (1, 0)
