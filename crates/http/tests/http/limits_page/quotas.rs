//! AWS's limits on throughput, state and sizes, from the constants of `model`.

use super::{Aws, Off, Row};
use millstream_model::limits;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Mutex;

use Aws::{Assumed, Documented, Own};
use Off::{Gone, Stays};

/// Constants whose rows are made already.
static SHOWN: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// A constant of `limits`, noted as shown.
macro_rules! value {
    ($name:ident) => {{
        SHOWN.lock().unwrap().insert(stringify!($name));
        limits::$name
    }};
}

fn row(what: &'static str, aws: Aws, here: impl Display, (error, off): (&'static str, Off)) -> Row {
    Row {
        what,
        aws,
        here: here.to_string(),
        error,
        off,
    }
}

fn mib(bytes: impl TryInto<u64, Error: std::fmt::Debug>) -> String {
    let bytes: u64 = bytes.try_into().unwrap();
    assert_eq!(bytes % (1 << 20), 0);
    format!("{} MiB", bytes >> 20)
}

const THROUGHPUT: &str = "ProvisionedThroughputExceededException";
const LIMIT: &str = "LimitExceededException";
const ARGUMENT: &str = "InvalidArgumentException";

pub(super) fn throughput() -> Vec<Row> {
    let per_second = |bytes: u64| format!("{} a second", mib(bytes));
    vec![
        row(
            "bytes put into a shard, keys included",
            Documented("1 MiB a second"),
            per_second(value!(SHARD_WRITE_BYTES_PER_SECOND)),
            (THROUGHPUT, Gone),
        ),
        row(
            "bytes put into a shard at once, where records may be larger than 1 MiB",
            Assumed("10 MiB"),
            mib(value!(SHARD_BURST_BYTES)),
            (THROUGHPUT, Gone),
        ),
        row(
            "records put into a shard",
            Documented("1000 a second"),
            format!("{} a second", value!(SHARD_WRITE_RECORDS_PER_SECOND)),
            (THROUGHPUT, Gone),
        ),
        row(
            "bytes read from a shard by GetRecords",
            Documented("2 MiB a second"),
            per_second(value!(SHARD_READ_BYTES_PER_SECOND)),
            (THROUGHPUT, Gone),
        ),
        row(
            "GetRecords of a shard",
            Documented("5 a second"),
            format!("{} a second", value!(SHARD_READ_CALLS_PER_SECOND)),
            (THROUGHPUT, Gone),
        ),
        row(
            "pause of a shard after a full answer of GetRecords",
            Documented("5 s"),
            format!("{} s", value!(READ_PAUSE_SECONDS)),
            (THROUGHPUT, Gone),
        ),
        row(
            "bytes pushed to a consumer from a shard",
            Documented("2 MiB a second"),
            per_second(value!(SUBSCRIPTION_BYTES_PER_SECOND)),
            ("events wait", Gone),
        ),
        row(
            "SubscribeToShard of a consumer and shard",
            Documented("1 a second"),
            format!("{} a second", value!(SUBSCRIBE_CALLS_PER_SECOND)),
            (LIMIT, Gone),
        ),
        row(
            "SubscribeToShard of a consumer and shard after a successful one",
            Documented("after 5 s"),
            format!("after {} s", value!(SUBSCRIBE_EXCLUSIVE_SECONDS)),
            ("ResourceInUseException", Stays),
        ),
        row(
            "duration of a subscription",
            Documented("300 s"),
            format!("{} s", value!(SUBSCRIPTION_SECONDS)),
            ("it ends", Stays),
        ),
    ]
}

pub(super) fn quotas() -> Vec<Row> {
    let mut rows = of_accounts();
    rows.extend(of_shards());
    rows.extend(on_demand());
    rows.extend(of_streams());
    rows
}

fn of_accounts() -> Vec<Row> {
    let shards = limits::shards_default;
    vec![
        row(
            "open shards of an account in us-east-1, us-west-2 and eu-west-1; in nine more regions; elsewhere",
            Documented("20000; 6000; 1000"),
            format!(
                "{}; {}; {}",
                shards("us-east-1"),
                shards("eu-central-1"),
                shards("sa-east-1")
            ),
            (LIMIT, Gone),
        ),
        row(
            "on-demand streams of an account and region",
            Documented("50"),
            value!(ON_DEMAND_STREAMS_MAX),
            (LIMIT, Gone),
        ),
        row(
            "time before a commitment to a minimum of throughput may end",
            Documented("24 hours"),
            format!("{} hours", value!(COMMITMENT_HOURS_MIN)),
            ("it ends then", Stays),
        ),
        row(
            "streams of an account and region that are CREATING or DELETING at once",
            Documented("5"),
            value!(STREAMS_IN_TRANSITION_MAX),
            (LIMIT, Gone),
        ),
    ]
}

