"""Records that `millstream put --aggregate` stores, taken apart by Amazon's library for Python."""

import json
import subprocess
from base64 import b64decode

import pytest
from aws_kinesis_agg.deaggregator import iter_deaggregate_records

from reading import iterator
from server import binary

LINES = 2000


@pytest.fixture
def put(server, account, tmp_path):
    """Puts lines of JSON with the tool, and answers what it prints of each."""

    def put(*words: str, lines: list[dict]) -> list[dict]:
        command = [binary(), "put", "orders", "--format", "ndjson", "--key-field", "id", "--json"]
        variables = server.variables(account, HOME=str(tmp_path))
        ran = subprocess.run(
            [*command, *words],
            input="".join(json.dumps(line) + "\n" for line in lines),
            env=variables,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]

    return put


def test_lines_when_aggregated_then_amazons_library_finds_each_where_it_was_told(kinesis, put):
    kinesis.create_stream(StreamName="orders", ShardCount=3)
    lines = [{"id": f"key {number % 50}", "number": number} for number in range(LINES)]
    told = put("--aggregate", "--ordered", lines=lines)
    found = {}
    for shard in kinesis.list_shards(StreamName="orders")["Shards"]:
        start = iterator(kinesis, {"StreamName": "orders"}, shard=shard["ShardId"])
        records = kinesis.get_records(ShardIterator=start)["Records"]
        assert 0 < len(records) < 100
        for user in iter_deaggregate_records(records, data_format="Boto3"):
            user = user["kinesis"]
            sub = user.get("subSequenceNumber")
            # What was left alone is stored by itself, and not in base64.
            data = user["data"] if sub is None else b64decode(user["data"])
            place = (shard["ShardId"], user["sequenceNumber"], sub)
            found[place] = (user["partitionKey"], json.loads(data))
    assert len(found) == LINES
    for line, at in zip(lines, told, strict=True):
        place = (at["ShardId"], at["SequenceNumber"], at.get("SubSequenceNumber"))
        assert found[place] == (line["id"], line)
