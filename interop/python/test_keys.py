"""Streams that are encrypted with keys of AWS KMS, for which moto stands in, and of a keyring."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from server import Server, keys

ACCOUNT = "123456789012"  # moto's
REGION = "us-east-1"
KEY = {"aws_access_key_id": "AKIDKMS", "aws_secret_access_key": "CANARY-of-the-key-service"}


@pytest.fixture
def kms():
    """AWS KMS, with a key for alias/aws/kinesis: a client of it, and its URL."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client("kms", endpoint_url=url, region_name=REGION, **KEY)
    built_in = client.create_key()["KeyMetadata"]["KeyId"]
    client.create_alias(AliasName="alias/millstream", TargetKeyId=built_in)
    yield client, url
    moto.stop()


@pytest.fixture
def server(tmp_path, kms):
    """A server whose keys are in AWS KMS."""
    _, url = kms
    keys = ["--keys", "aws-kms", "--kms-key", "alias/millstream", "--kms-endpoint", url]
    flags = ["--data-dir", tmp_path / "data", "--admin-listen", "127.0.0.1:0", "--limits", "off"]
    variables = {name.upper(): value for name, value in KEY.items()}
    arguments = ["serve", "--listen", "127.0.0.1:0", *flags, *keys]
    with Server(arguments, tmp_path / "log", **variables) as running:
        yield running
    assert "CANARY" not in (tmp_path / "log").read_text()


def start(client, key: str) -> str | None:
    """Starts encryption with a key, and answers the error's code, if there is one."""
    try:
        client.start_stream_encryption(StreamName="orders", EncryptionType="KMS", KeyId=key)
    except ClientError as error:
        return error.response["Error"]["Code"]
    described = client.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]
    assert (described["EncryptionType"], described["KeyId"]) == ("KMS", key)
    return None


def read(client) -> list[bytes]:
    shard = {"StreamName": "orders", "ShardId": "shardId-000000000000"}
    iterator = client.get_shard_iterator(ShardIteratorType="TRIM_HORIZON", **shard)["ShardIterator"]
    return [record["Data"] for record in client.get_records(ShardIterator=iterator)["Records"]]


def test_key_of_aws_kms_when_named_in_any_form_then_encrypts_and_each_state_has_its_error(kms, server):
    kms, _ = kms
    client = server.client(ACCOUNT, REGION)
    client.create_stream(StreamName="orders", ShardCount=1)
    client.put_record(StreamName="orders", Data=b"before", PartitionKey="a")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/orders", TargetKeyId=key["KeyId"])
    alias = key["Arn"].replace(f"key/{key['KeyId']}", "alias/orders")
    for name in [key["KeyId"], key["Arn"], "alias/orders", alias, "alias/aws/kinesis"]:
        assert start(client, name) is None, name
        client.put_record(StreamName="orders", Data=name.encode(), PartitionKey="a")
    assert read(client)[0] == b"before" and read(client)[-1] == b"alias/aws/kinesis"

    kms.disable_key(KeyId=key["KeyId"])
    assert start(client, key["Arn"]) == "KMSDisabledException"
    kms.enable_key(KeyId=key["KeyId"])
    assert start(client, key["Arn"]) is None
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    assert start(client, key["Arn"]) == "KMSInvalidStateException"
    missing = key["Arn"].replace(key["KeyId"], "00000000-0000-0000-0000-000000000000")
    for name in ["alias/none", missing]:
        assert start(client, name) == "KMSNotFoundException", name
    signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert start(client, signing["Arn"]) == "KMSNotFoundException"


def test_key_of_a_keyring_when_made_by_the_command_then_encrypts(tmp_path):
    file = tmp_path / "keyring.json"
    arn = keys("create", file, "--account", ACCOUNT, "--region", REGION, "--alias", "alias/orders").strip()
    flags = ["--data-dir", tmp_path / "data", "--admin-listen", "127.0.0.1:0", "--keys", file]
    with Server(["serve", "--listen", "127.0.0.1:0", *flags], tmp_path / "log") as server:
        client = server.client(ACCOUNT, REGION)
        client.create_stream(StreamName="orders", ShardCount=1)
        for name in ["alias/orders", arn, arn.rsplit("/", 1)[1], "alias/aws/kinesis"]:
            assert start(client, name) is None, name
        client.put_record(StreamName="orders", Data=b"sealed", PartitionKey="a")
        assert read(client) == [b"sealed"]
