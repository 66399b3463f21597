"""Puts Debian's package index into a stream, a record for each package; the key is its name.

    apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' |
        xargs -d '\\n' /usr/lib/apt/apt-helper cat-file | python producer.py STREAM

It shows how to keep the order of each key. PutRecords may take some records of a batch and refuse others, and
what was refused is put again. Were a later record of the same key taken meanwhile, the two would have changed
places. Hence no batch has a key twice, and none is put before all of the last one has been acknowledged.

A request that got no answer (the server went away, or the network) is sent again by boto3. Whether the first
one was carried out nobody knows, so its records may be in the stream twice: "at least once". Each record begins
with its number in the input, by which the consumer knows a repetition. The numbers depend on the input alone:
a producer that was stopped may begin again from the beginning.
"""

import json
import random
import sys
import time

import boto3
from botocore.config import Config

from cut_answers import retry_cut_answers

BATCH_RECORDS_MAX = 500
BATCH_BYTES_MAX = 5 * 1024 * 1024
PAUSE_SECONDS_MAX = 2.0
# Asks up to ten times, and waits up to 20 seconds in between: enough for a server to be started again.
PATIENCE = Config(retries={"mode": "standard", "total_max_attempts": 10})


def stanzas(lines):
    """The index's stanzas, which stand between empty lines."""
    stanza = []
    for line in lines:
        if line != b"\n":
            stanza.append(line)
        elif stanza:
            yield b"".join(stanza)
            stanza = []
    if stanza:
        yield b"".join(stanza)


def records(stanzas):
    """A record of each: its number, a line's end, and the stanza as it is."""
    for number, stanza in enumerate(stanzas, 1):
        name = stanza.partition(b"\n")[0].removeprefix(b"Package: ").decode()
        yield {"PartitionKey": name, "Data": b"%d\n%b" % (number, stanza)}


def batches(records):
    """Batches in which no key is twice, as large as PutRecords takes."""
    batch, keys, size = [], set(), 0
    for record in records:
        key = record["PartitionKey"]
        weight = len(record["Data"]) + len(key.encode())
        if key in keys or len(batch) == BATCH_RECORDS_MAX or size + weight > BATCH_BYTES_MAX:
            yield batch
            batch, keys, size = [], set(), 0
        batch.append(record)
        keys.add(key)
        size += weight
    if batch:
        yield batch


class Producer:
    """Puts batches, one after the other, and counts."""

    def __init__(self, kinesis, stream: str):
        self.kinesis = kinesis
        self.stream = stream
        self.counts = {"records": 0, "bytes": 0, "refused": 0, "sent_again": 0}

    def put(self, batch: list[dict]) -> None:
        """Comes back when every record of the batch is acknowledged."""
        pause = 0.1
        left = self._put_once(batch)
        while left:
            time.sleep(random.uniform(pause / 2, pause))
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
            left = self._put_once(left)
        self.counts["records"] += len(batch)
        self.counts["bytes"] += sum(len(record["Data"]) for record in batch)

    def _put_once(self, batch: list[dict]) -> list[dict]:
        """Puts a batch, and answers the records that were refused."""
        answer = self.kinesis.put_records(StreamName=self.stream, Records=batch)
        left = [record for record, entry in zip(batch, answer["Records"]) if "ErrorCode" in entry]
        self.counts["refused"] += len(left)
        self.counts["sent_again"] += len(batch) * answer["ResponseMetadata"]["RetryAttempts"]
        return left


def main(stream: str) -> None:
    producer = Producer(retry_cut_answers(boto3.client("kinesis", config=PATIENCE)), stream)
    began = time.monotonic()
    for batch in batches(records(stanzas(sys.stdin.buffer))):
        producer.put(batch)
        print(producer.counts["records"], "records acknowledged", flush=True)
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps(producer.counts | {"seconds": seconds}), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
