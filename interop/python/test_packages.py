"""The main job on real data: Debian's package index, put and read by programs as users write them.

Both are in `examples/python`, and know nothing of these tests. Meanwhile shards are split and merged, and the
server is killed and started again on its data.
"""

import io
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import consumer
import producer
from cutting import cutting_relay
from package_index import MADE_BYTES_MIN, MADE_STANZAS, made, package_index
from reading import ALL_KEYS, put, ranges
from service import Service, service
from users import Policy, User, Users, user_of

PROGRAMS = Path(producer.__file__).parent
STREAM = "packages"
ACCOUNT = "000000000001"
PROGRAM_SECONDS_MAX = 120
# More than all that is asked for beside PutRecords.
BATCH_BYTES = 20_000


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Where the index is from, and its text."""
    return package_index(tmp_path_factory.mktemp("apt") / "state")


@pytest.fixture
def users(tmp_path):
    """Who changes the stream, and the programs, which may only write and only read it."""
    policies = [Policy("producer", STREAM), Policy("consumer", STREAM)]
    programs = [User(ACCOUNT, policy.name, f"AKID{policy.name.upper()}", (policy,)) for policy in policies]
    return Users(tmp_path, [user_of(ACCOUNT), *programs])


class Job:
    """Both programs at work on an index."""

    def __init__(self, service: Service, text: bytes, shards: int, url: str | None = None):
        """`url` is where the programs find the service, if not at its own address."""
        self.service = service
        self._url = url
        self.source = stanzas(text)
        self.done: Counter[str] = Counter()
        self.away_seconds = 0.0
        self._files = {name: service.folder / name for name in ("input", "output", "producer", "consumer")}
        self._files["input"].write_bytes(text)
        self.kinesis = service.server.client(ACCOUNT)
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=shards)

    def _start(self, name: str, **files) -> subprocess.Popen:
        command = [sys.executable, PROGRAMS / name, STREAM]
        variables = self.service.server.variables(f"AKID{Path(name).stem.upper()}")
        url = {"AWS_ENDPOINT_URL": self._url} if self._url else {}
        return subprocess.Popen(command, env=variables | url, **files)

    def run(self, *steps: str) -> None:
        """Runs both, and has the steps done, evenly spread over the records, while they go on."""
        paths = self._files
        with open(paths["output"], "wb") as output, open(paths["consumer"], "wb") as errors:
            reading = self._start("consumer.py", stdout=output, stderr=errors)
        with open(paths["input"], "rb") as given, open(paths["producer"], "wb") as errors:
            putting = self._start("producer.py", stdin=given, stdout=subprocess.PIPE, stderr=errors)
        stop = threading.Timer(PROGRAM_SECONDS_MAX, lambda: (putting.kill(), reading.kill()))
        stop.start()
        try:
            self._carry_out(steps, putting.stdout)
            assert putting.wait() == 0, paths["producer"].read_text()
            reading.send_signal(signal.SIGINT)
            assert reading.wait() == 0, paths["consumer"].read_text()
            assert self.done == Counter(steps)
        finally:
            stop.cancel()
            putting.kill()
            reading.kill()
        self.put, self.read = (json.loads(paths[name].read_text()) for name in ("producer", "consumer"))

    def _carry_out(self, steps: tuple[str, ...], progress) -> None:
        share = len(self.source) // (len(steps) + 1)
        due = [(share * place, step) for place, step in enumerate(steps, 1)]
        for line in progress:
            if due and int(line.split()[0]) >= due[0][0]:
                step = due.pop(0)[1]
                getattr(self, step)()
                self.done[step] += 1

    def split(self) -> None:
        """The widest open shard, in its middle."""
        start, end, widest = max(self._open_shards(), key=lambda shard: shard[1] - shard[0])
        middle = (start + end + 1) // 2
        self.kinesis.split_shard(StreamName=STREAM, ShardToSplit=widest, NewStartingHashKey=str(middle))

    def merge(self) -> None:
        """The two neighbours that are narrowest together."""
        shards = self._open_shards()
        (_, _, left), (_, _, right) = min(zip(shards, shards[1:]), key=lambda two: two[1][1] - two[0][0])
        self.kinesis.merge_shards(StreamName=STREAM, ShardToMerge=left, AdjacentShardToMerge=right)

    def kill(self) -> None:
        """Kills the server when it holds a batch that it has not answered, as far as that can be seen."""
        began = time.monotonic()
        while self.service.server.series()["millstream_body_bytes_in_flight"] < BATCH_BYTES:
            assert time.monotonic() - began < PROGRAM_SECONDS_MAX, "nothing is put"
        self.away_seconds = self.service.kill_and_start()

    def shards(self, **options) -> list[dict]:
        return self.kinesis.list_shards(StreamName=STREAM, **options)["Shards"]

    def _open_shards(self) -> list[tuple[int, int, str]]:
        """Each one's first and last hash key, and its id, in the order of the keys."""
        shards = self.shards(ShardFilter={"Type": "AT_LATEST"})
        return sorted((*two, shard["ShardId"]) for two, shard in zip(ranges(shards), shards))

    def assert_all_is_there(self) -> None:
        """The consumer wrote every stanza as it was and each package's in order; what is stored says so too."""
        sent, read = by_package(self.source), by_package(stanzas(self._files["output"].read_bytes()))
        assert [name for name in sent.keys() | read.keys() if sent.get(name) != read.get(name)] == []
        began = time.monotonic()
        stored = all_records(self.service)
        self.stored_seconds = time.monotonic() - began
        assert_in_order(stored)
        numbers = {number_of(record) for _, record in stored}
        assert numbers ^ set(range(1, len(self.source) + 1)) == set()
        for _, record in stored:
            number, stanza = number_of(record), self.source[number_of(record) - 1]
            assert record["Data"] == b"%d\n%b" % (number, stanza)
            assert record["PartitionKey"] == package(stanza)
        # What is there twice was sent twice, and was left out by the consumer.
        assert len(stored) - len(self.source) == self.read["repetitions"] <= self.put["sent_again"]
        assert {shard for shard, _ in stored} == {shard["ShardId"] for shard in self.shards()}


