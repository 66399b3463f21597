//! Documents of resource policies.

use millstream_auth::policy::Policy;
use millstream_model::{ConsumerArn, StreamArn};
use serde::de::IgnoredAny;

const STREAM: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/orders";
const CONSUMER: &str =
    "arn:aws:kinesis:us-east-1:111111111111:stream/orders/consumer/app:1700000000";

/// A document for a stream and for a consumer. What is accepted is JSON for an independent parser,
/// too, and each of its statements is about someone, something and that resource.
pub(super) fn policies(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let stream = StreamArn::parse(STREAM).unwrap();
    let consumer = ConsumerArn::parse(CONSUMER).unwrap();
    for (arn, resource) in [(STREAM, (&stream).into()), (CONSUMER, (&consumer).into())] {
        let Ok(policy) = Policy::parse(text, resource) else {
            continue;
        };
        assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "not JSON");
        assert!(!policy.statements.is_empty());
        for statement in &policy.statements {
            assert!(!statement.principals.is_empty());
            assert!(!statement.actions.is_empty());
            assert_eq!(statement.resource, arn);
        }
    }
}
