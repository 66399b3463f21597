"""What enhanced monitoring switches on: series in `/metrics`."""

import re
import urllib.request

from reading import iterator, put
from server import Server

STREAM = {"StreamName": "orders"}
LABELS = 'account="000000000000",region="us-east-1",StreamName="orders"'
SHARD_LABELS = LABELS + ',ShardId="shardId-000000000000"'


def series(server: Server) -> dict[str, float]:
    """The values of the operator's page, by name and labels."""
    page = re.search(r"operator's pages on (\S+)", server.log.read_text())
    with urllib.request.urlopen(f"{page[1]}/metrics", timeout=5) as answer:
        lines = [line for line in answer.read().decode().splitlines() if line[:1] != "#"]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_metrics_when_shard_level_ones_are_switched_then_are_shown_beside_the_streams(tmp_path):
    arguments = ["dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
    with Server(arguments, tmp_path / "log") as server:
        kinesis = server.client("000000000000")
        kinesis.create_stream(**STREAM, ShardCount=1)
        kinesis.enable_enhanced_monitoring(**STREAM, ShardLevelMetrics=["IncomingBytes", "OutgoingRecords"])
        put(kinesis, STREAM, b"12345", b"6789")
        kinesis.get_records(ShardIterator=iterator(kinesis, STREAM))
        shown = series(server)
        assert shown[f"millstream_kinesis_IncomingBytes_total{{{LABELS}}}"] == 9 + 2 * len("key")
        assert shown[f"millstream_kinesis_GetRecords_Records_total{{{LABELS}}}"] == 2
        of_shards = {name: value for name, value in shown.items() if "ShardId" in name}
        assert of_shards == {
            f"millstream_kinesis_shard_IncomingBytes_total{{{SHARD_LABELS}}}": 9 + 2 * len("key"),
            f"millstream_kinesis_shard_OutgoingRecords_total{{{SHARD_LABELS}}}": 2,
        }
        kinesis.disable_enhanced_monitoring(**STREAM, ShardLevelMetrics=["ALL"])
        assert not [name for name in series(server) if "ShardId" in name]
