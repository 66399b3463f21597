"""boto3 and the AWS CLI against a server that verifies signatures."""

import hmac
import json
import subprocess
import sys
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from server import AT_ONCE, Server, binary, environment

ACCOUNT = "111122223333"
REGION = "eu-west-1"
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonKinesisFullAccess"
STRANGER = ("MSAKNOBODY", "a secret of a stranger".replace(" ", "-"))


def credentials(action: str, file: Path, *more: str) -> str:
    """Runs `millstream credentials`, and answers what it prints."""
    command = [binary(), "credentials", action, file, *more]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout


def create(file: Path, user: str) -> tuple[str, str]:
    """A new access key of a user who may do everything: its id and its secret."""
    printed = credentials("create", file, "--account", ACCOUNT, "--user", user, "--policy", FULL_ACCESS, "--json")
    key = json.loads(printed)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.toml"


@pytest.fixture
def ann(file):
    """The access key of a user, in the file."""
    return create(file, "ann")


@pytest.fixture
def verifying(tmp_path, file, ann):
    """A server that verifies by the file."""
    flags = ["--data-dir", tmp_path / "data", "--credentials", file, "--admin-listen", "127.0.0.1:0"]
    with Server(["serve", "--listen", "127.0.0.1:0", *flags], tmp_path / "log") as server:
        yield server


def client(url: str, key: tuple[str, str], token: str | None = None):
    return boto3.client(
        "kinesis",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=token,
        config=AT_ONCE.merge(Config(max_pool_connections=1)),
    )


def refusal(kinesis) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        kinesis.list_streams()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_boto3_when_it_has_a_key_then_works_in_its_account(verifying, ann):
    kinesis = client(verifying.url, ann)
    kinesis.create_stream(StreamName="orders", ShardCount=2)
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/orders"
    assert kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]["StreamARN"] == arn
    # Bodies of every size, of which the signature covers each byte.
    for size in [0, 1, 1000, 1_000_000]:
        kinesis.put_record(StreamName="orders", PartitionKey="é", Data=b"x" * size)
    shard = kinesis.list_shards(StreamARN=arn)["Shards"][0]["ShardId"]
    position = {"ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(StreamARN=arn, **position)["ShardIterator"]
    kinesis.get_records(ShardIterator=iterator)
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="fan")["Consumer"]["ConsumerARN"]
    events = kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=shard, StartingPosition={"Type": "TRIM_HORIZON"}
    )
    assert "SubscribeToShardEvent" in next(iter(events["EventStream"]))
    events["EventStream"].close()


def test_boto3_when_its_key_is_wrong_unknown_or_removed_then_is_told_as_by_aws(verifying, file, ann):
    mismatch = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )
    invalid = ("UnrecognizedClientException", "The security token included in the request is invalid.")
    assert refusal(client(verifying.url, (ann[0], STRANGER[1]))) == ("InvalidSignatureException", mismatch)
    assert refusal(client(verifying.url, STRANGER)) == invalid
    assert refusal(client(verifying.url, ann, "a-token")) == invalid
    kinesis = client(verifying.url, ann)
    kinesis.list_streams()
    credentials("revoke", file, ann[0])
    while True:
        try:
            kinesis.list_streams()
        except ClientError as error:
            if error.response["Error"]["Code"] != "LimitExceededException":
                break
    assert refusal(kinesis) == invalid


def test_session_when_its_token_comes_then_is_served(verifying, file, ann):
    text = file.read_text().rstrip("\n")
    file.write_text(f'{text}\nsession-token = "a/token+of=ann"\nexpires = 2999-01-01T00:00:00Z\n')
    session = client(verifying.url, ann, "a/token+of=ann")
    while True:
        try:
            session.list_streams()
            break
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("UnrecognizedClientException", "LimitExceededException")
    assert refusal(client(verifying.url, ann))[0] == "UnrecognizedClientException"


def test_cli_when_it_has_the_printed_lines_then_works(verifying, file, tmp_path):
    lines = credentials("create", file, "--account", ACCOUNT, "--user", "bob", "--policy", FULL_ACCESS)
    shared = tmp_path / "credentials"
    shared.write_text(f"[default]\n{lines}")
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    variables = environment(PATH=path, AWS_SHARED_CREDENTIALS_FILE=str(shared), AWS_DEFAULT_REGION=REGION)

    def aws(*arguments: str) -> dict:
        command = ["aws", "--endpoint-url", verifying.url, "kinesis", *arguments]
        while True:
            ran = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
            # The key is in force at the server's next look at the file.
            if "UnrecognizedClientException" not in ran.stderr:
                break
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout or "{}")

    aws("create-stream", "--stream-name", "orders", "--shard-count", "1")
    assert aws("list-streams")["StreamNames"] == ["orders"]


def presigned(url: str, key: tuple[str, str], seconds: int, body: bytes) -> Request:
    """A request that is signed in its query: botocore's own signer takes no bodies there."""
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": url.split("//")[1].rstrip("/"),
        "x-amz-target": "Kinesis_20131202.ListStreams",
    }
    date = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = [date[:8], REGION, "kinesis", "aws4_request"]
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "/".join([key[0], *scope]),
        "X-Amz-Date": date,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": ";".join(headers),
    }
    canonical_headers = "".join(f"{name}:{value}\n" for name, value in headers.items())
    parts = ["POST", "/", urlencode(query), canonical_headers, ";".join(headers), sha256(body).hexdigest()]
    hashed = sha256("\n".join(parts).encode()).hexdigest()
    string = "\n".join(["AWS4-HMAC-SHA256", date, "/".join(scope), hashed])
    secret = f"AWS4{key[1]}".encode()
    for part in [*scope, string]:
        secret = hmac.digest(secret, part.encode(), "sha256")
    query["X-Amz-Signature"] = secret.hex()
    return Request(f"{url.rstrip('/')}/?{urlencode(query)}", data=body, headers=headers, method="POST")


def test_query_when_signed_then_is_served_for_its_time_and_its_body(verifying, ann):
    request = presigned(verifying.url, ann, 60, b"{}")
    assert json.load(urlopen(request))["StreamNames"] == []
    # Without the length that urllib has added.
    headers = {name: value for name, value in request.header_items() if name != "Content-length"}
    longer = request.full_url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")
    elsewhere = request.full_url.replace("eu-west-1", "eu-west-2")
    for url, body in [(longer, b"{}"), (elsewhere, b"{}"), (request.full_url, b"{} ")]:
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(url, data=body, headers=headers, method="POST"))
        assert json.load(refused.value)["__type"] == "InvalidSignatureException"
