"""Has boto3 ask again when an answer's connection ended before the answer did.

When a server dies while it answers, boto3 takes an answer of which the head arrived and the body did
not for a success without members: a GetRecords without `Records`. Not for answers of unknown length.
"""

ATTEMPTS_MAX = 10


def retry_cut_answers(client):
    """The same client, which repeats a request whose answer was cut off."""
    client.meta.events.register_first("needs-retry.kinesis", _pause_before_retry)
    return client


def _pause_before_retry(response, attempts: int, **_) -> int | None:
    """How many seconds to wait before the request is sent again; None is for others to decide."""
    if response is None or attempts >= ATTEMPTS_MAX:
        return None
    answer, _ = response
    length = answer.headers.get("Content-Length")
    return 0 if length is None or len(answer.content) < int(length) else None