def all_records(service: Service) -> list[tuple[str, dict]]:
    """All that is in the stream, each record with its shard, as the consumer meets them."""
    records = []
    finish = threading.Event()
    finish.set()
    patient = service.server.client(ACCOUNT, config=consumer.PATIENCE)
    consumer.read_stream(patient, STREAM, lambda *record: records.append(record), finish)
    return records


def stanzas(text: bytes) -> list[bytes]:
    return [stanza.strip(b"\n") + b"\n" for stanza in text.split(b"\n\n") if stanza.strip(b"\n")]


def package(stanza: bytes) -> str:
    return stanza[len("Package: ") : stanza.index(b"\n")].decode()


def by_package(stanzas: list[bytes]) -> dict[str, list[bytes]]:
    found = defaultdict(list)
    for stanza in stanzas:
        found[package(stanza)].append(stanza)
    return found


def number_of(record: dict) -> int:
    return int(record["Data"].split(b"\n", 1)[0])


def assert_in_order(stored: list[tuple[str, dict]]) -> None:
    """Along each key, sequence numbers rise, and the producer's do not fall."""
    last: dict[str, tuple[int, int]] = {}
    for _, record in stored:
        sequence, number = int(record["SequenceNumber"]), number_of(record)
        last_sequence, last_number = last.get(record["PartitionKey"], (0, 0))
        assert sequence > last_sequence and number >= last_number, record["PartitionKey"]
        last[record["PartitionKey"]] = (sequence, number)


def test_packages_when_shards_change_and_the_server_is_killed_then_none_is_lost(tmp_path, users, index, capsys):
    origin, text = index
    with service(tmp_path, users, "--limits", "off") as running:
        job = Job(running, text, shards=4)
        job.run("split", "merge", "split", "kill", "merge", "split", "merge")
        job.assert_all_is_there()
    with capsys.disabled():
        print(f"\n{origin}: {job.put['records']} records, {len(text) / 1e6:.1f} MB")
        print(f"put:  in {job.put['seconds']} s into 4 shards, limits off")
        print(f"      meanwhile {job.done['split']} splits, {job.done['merge']} merges, {job.done['kill']} kill -9")
        print(f"      from the kill until it was ready again {job.away_seconds * 1000:.0f} ms")
        print(f"read: {job.read['records']} records from {job.read['shards']} shards")
        print("      every byte as it was put, each key's records in their order")
        print(f"      {job.put['sent_again']} were sent again, {job.read['repetitions']} of them were there twice")
        print(f"      once more from the beginning in {job.stored_seconds:.1f} s")


