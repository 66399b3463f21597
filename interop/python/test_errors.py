"""Errors, as botocore's exception classes, with AWS's texts."""

import pytest
from botocore.exceptions import ClientError

from error_table import ERRORS, name_of, prepare

SERVERS = ["verifying_server", "open_server"]

ACCOUNT = "900000000001"


@pytest.fixture(scope="module")
def kinesis(server):
    client = server.client(ACCOUNT)
    prepare(client, ACCOUNT)
    return client


@pytest.mark.parametrize("row", ERRORS, ids=name_of)
def test_request_when_refused_then_error_and_text_are_aws(kinesis, row):
    refused = row.of(ACCOUNT)
    method = kinesis.meta.method_to_api_mapping
    call = getattr(kinesis, next(name for name, api in method.items() if api == refused.operation))
    with pytest.raises(ClientError) as caught:
        call(**refused.request)
    assert caught.value.response["Error"] == {"Code": refused.error, "Message": refused.text}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    # Those that the model knows of an operation are classes of their own, which programs catch.
    if refused.error not in ("SerializationException", "UnknownOperationException"):
        assert type(caught.value) is getattr(kinesis.exceptions, refused.error)


def test_stream_when_someone_is_refused_then_is_as_it_was(kinesis):
    summary = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]
    counted = (summary["OpenShardCount"], summary["ConsumerCount"], summary["RetentionPeriodHours"])
    assert counted == (3, 1, 24)
    assert kinesis.list_streams()["StreamNames"] == ["auto", "orders"]


def test_answers_when_good_or_bad_then_carry_the_ids_that_support_asks_for(kinesis):
    good = kinesis.list_streams()["ResponseMetadata"]
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException) as caught:
        kinesis.describe_stream(StreamName="none")
    bad = caught.value.response["ResponseMetadata"]
    for metadata in (good, bad):
        assert len(metadata["RequestId"]) == 36
        assert metadata["HTTPHeaders"]["x-amz-id-2"]
        assert metadata["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    assert good["RequestId"] != bad["RequestId"]
