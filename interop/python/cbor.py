"""A client that speaks CBOR 1.1, as the Java SDKs do: requests in the form of boto3's, and their answers.

Python's `datetime` and `bytes` become CBOR's tag 1 with an integer of milliseconds, and byte strings.
A timestamp that comes in any other form is refused.
"""

import time
from datetime import datetime, timedelta, timezone

import cbor2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from server import PACE_SECONDS, Server, came_too_soon

CONTENT_TYPE = "application/x-amz-cbor-1.1"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)


def encode(value, indefinite: bool = False) -> bytes:
    """The bytes of a request; if told, with maps and lists that do not say how long they are."""
    return cbor2.dumps(value, encoders={datetime: _encode_time}, indefinite_containers=indefinite)


def decode(body: bytes):
    """The answer of a body."""
    return cbor2.loads(body, semantic_decoders={1: _decode_time}) if body else {}


def _encode_time(encoder, time: datetime) -> None:
    encoder.encode(cbor2.CBORTag(1, round((time - EPOCH) / MILLISECOND)))


def _decode_time(milliseconds, _immutable: bool) -> datetime:
    assert type(milliseconds) is int, f"a timestamp of {milliseconds!r}"
    return EPOCH + milliseconds * MILLISECOND


class CborClient:
    """Requests of one account, signed as botocore signs."""

    def __init__(self, server: Server, account: str, region: str = "us-east-1"):
        self.url = server.url
        self.signer = SigV4Auth(Credentials(account, server.secret(account)), "kinesis", region)
        self.http = URLLib3Session(timeout=20)

    def call(self, operation: str, request: dict) -> dict:
        """The answer to a request, which must be a good one."""
        status, answer = self.send(operation, encode(request))
        assert status == 200, (operation, answer)
        return answer

    def send(self, operation: str, body: bytes) -> tuple[int, dict]:
        """The status and the answer to any bytes; sent again if they came faster than AWS lets anyone call."""
        while True:
            status, answer = self._send_once(operation, body)
            error = {"Code": answer.get("__type"), "Message": answer.get("message")}
            if not came_too_soon(operation, error):
                return status, answer
            time.sleep(PACE_SECONDS)

    def _send_once(self, operation: str, body: bytes) -> tuple[int, dict]:
        headers = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": f"Kinesis_20131202.{operation}"}
        request = AWSRequest("POST", self.url, headers, body)
        self.signer.add_auth(request)
        response = self.http.send(request.prepare())
        assert response.headers["content-type"] == CONTENT_TYPE
        return response.status_code, decode(response.content)