fn of_shards() -> Vec<Row> {
    vec![
        row(
            "shards that a stream is created with",
            Own,
            value!(STREAM_SHARDS_MAX),
            (ARGUMENT, Stays),
        ),
        row(
            "UpdateShardCount: changes of a stream",
            Documented("10 in 24 hours"),
            format!(
                "{} in {} hours",
                value!(UPDATE_SHARD_COUNT_PER_DAY),
                value!(UPDATE_SHARD_COUNT_HOURS)
            ),
            (LIMIT, Gone),
        ),
        row(
            "UpdateShardCount: shards",
            Documented("10000"),
            value!(UPDATE_SHARD_COUNT_MAX),
            (LIMIT, Stays),
        ),
        row(
            "UpdateShardCount: shards, of those that are open",
            Documented("2 times as many, or 1/2"),
            format!(
                "{0} times as many, or 1/{0}",
                value!(UPDATE_SHARD_COUNT_FACTOR)
            ),
            (LIMIT, Gone),
        ),
    ]
}

fn on_demand() -> Vec<Row> {
    vec![
        row(
            "shards that an on-demand stream begins with",
            Documented("4"),
            value!(ON_DEMAND_SHARDS),
            ("–", Stays),
        ),
        row(
            "MiB per second, and so open shards, of an on-demand stream in us-east-1, us-west-2 and eu-west-1; elsewhere",
            Documented("10240; 200"),
            format!(
                "{}; {}",
                limits::on_demand_mibps_max("us-east-1"),
                limits::on_demand_mibps_max("sa-east-1")
            ),
            (LIMIT, Gone),
        ),
        row(
            "room of an on-demand stream, by its highest write rate",
            Documented("2 times that of 30 days"),
            format!(
                "{} times that of {} days",
                value!(ON_DEMAND_PEAK_TIMES),
                value!(ON_DEMAND_PEAK_DAYS)
            ),
            (THROUGHPUT, Gone),
        ),
        row(
            "write rate above which a shard of an on-demand stream is split",
            Assumed("512 KiB or 500 records a second"),
            format!(
                "{} KiB or {} records a second",
                value!(ON_DEMAND_SPLIT_BYTES_PER_SECOND) / 1024,
                value!(ON_DEMAND_SPLIT_RECORDS_PER_SECOND)
            ),
            ("it is split", Gone),
        ),
        row(
            "UpdateStreamMode: changes of a stream",
            Documented("2 in 24 hours"),
            format!(
                "{} in {} hours",
                value!(MODE_SWITCHES_PER_DAY),
                value!(MODE_SWITCH_HOURS)
            ),
            (LIMIT, Gone),
        ),
    ]
}

fn of_streams() -> Vec<Row> {
    vec![
        row(
            "registered consumers of a stream",
            Documented("20"),
            value!(CONSUMERS_MAX),
            (LIMIT, Gone),
        ),
        row(
            "registered consumers of a stream while its account is committed to a minimum of throughput",
            Documented("50"),
            value!(CONSUMERS_COMMITTED_MAX),
            (LIMIT, Gone),
        ),
        row(
            "consumers of a stream that are CREATING at once",
            Documented("5"),
            value!(CONSUMERS_CREATING_MAX),
            (LIMIT, Gone),
        ),
        row(
            "tags of a stream, and of a consumer",
            Documented("50"),
            value!(TAGS_MAX),
            (ARGUMENT, Stays),
        ),
        row(
            "a resource policy",
            Documented("20 KiB"),
            format!("{} KiB", value!(POLICY_BYTES_MAX) / 1024),
            (ARGUMENT, Stays),
        ),
    ]
}

pub(super) fn sizes() -> Vec<Row> {
    vec![
        row(
            "a record, its key included, unless its stream allows more",
            Documented("1024 KiB"),
            format!("{} KiB", value!(RECORD_KIB_DEFAULT)),
            ("ValidationException", Stays),
        ),
        row(
            "records of a PutRecords, keys included",
            Documented("10 MiB"),
            mib(value!(PUT_RECORDS_BYTES_MAX)),
            (ARGUMENT, Stays),
        ),
        row(
            "records of an answer of GetRecords",
            Documented("10000"),
            value!(GET_RECORDS_MAX),
            ("the rest comes later", Stays),
        ),
        row(
            "bytes of an answer of GetRecords",
            Documented("10 MiB"),
            mib(value!(GET_RECORDS_BYTES_MAX)),
            ("the rest comes later", Stays),
        ),
        row(
            "retention",
            Documented("24 to 8760 hours"),
            format!(
                "{} to {} hours",
                value!(RETENTION_HOURS_MIN),
                value!(RETENTION_HOURS_MAX)
            ),
            (ARGUMENT, Stays),
        ),
        row(
            "lifetime of a shard iterator and of a NextToken",
            Documented("300000 ms"),
            format!("{} ms", value!(TOKEN_LIFETIME_MS)),
            ("ExpiredIteratorException, ExpiredNextTokenException", Stays),
        ),
    ]
}

/// A new constant needs a row.
#[test]
fn constants_when_they_limit_something_then_are_on_the_page() {
    let source = include_str!("../../../../model/src/limits.rs");
    let named = source.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("pub const ")?.split_once(':')?;
        Some(name)
    });
    let named: BTreeSet<&str> = named.collect();
    assert!(named.len() > 20, "{named:?}");
    let _ = (throughput(), quotas(), sizes());
    assert_eq!(*SHOWN.lock().unwrap(), named);
}
