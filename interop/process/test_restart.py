"""What a client holds outlives the server's process: streams, records, numbers, iterators, tokens."""

import pytest

from reading import SHARD, data, iterator, put, shard_ids
from users import Users, user_of

ACCOUNT = "000000000001"
ORDERS = {"StreamName": "orders"}


def serve(folder, account=ACCOUNT):
    """The durable server on the data in a folder."""
    return Users(folder, [user_of(account)]).server(folder)


def test_server_when_restarted_then_clients_go_on_where_they_were(tmp_path):
    with serve(tmp_path) as server:
        kinesis = server.client(ACCOUNT)
        kinesis.create_stream(**ORDERS, ShardCount=1, Tags={"team": "sales"})
        first, second = (entry["SequenceNumber"] for entry in put(kinesis, ORDERS, b"1", b"2"))
        read = kinesis.get_records(ShardIterator=iterator(kinesis, ORDERS), Limit=1)
        latest = iterator(kinesis, ORDERS, "LATEST")
        kinesis.split_shard(**ORDERS, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
        token = kinesis.list_shards(**ORDERS, MaxResults=1)["NextToken"]
        described = kinesis.describe_stream(**ORDERS)["StreamDescription"]

    with serve(tmp_path) as server:
        kinesis = server.client(ACCOUNT)
        assert kinesis.describe_stream(**ORDERS)["StreamDescription"] == described
        assert kinesis.list_tags_for_stream(**ORDERS)["Tags"] == [{"Key": "team", "Value": "sales"}]
        rest = kinesis.get_records(ShardIterator=read["NextShardIterator"])
        assert [record["SequenceNumber"] for record in rest["Records"]] == [second]
        assert data(kinesis, ORDERS, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=first) == [b"2"]
        end = kinesis.get_records(ShardIterator=latest)
        assert [child["ShardId"][-1] for child in end["ChildShards"]] == ["1", "2"]
        rest = kinesis.list_shards(NextToken=token, MaxResults=10)["Shards"]
        assert shard_ids(rest) == ["1", "2"]
        [after] = put(kinesis, ORDERS, b"3", ExplicitHashKey="0")
        assert int(after["SequenceNumber"]) > int(second)


def test_iterator_when_of_another_server_then_is_invalid(tmp_path, kinesis, account):
    kinesis.create_stream(**ORDERS, ShardCount=1)
    start = iterator(kinesis, ORDERS)
    with serve(tmp_path, account) as other:
        elsewhere = other.client(account)
        elsewhere.create_stream(**ORDERS, ShardCount=1)
        with pytest.raises(elsewhere.exceptions.InvalidArgumentException, match="Invalid ShardIterator"):
            elsewhere.get_records(ShardIterator=start)
