"""Sends calls with boto3: arguments are an endpoint and cases, each an operation and its input."""

import base64
import datetime
import json
import sys

import botocore.auth
import botocore.session
from botocore.config import Config


def instant():
    return datetime.datetime(2026, 1, 2, 3, 4, 5)


botocore.auth.get_current_datetime = instant


def arguments(value):
    """An input as a caller writes it: with bytes and instants."""
    if isinstance(value, list):
        return [arguments(item) for item in value]
    if isinstance(value, dict):
        return {name: argument(name, member) for name, member in value.items()}
    return value


def argument(name, value):
    if name == "Data":
        return base64.b64decode(value)
    if name.endswith("Timestamp"):
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return arguments(value)


endpoint, token, cases = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
session = botocore.session.get_session()
client = session.create_client(
    "kinesis",
    region_name="eu-central-1",
    endpoint_url=endpoint,
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="secret",
    aws_session_token=token or None,
    config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
)
methods = {client.meta.method_to_api_mapping[name]: name for name in client.meta.method_to_api_mapping}
for operation, body in cases:
    try:
        getattr(client, methods[operation])(**arguments(json.loads(body)))
    except Exception as error:
        # The endpoint answers every call with an empty object.
        print(operation, type(error).__name__)
