"""Reads a stream that `producer.py` fills, and writes the stanzas to standard output, as an index again.

    python consumer.py STREAM >Packages

It reads each shard in a thread of its own, and a shard's children after all of their parents: so it meets the
records of a key in the order in which they were put, through any split or merge. It reads on until Ctrl-C (with
`--once`, not at all beyond what it finds), and ends when it has reached the end of every shard.

A record may be there twice, if the producer had to send it again without knowing whether it had arrived. The
numbers of a key's records rise, so that one which does not is a repetition, and is left out. Left to the reader:
to note how far it came. This one begins at the beginning each time.
"""

import argparse
import json
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import boto3
from botocore.config import Config

from cut_answers import retry_cut_answers

SHARDS_MAX = 1000
# A shard answers five reads a second.
POLL_SECONDS = 0.2
# Asks up to ten times, and waits up to 20 seconds in between: enough for a server to be started again.
PATIENCE = Config(retries={"mode": "standard", "total_max_attempts": 10}, max_pool_connections=50)


def read_stream(kinesis, stream: str, handle, finish: threading.Event) -> None:
    """Gives `handle` every record, with its shard's id, until `finish` is set and all has been read."""
    pages = kinesis.get_paginator("list_shards").paginate(StreamName=stream)
    parents = {shard["ShardId"]: parents_of(shard) for page in pages for shard in page["Shards"]}
    # Of parents that have expired there is nothing left to read.
    ended = set().union(*parents.values()) - parents.keys()
    begun = {shard for shard in parents if parents[shard] <= ended}
    with ThreadPoolExecutor(SHARDS_MAX) as pool:

        def read(shard: str):
            return pool.submit(read_shard, kinesis, stream, shard, handle, finish)

        readers = {read(shard) for shard in begun}
        try:
            while readers:
                done, readers = wait(readers, return_when=FIRST_COMPLETED)
                for reader in done:
                    shard, children = reader.result()
                    ended.add(shard)
                    ready = {c["ShardId"] for c in children if ended.issuperset(c["ParentShards"])} - begun
                    begun |= ready
                    readers |= {read(child) for child in ready}
        finally:
            finish.set()


def parents_of(shard: dict) -> set[str]:
    """None of a stream's first shards, one after a split, two after a merge."""
    return {shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if name in shard}


def read_shard(kinesis, stream: str, shard: str, handle, finish: threading.Event) -> tuple[str, list[dict]]:
    """Reads a shard from its beginning. Answers its id, and its children if it was closed."""
    start = {"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**start)["ShardIterator"]
    while True:
        # Asked before reading: what was put before it was set is then read.
        finishing = finish.is_set()
        answer = kinesis.get_records(ShardIterator=iterator)
        for record in answer["Records"]:
            handle(shard, record)
        if "NextShardIterator" not in answer:
            return shard, answer["ChildShards"]
        iterator = answer["NextShardIterator"]
        if not answer["Records"] and answer["MillisBehindLatest"] == 0:
            if finishing:
                return shard, []
            finish.wait(POLL_SECONDS)


class Stanzas:
    """Writes the stanza of each record once, and counts.

    Threads share it without a lock: the records of one key are met by one thread at a time.
    """

    def __init__(self, output):
        self.output = output
        self.last_number: dict[str, int] = {}
        # By shard: two threads that add to the same number may lose one.
        self.records: Counter[str] = Counter()
        self.repetitions: Counter[str] = Counter()

    def handle(self, shard: str, record: dict) -> None:
        key = record["PartitionKey"]
        number, _, stanza = record["Data"].partition(b"\n")
        if int(number) <= self.last_number.get(key, 0):
            self.repetitions[shard] += 1
            return
        self.last_number[key] = int(number)
        self.records[shard] += 1
        self.output.write(stanza + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("stream")
    parser.add_argument("--once", action="store_true", help="end where the records end now")
    arguments = parser.parse_args()
    finish = threading.Event()
    if arguments.once:
        finish.set()
    signal.signal(signal.SIGINT, lambda *_: finish.set())
    kinesis = retry_cut_answers(boto3.client("kinesis", config=PATIENCE))
    stanzas = Stanzas(sys.stdout.buffer)
    began = time.monotonic()
    read_stream(kinesis, arguments.stream, stanzas.handle, finish)
    counts = {
        "records": stanzas.records.total(),
        "repetitions": stanzas.repetitions.total(),
        "shards": len(stanzas.records),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(counts), file=sys.stderr)


if __name__ == "__main__":
    main()
