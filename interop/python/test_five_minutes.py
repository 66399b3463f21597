"""The end of a subscription by the real clock: it begins with the first of all tests and is looked at last."""

MINUTES_FIVE = 300
# A server on a busy machine may be late; one that has forgotten would never end it.
LATE_SECONDS_MAX = 120


def test_subscription_when_five_minutes_old_then_ends_cleanly_and_can_be_resumed(five_minutes):
    kinesis, stream = five_minutes.kinesis, {"StreamName": "orders"}
    assert five_minutes.wait(MINUTES_FIVE + LATE_SECONDS_MAX), "it goes on and on"
    assert five_minutes.failure is None
    assert five_minutes.seconds >= MINUTES_FIVE - 1
    received = [record["Data"] for event in five_minutes.events for record in event["Records"]]
    assert received == [b"meanwhile"]

    kinesis.put_record(**stream, PartitionKey="key", Data=b"later")
    last = five_minutes.events[-1]["ContinuationSequenceNumber"]
    resumed = five_minutes.subscribe(Type="AFTER_SEQUENCE_NUMBER", SequenceNumber=last)
    records = next(event["Records"] for event in resumed if event["Records"])
    assert [record["Data"] for record in records] == [b"later"]
