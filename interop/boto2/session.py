"""How to connect from boto 2, which has had no release since 2018: its endpoint is a host and a port.

Every method of its connection is called, and each of its exceptions is provoked that can be within seconds.
It prints a line for each step, and ends with an exception at the first that is not as on AWS.
"""

import inspect
import os
import pathlib
import re
from urllib.parse import urlsplit

import boto.kinesis
from boto.connection import AWSQueryConnection
from boto.kinesis import exceptions
from boto.kinesis.layer1 import KinesisConnection
from boto.regioninfo import RegionInfo

STREAM = "boto2-orders"
FIRST = "shardId-000000000000"
MIDDLE_KEY = str(2**126)
MIB = 1024 * 1024
SHARDS_TOO_MANY = 50_000


def check(what, got, wanted):
    assert got == wanted, f"not ok: {what}: {got!r} instead of {wanted!r}"
    print("ok:", what)


def replaced(heading):
    """What the guide of the Rust client names as boto's in the table under a heading."""
    guide = pathlib.Path(__file__).parents[2] / "docs/guide/client.md"
    section = re.split(r"\n##+ ", guide.read_text().split(f"# {heading}\n")[1])[0]
    cells = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    return {name for cell in cells for name in re.findall("`([^`]+)`", cell)}


def public(names):
    return {name for name in names if name[0] != "_"}


def documented():
    """boto's functions, methods and exceptions."""
    own = vars(KinesisConnection).items()
    methods = {f"KinesisConnection.{name}" for name, value in own if inspect.isfunction(value) and name[0] != "_"}
    kinds = {name for name, value in vars(exceptions).items() if inspect.isclass(value) and name.endswith("Exception")}
    functions = {name for name, value in vars(boto.kinesis).items() if inspect.isfunction(value) and value.__module__ == "boto.kinesis"}
    return methods | kinds | functions | {"KinesisConnection", boto.connect_kinesis.__name__}


def optional():
    """The optional arguments of boto's methods."""
    methods = [(name, value) for name, value in vars(KinesisConnection).items() if inspect.isfunction(value) and name[0] != "_"]
    arguments = [(name, argument) for name, method in methods for argument in inspect.signature(method).parameters.values()]
    return {f"{name}({argument.name})" for name, argument in arguments if argument.default is not argument.empty}


def inherited(kinesis):
    """What a connection takes and has, beside the methods of its own."""
    own = {name for name, value in vars(KinesisConnection).items() if inspect.isfunction(value)}
    taken = set(inspect.signature(AWSQueryConnection).parameters)
    return public(taken | set(dir(kinesis))) - own


def facts():
    """What exceptions and regions have, without what reads them from XML."""
    error = exceptions.LimitExceededException(400, "Bad Request", body={})
    region = boto.kinesis.regions()[0]
    reading = {"startElement", "endElement", "connection", "connection_cls"}
    of_errors = public(dir(error)) - public(dir(Exception)) - reading
    of_regions = public(dir(region)) - reading
    return {f"BotoServerError.{name}" for name in of_errors} | {f"RegionInfo.{name}" for name in of_regions}


def connect(url):
    place = urlsplit(url)
    region = RegionInfo(name=os.environ["AWS_REGION"], endpoint=place.hostname)
    kinesis = KinesisConnection(region=region, port=place.port, is_secure=place.scheme == "https")
    # Otherwise it signs for the service and the region that it finds in the name of AWS's host.
    kinesis.auth_service_name, kinesis.auth_region_name = "kinesis", region.name
    return kinesis


def describe(kinesis):
    kinesis.create_stream(STREAM, 1)
    description = kinesis.describe_stream(STREAM)["StreamDescription"]
    check("create_stream, describe_stream", (description["StreamStatus"], len(description["Shards"])), ("ACTIVE", 1))
    check("list_streams", kinesis.list_streams(limit=10)["StreamNames"], [STREAM])
    kinesis.add_tags_to_stream(STREAM, {"team": "sales", "stage": "test"})
    kinesis.remove_tags_from_stream(STREAM, ["stage"])
    tags = kinesis.list_tags_for_stream(STREAM)["Tags"]
    check("add_tags_to_stream, remove_tags_from_stream, list_tags_for_stream", tags, [{"Key": "team", "Value": "sales"}])


def iterator(kinesis, **position):
    return kinesis.get_shard_iterator(STREAM, FIRST, **position)["ShardIterator"]


def record(kinesis):
    first = kinesis.put_record(STREAM, "one", "customer")
    check("put_record", first["ShardId"], FIRST)
    number = first["SequenceNumber"]
    second = kinesis.put_record(STREAM, "two", "customer", explicit_hash_key="7", sequence_number_for_ordering=number)
    check("sequence numbers", int(second["SequenceNumber"]) > int(number), True)
    put = kinesis.put_records([{"Data": "three", "PartitionKey": "customer"}, {"Data": "four", "PartitionKey": "other"}], STREAM)
    check("put_records", put["FailedRecordCount"], 0)

    answer = kinesis.get_records(iterator(kinesis, shard_iterator_type="TRIM_HORIZON"), limit=10)
    data = [record["Data"] for record in answer["Records"]]
    check("get_shard_iterator, get_records", data, ["one", "two", "three", "four"])
    later = iterator(kinesis, shard_iterator_type="AFTER_SEQUENCE_NUMBER", starting_sequence_number=number)
    check("AFTER_SEQUENCE_NUMBER", kinesis.get_records(later)["Records"], answer["Records"][1:])


def reshard(kinesis):
    kinesis.split_shard(STREAM, FIRST, MIDDLE_KEY)
    shards = kinesis.describe_stream(STREAM)["StreamDescription"]["Shards"]
    check("split_shard", [shard.get("ParentShardId") for shard in shards], [None, FIRST, FIRST])
    left, right = (shard["ShardId"] for shard in shards[1:])
    kinesis.merge_shards(STREAM, left, right)
    merged = kinesis.describe_stream(STREAM, exclusive_start_shard_id=right)["StreamDescription"]["Shards"]
    check("merge_shards", (merged[0]["ParentShardId"], merged[0]["AdjacentParentShardId"]), (left, right))


def refuse(kinesis):
    refused(exceptions.ResourceNotFoundException, lambda: kinesis.describe_stream("none"))
    refused(exceptions.ResourceInUseException, lambda: kinesis.create_stream(STREAM, 1))
    refused(exceptions.InvalidArgumentException, lambda: kinesis.get_records("made-up"))
    refused(exceptions.LimitExceededException, lambda: kinesis.create_stream("more", SHARDS_TOO_MANY))

    def put_much():
        for _ in range(4):
            kinesis.put_record(STREAM, "a" * (MIB - 1), "k")

    refused(exceptions.ProvisionedThroughputExceededException, put_much)


def refused(exception, call):
    try:
        call()
    except exception as error:
        check(exception.__name__, bool(error.message), True)
        return
    raise AssertionError(f"not ok: no {exception.__name__}")


def remove(kinesis):
    kinesis.delete_stream(STREAM)
    check("delete_stream", kinesis.list_streams()["StreamNames"], [])


def main():
    kinesis = connect(os.environ["AWS_ENDPOINT_URL"])
    for heading, names in (
        ("From boto", documented()),
        ("Optional arguments", optional()),
        ("Connections of boto", inherited(kinesis)),
        ("Errors and regions of boto", facts()),
    ):
        check(f"the table of the Rust client's guide: {heading}", replaced(heading), names)
    check("no connection to an unknown region", boto.kinesis.connect_to_region("nowhere"), None)
    for step in (describe, record, reshard, refuse, remove):
        step(kinesis)


main()
