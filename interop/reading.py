"""Reading a shard through a client, as the simplest consumer does."""

from datetime import datetime, timedelta, timezone

SHARD = "shardId-000000000000"
ALL_KEYS = 2**128


def iterator(kinesis, stream: dict, kind: str = "TRIM_HORIZON", shard: str = SHARD, **position) -> str:
    """An iterator at a position."""
    answer = kinesis.get_shard_iterator(**stream, ShardId=shard, ShardIteratorType=kind, **position)
    return answer["ShardIterator"]


def data(kinesis, stream: dict, kind: str = "TRIM_HORIZON", shard: str = SHARD, **position) -> list[bytes]:
    """What one GetRecords answers at a position."""
    start = iterator(kinesis, stream, kind, shard, **position)
    return [record["Data"] for record in kinesis.get_records(ShardIterator=start)["Records"]]


def put(kinesis, stream: dict, *data: bytes, **more) -> list[dict]:
    """Puts records one by one under the same key."""
    return [kinesis.put_record(**stream, PartitionKey="key", Data=one, **more) for one in data]


def shard_ids(shards: list[dict]) -> list[str]:
    """Their ids without what all ids begin with: `0`, `1` …"""
    return [str(int(shard["ShardId"].removeprefix("shardId-"))) for shard in shards]


def ranges(shards: list[dict]) -> list[tuple[int, int]]:
    """The first and last hash key of each."""
    keys = [shard["HashKeyRange"] for shard in shards]
    return [(int(key["StartingHashKey"]), int(key["EndingHashKey"])) for key in keys]


def next_millisecond(after: datetime) -> datetime:
    """Waits, for no longer than it takes, until a time can be told from one given, and answers it."""
    later = after + timedelta(milliseconds=1)
    while datetime.now(timezone.utc) <= later:
        pass
    return later
