//! One of each fact, for the table of all.
//!
//! A new case of an enumeration does not compile here until it has its sample, and a sample must
//! match its case.

use millstream_auth::policy::{Element, Fault};
use millstream_env::Timestamp;
use millstream_model::{AccountId, ConsumerName, HashKey, HashRange, Region, ShardId, StreamName};
use millstream_protocol::types::{ShardFilterType, ShardIteratorType};
use millstream_replicated::{NotAppended, Unheard};
use millstream_store::{AppendError, LogId, ReadError, StoreError};
use millstream_streams::facts::*;

/// Facts of one enumeration, each with its case's name.
pub(super) struct Samples {
    /// Their subject.
    pub(super) heading: &'static str,
    /// Each case, in declaration order.
    pub(super) facts: Vec<(String, AnyFact)>,
}

/// Samples of all cases of an enumeration.
macro_rules! samples {
    ($heading:literal, $fact:ty { $($case:pat => $sample:expr,)+ }) => {
        samples!($heading, AnyFact::from, $fact { $($case => $sample,)+ })
    };
    ($heading:literal, $into:expr, $fact:ty { $($case:pat => $sample:expr,)+ }) => {{
        fn are_all_named(fact: &$fact) {
            match fact {
                $($case => (),)+
            }
        }
        let mut facts = Vec::new();
        $({
            let sample: $fact = $sample;
            are_all_named(&sample);
            assert!(matches!(sample, $case), "{sample:?} stands behind {}", stringify!($case));
            facts.push((name(stringify!($case)), $into(sample)));
        })+
        Samples { heading: $heading, facts }
    }};
}

/// A pattern without its ignored parts.
fn name(pattern: &str) -> String {
    let name = pattern.replace(" { .. }", "").replace("(_)", "");
    name.replace(", .. }", " }")
}

/// All facts.
pub(super) fn all() -> Vec<Samples> {
    vec![
        streams(),
        shards(),
        consumers(),
        resources(),
        positions(),
        tokens(),
        records(),
        throttled(),
        rates(),
        read_throttled(),
        puts(),
        reads(),
        capacities(),
        tags(),
        policies(),
        retentions(),
        split_keys(),
        lists(),
        refusals(),
        proposals(),
        steps(),
        sweeps(),
        trials(),
        encryption_types(),
        keys(),
        data_keys(),
    ]
}

fn account() -> AccountId {
    AccountId::parse("111111111111").unwrap()
}

fn scope() -> Scope {
    Scope {
        account: account(),
        region: Region::parse("us-east-1").unwrap(),
    }
}

fn stream() -> StreamLabel {
    StreamLabel {
        name: StreamName::parse("orders").unwrap(),
        account: account(),
    }
}

fn consumer() -> ConsumerName {
    ConsumerName::parse("reader").unwrap()
}

fn consumer_label() -> ResourceLabel {
    ResourceLabel::Consumer {
        name: consumer(),
        stream: stream(),
    }
}

fn stream_arn() -> String {
    "arn:aws:kinesis:us-east-1:111111111111:stream/orders".to_owned()
}

fn key_arn() -> String {
    "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab".to_owned()
}

fn consumer_arn() -> String {
    format!("{}/consumer/reader:1767225600", stream_arn())
}

fn io() -> ReadError {
    ReadError::Io("EIO".to_owned())
}

fn streams() -> Samples {
    samples!("Streams", StreamError {
        StreamError::NotNamed => StreamError::NotNamed,
        StreamError::ArnMissing => StreamError::ArnMissing,
        StreamError::InvalidArn { .. } => StreamError::InvalidArn { arn: "arn:x".to_owned() },
        StreamError::NameAndArnDisagree { .. } => StreamError::NameAndArnDisagree {
            name: "other".to_owned(),
            arn: stream_arn(),
        },
        StreamError::NotFound { .. } => StreamError::NotFound {
            name: "orders".to_owned(),
            account: account(),
        },
        StreamError::NotActive { .. } => StreamError::NotActive {
            stream: stream(),
            status: Status::Creating,
        },
        StreamError::NotReadable { .. } => StreamError::NotReadable {
            stream: stream(),
            status: Status::Creating,
        },
        StreamError::OnDemand { .. } => StreamError::OnDemand {
            stream: stream(),
            operation: "SplitShard",
        },
    })
}

