"""Encryption at rest, as a user of AWS sees it: started, changed and stopped, with a key and without."""

import time

import pytest
from botocore.exceptions import ClientError

from reading import data, put
from server import keys
from users import Users, user_of

ACCOUNT = "000000000001"
ORDERS = {"StreamName": "orders"}
BUILT_IN = "alias/aws/kinesis"
# Within so long a server notices what has become of a key.
NOTICED_SECONDS_MAX = 15


@pytest.fixture
def own(tmp_path):
    """A client of a server of its own, whose shards are not limited."""
    with Users(tmp_path, [user_of(ACCOUNT)]).server(tmp_path, "--limits", "off") as server:
        yield server.client(ACCOUNT)


def shown(kinesis) -> tuple[str, str | None]:
    described = kinesis.describe_stream(**ORDERS)["StreamDescription"]
    summary = kinesis.describe_stream_summary(**ORDERS)["StreamDescriptionSummary"]
    assert (summary["EncryptionType"], summary.get("KeyId")) == (described["EncryptionType"], described.get("KeyId"))
    return described["EncryptionType"], described.get("KeyId")


def encryption(kinesis, operation: str, key: str) -> None:
    getattr(kinesis, operation)(**ORDERS, EncryptionType="KMS", KeyId=key)
    kinesis.get_waiter("stream_exists").wait(**ORDERS)


def types(kinesis) -> list[str | None]:
    """What each record says of its encryption."""
    iterator = kinesis.get_shard_iterator(
        **ORDERS, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return [record.get("EncryptionType") for record in kinesis.get_records(ShardIterator=iterator)["Records"]]


def test_stream_when_encrypted_changed_and_stopped_then_every_record_is_read(kinesis):
    kinesis.create_stream(**ORDERS, ShardCount=1)
    assert shown(kinesis) == ("NONE", None)
    [before] = put(kinesis, ORDERS, b"before")
    assert "EncryptionType" not in before or before["EncryptionType"] == "NONE"

    encryption(kinesis, "start_stream_encryption", BUILT_IN)
    assert shown(kinesis) == ("KMS", BUILT_IN)
    [during] = put(kinesis, ORDERS, b"during")
    assert during["EncryptionType"] == "KMS"
    several = kinesis.put_records(**ORDERS, Records=[{"Data": b"several", "PartitionKey": "k"}])
    assert several["EncryptionType"] == "KMS"

    encryption(kinesis, "stop_stream_encryption", BUILT_IN)
    assert shown(kinesis) == ("NONE", None)
    put(kinesis, ORDERS, b"after")
    assert data(kinesis, ORDERS) == [b"before", b"during", b"several", b"after"]
    assert types(kinesis) == [None, "KMS", "KMS", None]


def refusal(call) -> str | None:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def until(wanted: str | None, call) -> None:
    """Calls until the answer is what it is to be: the server looks at its keys again by and by."""
    end = time.monotonic() + NOTICED_SECONDS_MAX
    while (found := refusal(call)) != wanted:
        assert time.monotonic() < end, f"{found}, not {wanted}"


def test_key_when_disabled_and_enabled_again_then_so_is_its_stream(own, tmp_path):
    keyring = tmp_path / "keyring.json"
    arn = keys("create", keyring, "--account", ACCOUNT, "--alias", "alias/orders").strip()
    assert arn.startswith(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/")
    own.create_stream(**ORDERS, ShardCount=1)
    until(None, lambda: encryption(own, "start_stream_encryption", "alias/orders"))
    put(own, ORDERS, b"sealed")

    keys("disable", keyring, arn)
    until("KMSDisabledException", lambda: data(own, ORDERS))
    until("KMSDisabledException", lambda: put(own, ORDERS, b"lost"))

    keys("enable", keyring, arn)
    until(None, lambda: data(own, ORDERS))
    until(None, lambda: put(own, ORDERS, b"sealed, too"))
    read = data(own, ORDERS)
    assert read[0] == b"sealed" and read[-1] == b"sealed, too"
    # What was put before it was noticed was stored.
    assert set(read[1:-1]) <= {b"lost"}


def test_disk_when_a_stream_is_encrypted_then_has_nothing_of_its_records(own, tmp_path):
    own.create_stream(**ORDERS, ShardCount=1)
    put(own, ORDERS, b"plain-CANARYp-plain")
    encryption(own, "start_stream_encryption", BUILT_IN)
    own.put_record(**ORDERS, Data=b"sealed-CANARYs-sealed", PartitionKey="key-CANARYk-key")
    assert data(own, ORDERS)[-1] == b"sealed-CANARYs-sealed"
    disk = b"".join(path.read_bytes() for path in sorted((tmp_path / "data").rglob("*")) if path.is_file())
    assert b"CANARYp" in disk, "what is looked for would be found"
    assert b"CANARYs" not in disk and b"CANARYk" not in disk
