"""How connectors that are not run here call Kinesis, replayed: their requests, and what they look for in the answers.

Each test is named after the program whose sources or documentation show the pattern.
"""

import json
import threading
from datetime import datetime, timedelta, timezone

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from cbor import CborClient
from reading import SHARD, iterator, put

STREAM = {"StreamName": "orders"}


def send(server, account: str, operation: str, body: bytes) -> tuple[int, bytes]:
    """An answer's status and its very bytes."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"}
    request = AWSRequest("POST", server.url, headers, body)
    SigV4Auth(Credentials(account, server.secret(account)), "kinesis", "us-east-1").add_auth(request)
    answer = URLLib3Session(timeout=20).send(request.prepare())
    return answer.status_code, answer.content


def batch(*data: str, key: str = "key") -> bytes:
    """A PutRecords as a program in C writes it."""
    records = [f'{{"Data":"{one}","PartitionKey":"{key}"}}' for one in data]
    return f'{{"StreamName":"orders","Records":[{",".join(records)}]}}'.encode()


@pytest.fixture
def orders(kinesis):
    kinesis.create_stream(**STREAM, ShardCount=1)
    return STREAM


def split(kinesis) -> tuple[list[str], dict]:
    """Splits the first shard: its children, and the shard as it is listed since."""
    kinesis.split_shard(**STREAM, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    parent, *children = kinesis.list_shards(**STREAM)["Shards"]
    return [child["ShardId"] for child in children], parent


def test_fluent_bit_when_all_is_well_then_finds_its_literal_bytes(server, account, orders):
    status, answer = send(server, account, "PutRecords", batch("b25l", "dHdv"))
    assert status == 200
    assert b'"FailedRecordCount":0' in answer
    assert b"ErrorCode" not in answer


def test_fluent_bit_when_some_are_refused_then_reads_an_entry_and_a_code_for_each(server, account, orders):
    # Six of 340 KiB: a shard takes a MiB a second.
    data = "A" * (340 * 1024 // 3 * 4)
    status, answer = send(server, account, "PutRecords", batch(*[data] * 6))
    assert status == 200
    assert b'"FailedRecordCount":0' not in answer
    entries = json.loads(answer)["Records"]
    assert len(entries) == 6
    refused = [entry for entry in entries if "ErrorCode" in entry]
    assert refused and json.loads(answer)["FailedRecordCount"] == len(refused)
    for entry in refused:
        assert entry["ErrorCode"].startswith("ProvisionedThroughputExceededException")
        assert entry["ErrorMessage"]


def test_fluent_bit_when_all_is_refused_then_finds_type_and_message(server, account):
    status, answer = send(server, account, "PutRecords", batch("b25l"))
    assert status == 400
    text = f"Stream orders under account {account} not found."
    assert answer == b'{"__type":"ResourceNotFoundException","message":"%s"}' % text.encode()


def test_vector_when_it_checks_health_then_sees_the_name_it_asked_for(kinesis, orders):
    described = kinesis.describe_stream(**orders, Limit=1)["StreamDescription"]
    assert described["StreamName"] == "orders"


def test_telegraf_when_it_drops_the_answer_that_ends_a_shard_then_loses_nothing(kinesis, orders):
    put(kinesis, orders, b"one", b"two")
    children, _ = split(kinesis)
    start, read, followed = iterator(kinesis, orders), [], []
    while not followed:
        answer = kinesis.get_records(ShardIterator=start)
        if "NextShardIterator" not in answer:
            followed = [child["ShardId"] for child in answer["ChildShards"]]
            break
        read += [record["Data"] for record in answer["Records"]]
        start = answer["NextShardIterator"]
    assert read == [b"one", b"two"]
    assert followed == children


def test_flink_when_it_names_the_stream_by_arn_then_finds_shards_and_records(kinesis, arn, orders):
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    by_arn = {"StreamARN": arn("orders")}
    assert kinesis.describe_stream_summary(**by_arn)["StreamDescriptionSummary"]["StreamName"] == "orders"
    put_both = kinesis.put_records(
        **orders, **by_arn, Records=[{"Data": b"one", "PartitionKey": "a"}, {"Data": b"two", "PartitionKey": "a"}]
    )
    assert put_both["FailedRecordCount"] == 0
    children, _ = split(kinesis)

    def shards(**shard_filter) -> list[str]:
        listed = kinesis.list_shards(**by_arn, ShardFilter=shard_filter)["Shards"]
        return [shard["ShardId"] for shard in listed]

    assert shards(Type="FROM_TRIM_HORIZON") == [SHARD, *children]
    assert shards(Type="FROM_TIMESTAMP", Timestamp=before) == [SHARD, *children]
    assert shards(Type="AFTER_SHARD_ID", ShardId=SHARD) == children
    start = kinesis.get_shard_iterator(**by_arn, ShardId=SHARD, ShardIteratorType="AT_TIMESTAMP", Timestamp=before)
    answer = kinesis.get_records(**by_arn, ShardIterator=start["ShardIterator"], Limit=10_000)
    assert [record["Data"] for record in answer["Records"]] == [b"one", b"two"]


def test_spark_when_it_lists_during_splits_then_never_sees_a_child_of_an_open_shard(server, account, kinesis):
    kinesis.create_stream(**STREAM, ShardCount=1)
    done = threading.Event()

    def split_on() -> None:
        client = server.client(account)
        for times in range(1, 16):
            shards = client.list_shards(**STREAM, ShardFilter={"Type": "AT_LATEST"})["Shards"]
            first = min(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
            half = str(2 ** (128 - times))
            client.split_shard(**STREAM, ShardToSplit=first["ShardId"], NewStartingHashKey=half)
        done.set()

    splitter = threading.Thread(target=split_on, daemon=True)
    splitter.start()
    lists = 0
    while not done.is_set() and splitter.is_alive():
        listed = kinesis.list_shards(**STREAM, MaxResults=1000)["Shards"]
        shards = {shard["ShardId"]: shard for shard in listed}
        for shard in listed:
            parent = shard.get("ParentShardId")
            assert parent is None or "EndingSequenceNumber" in shards[parent]["SequenceNumberRange"]
        lists += 1
    splitter.join()
    assert done.is_set() and lists > 0
    assert len(kinesis.list_shards(**STREAM)["Shards"]) == 31


def test_debezium_when_it_puts_in_cbor_then_is_told_how_many_failed(server, account, orders):
    records = [{"Data": b"row", "PartitionKey": "key"}]
    answer = CborClient(server, account).call("PutRecords", {**orders, "Records": records})
    assert answer["FailedRecordCount"] == 0


def test_spring_when_it_resumes_after_the_end_of_a_shard_then_reads_that_it_is_over(kinesis, orders):
    put(kinesis, orders, b"one")
    _, parent = split(kinesis)
    ending = parent["SequenceNumberRange"]["EndingSequenceNumber"]
    # Its adapter stops reading the shard if the error contains this.
    over = "has reached max possible value for the shard"
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match=over):
        iterator(kinesis, orders, "AFTER_SEQUENCE_NUMBER", SHARD, StartingSequenceNumber=ending)


def test_spring_when_it_pages_by_token_and_name_then_is_refused_as_on_aws(server, account, kinesis):
    kinesis.create_stream(**STREAM, ShardCount=2)
    spring = CborClient(server, account)
    page = spring.call("ListShards", {**STREAM, "MaxResults": 1})
    assert len(page["Shards"]) == 1
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.list_shards(**STREAM, NextToken=page["NextToken"])
    rest = spring.call("ListShards", {"NextToken": page["NextToken"]})
    assert [shard["ShardId"] for shard in rest["Shards"]] == ["shardId-000000000001"]


def test_harlow_consumer_when_its_checkpoint_is_of_another_shard_then_finds_the_word_it_looks_for(kinesis):
    kinesis.create_stream(**STREAM, ShardCount=2)
    second = kinesis.put_record(**STREAM, PartitionKey="key", Data=b"one", ExplicitHashKey=str(2**128 - 1))
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="StartingSequenceNumber"):
        checkpoint = {"StartingSequenceNumber": second["SequenceNumber"]}
        iterator(kinesis, STREAM, "AFTER_SEQUENCE_NUMBER", SHARD, **checkpoint)