fn shards() -> Samples {
    samples!("Shards", ShardError {
        ShardError::NoId { .. } => ShardError::NoId { id: "x".to_owned(), stream: stream() },
        ShardError::NotFound { .. } => ShardError::NotFound {
            shard: ShardId::new(7),
            stream: stream(),
        },
    })
}

fn consumers() -> Samples {
    samples!("Consumers", ConsumerError {
        ConsumerError::NotNamed => ConsumerError::NotNamed,
        ConsumerError::InvalidArn { .. } => ConsumerError::InvalidArn { arn: "arn:x".to_owned() },
        ConsumerError::ReferencesDisagree { .. } => ConsumerError::ReferencesDisagree {
            arn: consumer_arn(),
        },
        ConsumerError::NotFound { .. } => ConsumerError::NotFound {
            consumer: "reader".to_owned(),
            stream: stream(),
        },
        ConsumerError::ArnNotFound { .. } => ConsumerError::ArnNotFound {
            arn: consumer_arn(),
            account: account(),
        },
        ConsumerError::NotActive { .. } => ConsumerError::NotActive {
            consumer: consumer(),
            arn_s: 1_767_225_600,
            status: ConsumerStatus::Creating,
            stream: stream(),
        },
        ConsumerError::SeatTaken { .. } => ConsumerError::SeatTaken {
            consumer: consumer(),
            shard: ShardId::new(7),
            stream: stream(),
        },
        ConsumerError::TooManySubscriptions { .. } => ConsumerError::TooManySubscriptions {
            consumer: consumer(),
            shard: ShardId::new(7),
            stream: stream(),
        },
        ConsumerError::TooFast { .. } => ConsumerError::TooFast {
            consumer: consumer(),
            shard: ShardId::new(7),
            stream: stream(),
        },
    })
}

fn resources() -> Samples {
    let arn = |kind: &str| format!("arn:aws:kinesis:us-east-1:111111111111:{kind}/a-1");
    samples!("Resources", ResourceError {
        ResourceError::NotNamed => ResourceError::NotNamed,
        ResourceError::InvalidArn { .. } => ResourceError::InvalidArn { arn: "arn:x".to_owned() },
        ResourceError::QueueNotFound { .. } => ResourceError::QueueNotFound { arn: arn("queue") },
        ResourceError::ChannelNotFound { .. } => {
            ResourceError::ChannelNotFound { arn: arn("channel") }
        },
        ResourceError::PolicyOfChannel { .. } => {
            ResourceError::PolicyOfChannel { arn: arn("channel") }
        },
    })
}

fn positions() -> Samples {
    let given = |number: &str| NumberUse {
        number: number.to_owned(),
        operation: "GetShardIterator",
        shard: ShardId::new(7),
        stream: stream(),
    };
    samples!("Positions", PositionError {
        PositionError::NumberOrType { .. } => PositionError::NumberOrType {
            kind: ShardIteratorType::Latest,
            number: Presence::Given,
        },
        PositionError::MomentMissing { .. } => PositionError::MomentMissing {
            kind: ShardIteratorType::AtTimestamp,
        },
        PositionError::MomentInFuture { .. } => PositionError::MomentInFuture {
            given: Timestamp(1_767_225_601_000),
            latest: Timestamp(1_767_225_600_000),
        },
        PositionError::NumberZero => PositionError::NumberZero,
        PositionError::NumberInvalid { .. } => PositionError::NumberInvalid { given: given("x") },
        PositionError::NumberOfOtherStream { .. } => {
            PositionError::NumberOfOtherStream { printed: given("1") }
        },
        PositionError::NumberOfOtherShard { .. } => PositionError::NumberOfOtherShard {
            given: given("2"),
            encoded: 8,
        },
        PositionError::NumberIsLast => PositionError::NumberIsLast,
    })
}

