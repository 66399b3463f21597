"""Users with the policies of `examples/policies`: what boto3 and the AWS CLI may do, and what they are told else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from reading import SHARD
from server import environment
from users import ACCOUNT, POLICIES, Policy, User, Users

STREAM = "orders"
ARN = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{STREAM}"
NAMES = sorted(file.stem for file in POLICIES.iterdir())
STREAM_BY_NAME = {"StreamName": STREAM}
ITERATOR = {"ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"}
# What each of them asks for; None is filled in.
CALLS = {
    "CreateStream": {"StreamName": "more", "ShardCount": 1},
    "DeleteStream": STREAM_BY_NAME,
    "DescribeStream": STREAM_BY_NAME,
    "DescribeStreamSummary": STREAM_BY_NAME,
    "DescribeStreamConsumer": {"StreamARN": ARN, "ConsumerName": "audit"},
    "GetRecords": {"ShardIterator": None},
    "GetShardIterator": STREAM_BY_NAME | ITERATOR,
    "ListShards": STREAM_BY_NAME,
    "ListStreams": {},
    "PutRecord": STREAM_BY_NAME | {"Data": b"1", "PartitionKey": "key"},
    "PutRecords": STREAM_BY_NAME | {"Records": [{"Data": b"1", "PartitionKey": "key"}]},
    "RegisterStreamConsumer": {"StreamARN": ARN, "ConsumerName": "more"},
    "SubscribeToShard": {"ConsumerARN": None, "ShardId": SHARD, "StartingPosition": {"Type": "LATEST"}},
}
READS = {"GetRecords", "GetShardIterator", "ListShards"}
DESCRIBES = {"DescribeStream", "DescribeStreamSummary"}
ALLOWED = {
    "producer": {"PutRecords"},
    "consumer": READS,
    "kinesis-producer-library": {"ListShards", "PutRecords"},
    "kinesis-client-library": READS | DESCRIBES,
    "kinesis-client-library-fan-out": READS
    | DESCRIBES
    | {"DescribeStreamConsumer", "RegisterStreamConsumer", "SubscribeToShard"},
}
OPERATOR = User(ACCOUNT, "operator", "AKIDOPERATOR")
NOBODY = User(ACCOUNT, "nobody", "AKIDNOBODY", ())


def user(name: str) -> User:
    return User(ACCOUNT, name, "AKID" + name.replace("-", "").upper(), (Policy(name, STREAM),))


def denied(user: User, operation: str, resource: str) -> str:
    """AWS's text."""
    return (
        f"User: arn:aws:iam::{ACCOUNT}:user/{user.name} is not authorized to perform: kinesis:{operation} on resource: "
        f"{resource} because no identity-based policy allows the kinesis:{operation} action"
    )


@pytest.fixture(scope="module")
def deciding(tmp_path_factory):
    """A server with a user for each policy, and a stream that they are about."""
    folder = tmp_path_factory.mktemp("deciding")
    users = Users(folder, [OPERATOR, NOBODY, *map(user, NAMES)])
    with users.server(folder, "--limits", "off") as server:
        kinesis = server.client(OPERATOR.key_id)
        kinesis.create_stream(StreamName=STREAM, ShardCount=1)
        yield server


@pytest.fixture(scope="module")
def consumer(deciding):
    """The ARN of a consumer of the stream."""
    kinesis = deciding.client(OPERATOR.key_id)
    return kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="audit")["Consumer"]["ConsumerARN"]


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("name", NAMES)
def test_user_when_it_has_a_policy_then_may_do_that_and_nothing_else(name, operation, deciding, consumer):
    asking = deciding.client(user(name).key_id)
    operator = deciding.client(OPERATOR.key_id)
    request = dict(CALLS[operation])
    if "ShardIterator" in request:
        request["ShardIterator"] = operator.get_shard_iterator(**STREAM_BY_NAME, **ITERATOR)["ShardIterator"]
    if "ConsumerARN" in request:
        request["ConsumerARN"] = consumer
    method = next(name for name, api in asking.meta.method_to_api_mapping.items() if api == operation)
    try:
        answer = getattr(asking, method)(**request)
        refused = None
    except ClientError as error:
        refused = error.response["Error"]
    if operation in ALLOWED[name]:
        assert refused is None
        if operation == "SubscribeToShard":
            answer["EventStream"].close()
        if operation == "RegisterStreamConsumer":
            operator.deregister_stream_consumer(StreamARN=ARN, ConsumerName="more")
        return
    resource = {"CreateStream": ARN.replace(STREAM, "more"), "ListStreams": "*"}.get(operation, ARN)
    if operation == "SubscribeToShard":
        resource = consumer
    if operation == "DescribeStreamConsumer":
        # Named, it is one without the time of its making, which would tell whether it is there.
        resource = consumer.rpartition(":")[0]
    assert refused == {"Code": "AccessDeniedException", "Message": denied(user(name), operation, resource)}
    assert operator.list_streams()["StreamNames"] == [STREAM]
    assert len(operator.list_stream_consumers(StreamARN=ARN)["Consumers"]) == 1


def test_user_when_it_has_no_policy_then_may_do_nothing(deciding):
    with pytest.raises(ClientError) as refused:
        deciding.client(NOBODY.key_id).put_record(**CALLS["PutRecord"])
    assert refused.value.response["Error"]["Message"] == denied(NOBODY, "PutRecord", ARN)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_cli_when_its_user_may_not_then_prints_why_and_fails(deciding):
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"

    def aws(user: User, *arguments: str) -> subprocess.CompletedProcess:
        variables = deciding.variables(user.key_id, PATH=path)
        command = ["aws", "kinesis", *arguments, "--stream-name", STREAM]
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)

    put = ["put-records", "--records", "Data=MQ==,PartitionKey=key"]
    written = aws(user("producer"), *put)
    assert (written.returncode, json.loads(written.stdout)["FailedRecordCount"]) == (0, 0)
    refused = aws(user("consumer"), *put)
    assert refused.returncode != 0
    text = denied(user("consumer"), "PutRecords", ARN)
    assert f"(AccessDeniedException) when calling the PutRecords operation: {text}" in refused.stderr