def test_packages_when_shards_refuse_records_then_are_put_again_in_order(tmp_path, users, index, capsys):
    origin, text = index
    versions = by_package(stanzas(text))
    several = [stanza for stanza in stanzas(text) if len(versions[package(stanza)]) > 1]
    with service(tmp_path, users) as running:
        job = Job(running, b"\n".join(several), shards=2)
        job.run()
        job.assert_all_is_there()
    assert job.put["refused"] > 0
    assert job.put["sent_again"] == 0
    with capsys.disabled():
        print(f"\n{origin}: {job.put['records']} records of packages with several versions")
        print(f"put:  in {job.put['seconds']} s into 2 shards with AWS's limits")
        print(f"      {job.put['refused']} times a record was refused, and put again")
        print(f"read: {job.read['records']} records")
        print("      every byte as it was put, each key's records in their order")


def test_packages_when_answers_are_cut_off_then_are_asked_for_again(tmp_path, users):
    text = b"\n".join(b"Package: p%d\nVersion: 1\n" % number for number in range(20_000))
    with service(tmp_path, users, "--limits", "off") as running, cutting_relay(running.port) as relay:
        job = Job(running, text, shards=2, url=relay.url)
        job.run("split", "merge")
        job.assert_all_is_there()
    assert relay.cuts > 1
    assert job.put["sent_again"] > 0


def test_packages_when_made_up_then_are_as_many_as_the_real_ones():
    text = made()
    versions = by_package(stanzas(text))
    assert len(text) >= MADE_BYTES_MIN
    assert sum(map(len, versions.values())) == MADE_STANZAS > len(versions)


def test_batches_when_made_then_none_has_a_key_twice_or_is_larger_than_put_records_takes():
    def sizes(*records: tuple[str, int]) -> list[int]:
        put = [{"PartitionKey": key, "Data": bytes(size)} for key, size in records]
        made = list(producer.batches(put))
        assert [record for batch in made for record in batch] == put
        return [len(batch) for batch in made]

    assert sizes() == []
    assert sizes(("a", 1), ("b", 1), ("a", 1), ("a", 1), ("b", 1)) == [2, 1, 2]
    assert sizes(*((str(number), 1) for number in range(1001))) == [500, 500, 1]
    fifth = 1024 * 1024
    assert sizes(*((key, fifth - 1) for key in "abcdef")) == [5, 1]
    assert sizes(*((key, fifth) for key in "abcdef")) == [4, 2]


def test_child_of_two_shards_when_read_then_comes_after_both(tmp_path, users):
    with service(tmp_path, users, "--limits", "off") as running:
        kinesis = running.server.client(ACCOUNT)
        kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        first, second = (shard["ShardId"] for shard in kinesis.list_shards(StreamName=STREAM)["Shards"])
        # The second takes some answers to read, the first one.
        record = {"PartitionKey": "key", "Data": b"", "ExplicitHashKey": str(ALL_KEYS - 1)}
        for _ in range(50):
            kinesis.put_records(StreamName=STREAM, Records=[record] * 500)
        put(kinesis, {"StreamName": STREAM}, b"", ExplicitHashKey="0")
        kinesis.merge_shards(StreamName=STREAM, ShardToMerge=first, AdjacentShardToMerge=second)
        put(kinesis, {"StreamName": STREAM}, b"")
        *before, (last, _) = all_records(running)
        assert Counter(shard for shard, _ in before) == {first: 1, second: 25_000}
        assert last not in (first, second)


def test_repetition_when_read_then_is_left_out_and_counted():
    output = io.BytesIO()
    read = consumer.Stanzas(output)
    first, second = {"PartitionKey": "a", "Data": b"9\nA1\n"}, {"PartitionKey": "a", "Data": b"10\nA2\n"}
    for shard, record in [("0", first), ("0", first), ("1", second), ("1", first)]:
        read.handle(shard, record)
    assert output.getvalue() == b"A1\n\nA2\n\n"
    assert (read.records, read.repetitions) == ({"0": 1, "1": 1}, {"0": 1, "1": 1})