fn tokens() -> Samples {
    samples!("Tokens", TokenError {
        TokenError::NoIterator => TokenError::NoIterator,
        TokenError::IteratorExpired { .. } => TokenError::IteratorExpired {
            created: Timestamp(1_767_225_600_000),
            now: Timestamp(1_767_225_901_000),
        },
        TokenError::NoNextToken => TokenError::NoNextToken,
        TokenError::NextTokenExpired => TokenError::NextTokenExpired,
    })
}

fn records() -> Samples {
    samples!("Records", RecordError {
        RecordError::NoPartitionKey { .. } => RecordError::NoPartitionKey { stream: stream() },
        RecordError::ExplicitHashKey { .. } => RecordError::ExplicitHashKey {
            key: "340282366920938463463374607431768211456".to_owned(),
        },
        RecordError::NumberForOrdering { .. } => RecordError::NumberForOrdering {
            number: "x".to_owned(),
            stream: stream(),
        },
        RecordError::OrderingUnderAuto { .. } => RecordError::OrderingUnderAuto {
            number: "1".to_owned(),
            stream: stream(),
        },
        RecordError::TooLarge { which: Oversized::Record, .. } => RecordError::TooLarge {
            which: Oversized::Record,
            bytes_max: 1_048_576,
        },
        RecordError::TooLarge { which: Oversized::Entries(_), .. } => RecordError::TooLarge {
            which: Oversized::Entries(vec![0, 6]),
            bytes_max: 1_048_576,
        },
        RecordError::CallTooLarge { .. } => RecordError::CallTooLarge {
            bytes: 10_485_761,
            bytes_max: millstream_model::limits::PUT_RECORDS_BYTES_MAX,
        },
    })
}

fn throttled() -> Samples {
    samples!("Budgets", Throttled {
        Throttled { .. } => Throttled { shard: ShardId::new(7), stream: stream() },
    })
}

fn rates() -> Samples {
    samples!("Rates", RateExceeded {
        RateExceeded::Account { .. } => RateExceeded::Account { account: account() },
        RateExceeded::Stream { .. } => RateExceeded::Stream { stream: stream() },
        RateExceeded::Changes { .. } => RateExceeded::Changes {
            operation: "StartStreamEncryption",
            most: 25,
            stream: stream(),
        },
    })
}

fn read_throttled() -> Samples {
    samples!("Budgets for reads", ReadThrottled {
        ReadThrottled { .. } => ReadThrottled { shard: ShardId::new(7), stream: stream() },
    })
}

fn puts() -> Samples {
    samples!("Puts", PutFailure {
        PutFailure::NotPut(NotPut::StreamGone) => PutFailure::NotPut(NotPut::StreamGone),
        PutFailure::NotPut(NotPut::NoShard) => PutFailure::NotPut(NotPut::NoShard),
        PutFailure::NotPut(NotPut::NoKey) => PutFailure::NotPut(NotPut::NoKey),
        PutFailure::NotPut(NotPut::Full) => PutFailure::NotPut(NotPut::Full),
        PutFailure::NotPut(NotPut::TooLarge) => PutFailure::NotPut(NotPut::TooLarge),
        PutFailure::NotPut(NotPut::Refused) => PutFailure::NotPut(NotPut::Refused),
        PutFailure::Unknown => PutFailure::Unknown,
    })
}

fn reads() -> Samples {
    let log = LogId { group: 3, index: 7 };
    let damaged = ReadError::Damaged {
        log,
        what: "checksum",
        at: "segment at byte 4096".to_owned(),
    };
    samples!("Reads", ReadFailure {
        ReadFailure::Busy => ReadFailure::Busy,
        ReadFailure::Store(ReadError::NoSuchLog(_)) => {
            ReadFailure::Store(ReadError::NoSuchLog(log))
        },
        ReadFailure::Store(ReadError::Damaged { .. }) => ReadFailure::Store(damaged),
        ReadFailure::Store(ReadError::Io(_)) => ReadFailure::Store(io()),
        ReadFailure::UnknownForm(_) => ReadFailure::UnknownForm(UnknownForm { log }),
        ReadFailure::DataKey(_) => ReadFailure::DataKey(DataKeyFailure::Missing { number: 7 }),
    })
}

