"""What enhanced monitoring switches on: series in `/metrics`."""

from reading import iterator, put
from server import Server

STREAM = {"StreamName": "orders"}
LABELS = 'account="000000000000",region="us-east-1",StreamName="orders"'
SHARD_LABELS = LABELS + ',ShardId="shardId-000000000000"'


def test_metrics_when_shard_level_ones_are_switched_then_are_shown_beside_the_streams(tmp_path):
    arguments = ["dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
    with Server(arguments, tmp_path / "log") as server:
        kinesis = server.client("000000000000")
        kinesis.create_stream(**STREAM, ShardCount=1)
        kinesis.enable_enhanced_monitoring(**STREAM, ShardLevelMetrics=["IncomingBytes", "OutgoingRecords"])
        put(kinesis, STREAM, b"12345", b"6789")
        kinesis.get_records(ShardIterator=iterator(kinesis, STREAM))
        shown = server.series()
        assert shown[f"millstream_kinesis_IncomingBytes_total{{{LABELS}}}"] == 9 + 2 * len("key")
        assert shown[f"millstream_kinesis_GetRecords_Records_total{{{LABELS}}}"] == 2
        taken = [name for name in shown if name.split("{")[0].endswith("_Latency_total")]
        operations = "GetRecords", "PutRecord", "PutRecords"
        assert sorted(taken) == [f"millstream_kinesis_{name}_Latency_total{{{LABELS}}}" for name in operations]
        of_shards = {name: value for name, value in shown.items() if "ShardId" in name}
        assert of_shards == {
            f"millstream_kinesis_shard_IncomingBytes_total{{{SHARD_LABELS}}}": 9 + 2 * len("key"),
            f"millstream_kinesis_shard_OutgoingRecords_total{{{SHARD_LABELS}}}": 2,
        }
        kinesis.disable_enhanced_monitoring(**STREAM, ShardLevelMetrics=["ALL"])
        assert not [name for name in server.series() if "ShardId" in name]
