//! Texts that stand for values: ARNs, sequence numbers, hash keys, ids of shards.

use millstream_model::{
    AnyNumber, ConsumerArn, HashKey, ResourceArn, SequenceNumber, ShardId, StreamArn, StreamName,
};

/// The ARN of a stream, of a consumer or of any resource: it prints as it was written.
pub(super) fn arns(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let (stream, consumer) = (StreamArn::parse(text), ConsumerArn::parse(text));
    assert!(stream.is_err() || consumer.is_err(), "it is of one kind");
    match ResourceArn::parse(text) {
        Ok(ResourceArn::Stream(arn)) => {
            assert_eq!(arn.to_string(), text);
            assert_eq!(stream, Ok(arn));
        }
        Ok(ResourceArn::Consumer(arn)) => {
            assert_eq!(arn.to_string(), text);
            assert_eq!(consumer, Ok(arn));
        }
        Ok(ResourceArn::Queue | ResourceArn::Channel) | Err(_) => {
            assert!(stream.is_err() && consumer.is_err());
        }
    }
    if let Ok(name) = StreamName::parse(text) {
        assert_eq!(name.as_str(), text);
    }
}

/// A number: one that was issued here has one text, and means the same in every reading. Any other
/// means the same when it is printed.
pub(super) fn numbers(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let any = AnyNumber::parse(text);
    if let Ok(any) = any {
        assert_eq!(AnyNumber::parse(&any.to_string()), Ok(any));
    }
    if let Ok(number) = SequenceNumber::parse(text) {
        assert_eq!(number.to_string(), text);
        let any = any.expect("a number of ours is of some layout");
        assert_eq!(any.to_string(), text);
        assert_eq!(any.created_s, number.created_s);
        assert_eq!(any.arrival_s, Some(number.arrival_s));
        assert_eq!(i64::from(any.shard_index), i64::from(number.shard_index));
    }
    if let Ok(key) = HashKey::parse(text) {
        let digits = text.trim_start_matches('0');
        assert_eq!(
            key.to_string(),
            if digits.is_empty() { "0" } else { digits }
        );
    }
    if let Ok(shard) = ShardId::parse(text) {
        assert_eq!(ShardId::parse(&shard.to_string()), Ok(shard));
    }
}