fn capacities() -> Samples {
    samples!("Capacity", CapacityError {
        CapacityError::AutoProvisioned { .. } => CapacityError::AutoProvisioned {
            stream: stream(),
        },
        CapacityError::WarmProvisioned => CapacityError::WarmProvisioned,
        CapacityError::ShardsOnDemand => CapacityError::ShardsOnDemand,
        CapacityError::ShardsMissing => CapacityError::ShardsMissing,
        CapacityError::TooManyShards { .. } => CapacityError::TooManyShards {
            shards: 100_001,
            most: millstream_model::limits::STREAM_SHARDS_MAX,
        },
    })
}

fn tags() -> Samples {
    samples!("Tags", TagError {
        TagError::TooMany { resource: ResourceLabel::Stream(_), .. } => TagError::TooMany {
            resource: stream().into(),
            most: millstream_model::limits::TAGS_MAX,
        },
        TagError::TooMany { resource: ResourceLabel::Consumer { .. }, .. } => TagError::TooMany {
            resource: consumer_label(),
            most: millstream_model::limits::TAGS_MAX,
        },
        TagError::Characters => TagError::Characters,
        TagError::Percent { act: TagAct::Add, resource: ResourceLabel::Stream(_) } => {
            TagError::Percent { act: TagAct::Add, resource: stream().into() }
        },
        TagError::Percent { act: TagAct::Remove, resource: ResourceLabel::Stream(_) } => {
            TagError::Percent { act: TagAct::Remove, resource: stream().into() }
        },
        TagError::Percent { act: _, resource: ResourceLabel::Consumer { .. } } => {
            TagError::Percent { act: TagAct::Remove, resource: consumer_label() }
        },
        TagError::Reserved { .. } => TagError::Reserved {
            act: TagAct::Add,
            key: "aws:owner".to_owned(),
            resource: stream().into(),
        },
    })
}

fn policies() -> Samples {
    samples!("Policies", InvalidPolicy {
        InvalidPolicy(Fault::TooLong { .. }) => {
            InvalidPolicy(Fault::TooLong { bytes: 20_481, bytes_max: millstream_model::limits::POLICY_BYTES_MAX })
        },
        InvalidPolicy(Fault::Malformed) => InvalidPolicy(Fault::Malformed),
        InvalidPolicy(Fault::Repeated { .. }) => {
            InvalidPolicy(Fault::Repeated { member: "Effect".to_owned() })
        },
        InvalidPolicy(Fault::Unknown { .. }) => {
            InvalidPolicy(Fault::Unknown { member: "Extra".to_owned(), within: Element::Statement })
        },
        InvalidPolicy(Fault::Negated { .. }) => {
            InvalidPolicy(Fault::Negated { member: "NotAction" })
        },
        InvalidPolicy(Fault::Missing { .. }) => {
            InvalidPolicy(Fault::Missing { element: Element::Principal })
        },
        InvalidPolicy(Fault::Form { .. }) => {
            InvalidPolicy(Fault::Form { element: Element::Condition })
        },
        InvalidPolicy(Fault::Version { .. }) => {
            InvalidPolicy(Fault::Version { given: "2012-10-18".to_owned() })
        },
        InvalidPolicy(Fault::Effect { .. }) => {
            InvalidPolicy(Fault::Effect { given: "allow".to_owned() })
        },
        InvalidPolicy(Fault::RepeatedSid { .. }) => {
            InvalidPolicy(Fault::RepeatedSid { sid: "reads".to_owned() })
        },
        InvalidPolicy(Fault::PrincipalKind { .. }) => {
            InvalidPolicy(Fault::PrincipalKind { given: "Service".to_owned() })
        },
        InvalidPolicy(Fault::Principal { .. }) => {
            InvalidPolicy(Fault::Principal { given: "ann".to_owned() })
        },
        InvalidPolicy(Fault::Wildcard { .. }) => {
            InvalidPolicy(Fault::Wildcard { element: Element::Action })
        },
        InvalidPolicy(Fault::Action { .. }) => {
            InvalidPolicy(Fault::Action { given: "kinesis:DeleteStream".to_owned() })
        },
        InvalidPolicy(Fault::Resource { .. }) => {
            InvalidPolicy(Fault::Resource { given: "*".to_owned() })
        },
        InvalidPolicy(Fault::Operator { .. }) => {
            InvalidPolicy(Fault::Operator { given: "Equals".to_owned() })
        },
        InvalidPolicy(Fault::Key { .. }) => {
            InvalidPolicy(Fault::Key { given: "aws:Later".to_owned() })
        },
        InvalidPolicy(Fault::Comparison { .. }) => {
            InvalidPolicy(Fault::Comparison { operator: "Bool".to_owned(), key: "aws:SourceIp".to_owned() })
        },
        InvalidPolicy(Fault::Value { .. }) => {
            InvalidPolicy(Fault::Value { key: "aws:SourceIp".to_owned(), value: "10.0.0.0/33".to_owned() })
        },
        InvalidPolicy(Fault::Variable { .. }) => {
            InvalidPolicy(Fault::Variable { given: "${aws:name}".to_owned() })
        },
    })
}

