"""Aggregates users as Amazon's library for Python does, and takes our records apart with it.

A case is the users (partition key, explicit hash key or none, bytes as hexadecimal digits) and our
record of them; a line is the library's record, and the users that it finds in ours.
"""

import base64
import json
import sys

from aws_kinesis_agg.aggregator import RecordAggregator
from aws_kinesis_agg.deaggregator import iter_deaggregate_records


def aggregated(users):
    aggregator = RecordAggregator()
    for partition_key, hash_key, data in users:
        aggregator.add_user_record(partition_key, bytes.fromhex(data), hash_key)
    _, _, data = aggregator.clear_and_get().get_contents()
    return data.hex()


def apart(data):
    record = {
        "SequenceNumber": "7",
        "PartitionKey": "a",
        "ApproximateArrivalTimestamp": 0,
        "Data": bytes.fromhex(data),
    }
    for found in iter_deaggregate_records([record], data_format="Boto3"):
        user = found["kinesis"]
        data = base64.b64decode(user["data"]).hex()
        yield [user["partitionKey"], data, user["subSequenceNumber"]]


for case in json.loads(sys.argv[1]):
    print(json.dumps({"record": aggregated(case["users"]), "users": list(apart(case["record"]))}))