fn retentions() -> Samples {
    samples!("Retention", RetentionError {
        RetentionError::TooShort { .. } => RetentionError::TooShort { hours: 23 },
        RetentionError::TooLong { .. } => RetentionError::TooLong { hours: 8761 },
    })
}

fn split_keys() -> Samples {
    samples!("Splits", SplitKeyTooLarge {
        SplitKeyTooLarge { .. } => SplitKeyTooLarge {
            key: "340282366920938463463374607431768211456".to_owned(),
            shard: ShardId::new(7),
            range: HashRange::ALL,
            stream: stream(),
        },
    })
}

fn lists() -> Samples {
    samples!("Lists", ListError {
        ListError::NothingNamed => ListError::NothingNamed,
        ListError::TokenAnd(ListMember::StreamName) => {
            ListError::TokenAnd(ListMember::StreamName)
        },
        ListError::TokenAnd(ListMember::StreamArn) => ListError::TokenAnd(ListMember::StreamArn),
        ListError::TokenAnd(ListMember::ExclusiveStartShardId) => {
            ListError::TokenAnd(ListMember::ExclusiveStartShardId)
        },
        ListError::TokenAnd(ListMember::StreamCreationTimestamp) => {
            ListError::TokenAnd(ListMember::StreamCreationTimestamp)
        },
        ListError::FilterNeeds { .. } => ListError::FilterNeeds {
            kind: ShardFilterType::AtTimestamp,
            member: FilterMember::Timestamp,
        },
        ListError::FilterTakesNo { .. } => ListError::FilterTakesNo {
            kind: ShardFilterType::AtLatest,
            member: FilterMember::ShardId,
        },
    })
}

#[expect(clippy::too_many_lines, reason = "a sample of each case, and no more")]
fn refusals() -> Samples {
    let (first, second) = (ShardId::new(7), ShardId::new(9));
    // A refusal reaches callers as what the catalog says to a change.
    samples!("Refusals", |refusal| ProposeError::Refused(refusal).into(), Refusal {
        Refusal::StreamGone { .. } => Refusal::StreamGone { id: 3 },
        Refusal::StreamExists { .. } => Refusal::StreamExists { stream: stream() },
        Refusal::StreamNotActive { .. } => Refusal::StreamNotActive {
            stream: stream(),
            status: Status::Updating,
        },
        Refusal::StreamHasConsumers { .. } => Refusal::StreamHasConsumers { stream: stream() },
        Refusal::StreamsInTransition { .. } => Refusal::StreamsInTransition { scope: scope(), most: 5 },
        Refusal::TooManyOnDemandStreams { .. } => Refusal::TooManyOnDemandStreams {
            scope: scope(),
            current: 50,
            most: 50,
        },
        Refusal::TooManyShards { .. } => Refusal::TooManyShards {
            scope: scope(),
            current: 19_999,
            most: 20_000,
            more: 2,
        },
        Refusal::TooManyConsumers { .. } => {
            Refusal::TooManyConsumers { stream: stream(), most: 20 }
        },
        Refusal::TooManyConsumersCreating { .. } => {
            Refusal::TooManyConsumersCreating { stream: stream(), most: 5 }
        },
        Refusal::ModeUnchanged { .. } => Refusal::ModeUnchanged {
            stream: stream(),
            mode: Mode::OnDemand,
        },
        Refusal::NotOnDemand { .. } => Refusal::NotOnDemand { stream: stream() },
        Refusal::NotCommitted { .. } => Refusal::NotCommitted { scope: scope() },
        Refusal::WarmThroughputTooHigh { .. } => Refusal::WarmThroughputTooHigh {
            mibps: 10_241,
            most: 10_240,
        },
        Refusal::WarmStreams { .. } => Refusal::WarmStreams {
            scope: scope(),
            streams: 2,
        },
        Refusal::TooManyModeSwitches { .. } => Refusal::TooManyModeSwitches {
            stream: stream(),
            most: 2,
        },
        Refusal::TooManyScalings { .. } => Refusal::TooManyScalings { stream: stream(), most: 10 },
        Refusal::ScalingTooFar { .. } => Refusal::ScalingTooFar { current: 3, target: 7 },
        Refusal::ScalingTooLarge { .. } => Refusal::ScalingTooLarge {
            current: 6_000,
            target: 10_001,
            most: 10_000,
        },
        Refusal::TooManyTags { .. } => Refusal::TooManyTags {
            resource: stream().into(),
            most: 50,
        },
        Refusal::ConsumerExists { .. } => Refusal::ConsumerExists {
            consumer: consumer(),
            stream: stream(),
        },
        Refusal::ConsumerNotFound { .. } => Refusal::ConsumerNotFound {
            consumer: consumer(),
            stream: stream(),
        },
        Refusal::AutoHoldsMode { .. } => Refusal::AutoHoldsMode { stream: stream() },
        Refusal::AutoProvisioned { .. } => Refusal::AutoProvisioned { stream: stream() },
        Refusal::ConsumerNotActive { .. } => Refusal::ConsumerNotActive {
            consumer: consumer(),
            arn_s: 1_767_225_600,
            status: ConsumerStatus::Creating,
            stream: stream(),
        },
        Refusal::NotEncryptedWith { .. } => Refusal::NotEncryptedWith {
            key: key_arn(),
            stream: stream(),
        },
        Refusal::TooManyDataKeys { .. } => Refusal::TooManyDataKeys {
            stream: stream(),
            most: 4096,
        },
        Refusal::NoPolicy { .. } => Refusal::NoPolicy { arn: stream_arn() },
        Refusal::SplitKey { .. } => Refusal::SplitKey {
            key: HashKey(1),
            shard: first,
            range: HashRange::ALL,
            stream: stream(),
        },
        Refusal::NotAdjacent { .. } => Refusal::NotAdjacent {
            shard: first,
            adjacent: second,
            stream: stream(),
        },
        Refusal::ShardClosed { .. } => Refusal::ShardClosed { shard: first, stream: stream() },
        Refusal::ShardNotFound { .. } => Refusal::ShardNotFound { shard: first, stream: stream() },
        Refusal::RetentionNotLonger { .. } => Refusal::RetentionNotLonger {
            hours: 24,
            existing: 48,
            stream: stream(),
        },
        Refusal::RetentionNotShorter { .. } => Refusal::RetentionNotShorter {
            hours: 48,
            existing: 24,
            stream: stream(),
        },
    })
}

fn proposals() -> Samples {
    samples!("Changes", ProposeError {
        ProposeError::Refused(_) => ProposeError::Refused(Refusal::StreamGone { id: 3 }),
        ProposeError::NotApplied { cause: NotAppended::NotFollowed } => ProposeError::NotApplied {
            cause: NotAppended::NotFollowed,
        },
        ProposeError::NotApplied { cause: NotAppended::Store(AppendError::TooLarge) } => {
            AppendError::TooLarge.into()
        },
        ProposeError::NotApplied { cause: NotAppended::Store(_) } => AppendError::Full.into(),
        ProposeError::Unknown { cause: Unheard::Store(_) } => {
            AppendError::Unknown("EIO".to_owned()).into()
        },
        ProposeError::Unknown { cause: Unheard::ResultLost } => ProposeError::Unknown {
            cause: Unheard::ResultLost,
        },
        ProposeError::Unknown { cause: Unheard::JudgedBefore } => ProposeError::Unknown {
            cause: Unheard::JudgedBefore,
        },
    })
}

fn steps() -> Samples {
    samples!("New streams", LogsMissing {
        LogsMissing(_) => LogsMissing(StoreError::NotApplied("ENOSPC".to_owned())),
    })
}

fn sweeps() -> Samples {
    samples!("Expiry", NotSwept {
        NotSwept(_) => NotSwept(SweepError::Read(io().into())),
    })
}

fn trials() -> Samples {
    samples!("Trials", DryRun { DryRun => DryRun, })
}

fn encryption_types() -> Samples {
    samples!("Types of encryption", NoneRequested { NoneRequested => NoneRequested, })
}

fn keys() -> Samples {
    let key = key_arn;
    samples!("Keys", KeyFailure {
        KeyFailure::NoService(_) => NoKeyService.into(),
        KeyFailure::Malformed(_) => MalformedKeyId { key_id: "n/a".to_owned() }.into(),
        KeyFailure::Service(KeyError::NotFound { .. }) => KeyError::NotFound { key: key() }.into(),
        KeyFailure::Service(KeyError::Disabled { .. }) => KeyError::Disabled { key: key() }.into(),
        KeyFailure::Service(KeyError::InvalidState { .. }) => KeyError::InvalidState {
            key: key(),
            state: "pending deletion".to_owned(),
        }.into(),
        KeyFailure::Service(KeyError::AccessDenied { .. }) => {
            KeyError::AccessDenied { key: key() }.into()
        },
        KeyFailure::Service(KeyError::OptInRequired) => KeyError::OptInRequired.into(),
        KeyFailure::Service(KeyError::Throttled) => KeyError::Throttled.into(),
        KeyFailure::Service(KeyError::MaterialMissing { .. }) => KeyError::MaterialMissing {
            why: "an older copy".to_owned(),
        }.into(),
        KeyFailure::Service(KeyError::Unavailable { .. }) => KeyError::Unavailable {
            why: "connection refused".to_owned(),
        }.into(),
    })
}

fn data_keys() -> Samples {
    let key = key_arn;
    samples!("Data keys", DataKeyFailure {
        DataKeyFailure::NoService => DataKeyFailure::NoService,
        DataKeyFailure::Service(KeyError::NotFound { .. }) => {
            DataKeyFailure::Service(KeyError::NotFound { key: key() })
        },
        DataKeyFailure::Service(KeyError::Disabled { .. }) => {
            DataKeyFailure::Service(KeyError::Disabled { key: key() })
        },
        DataKeyFailure::Service(KeyError::InvalidState { .. }) => {
            let state = "pending deletion".to_owned();
            DataKeyFailure::Service(KeyError::InvalidState { key: key(), state })
        },
        DataKeyFailure::Service(KeyError::AccessDenied { .. }) => {
            DataKeyFailure::Service(KeyError::AccessDenied { key: key() })
        },
        DataKeyFailure::Service(KeyError::OptInRequired) => {
            DataKeyFailure::Service(KeyError::OptInRequired)
        },
        DataKeyFailure::Service(KeyError::Throttled) => DataKeyFailure::Service(KeyError::Throttled),
        DataKeyFailure::Service(KeyError::MaterialMissing { .. }) => {
            let why = "an older copy".to_owned();
            DataKeyFailure::Service(KeyError::MaterialMissing { why })
        },
        DataKeyFailure::Service(KeyError::Unavailable { .. }) => {
            DataKeyFailure::Service(KeyError::Unavailable { why: "timed out".to_owned() })
        },
        DataKeyFailure::KmsKeyChanges => DataKeyFailure::KmsKeyChanges,
        DataKeyFailure::NotAdded { .. } => DataKeyFailure::NotAdded { why: "not applied".to_owned() },
        DataKeyFailure::Missing { .. } => DataKeyFailure::Missing { number: 7 },
    })
}
