//! Rates of calls, from the table of operations.

use super::{Aws, Off, Row};
use millstream_model::limits;
use millstream_protocol::operations::{
    ALL, GetRecords, PutRecord, SubscribeToShard, UpdateShardCount,
};
use millstream_protocol::{Description, Period, Rate, Row as Operation, Scope, Source};

pub(super) fn rows() -> Vec<Row> {
    let of = |operation: &'static Description| {
        let rates = operation.rates.iter();
        rates.map(|rate| row(operation.name, rate))
    };
    ALL.iter().flat_map(of).collect()
}

/// The value is AWS's by its definition: the table of operations holds AWS's rates.
fn row(operation: &'static str, rate: &Rate) -> Row {
    let period = match rate.period {
        Period::Second => "a second",
        Period::Day => "in 24 hours",
    };
    let (what, scope) = match rate.scope {
        Scope::Account => ("", "account and region"),
        Scope::Stream => ("", "stream"),
        Scope::Shard => ("", "shard"),
        Scope::ShardRecords => (" records", "shard"),
        Scope::ConsumerAndShard => ("", "consumer and shard"),
    };
    let here = format!("{}{what} {period} per {scope}", rate.calls);
    let aws = here.clone().leak();
    Row {
        what: operation,
        aws: match rate.source {
            Source::Documented => Aws::Documented(aws),
            Source::Assumed => Aws::Assumed(aws),
        },
        here,
        error: match rate.scope {
            Scope::Account | Scope::Stream | Scope::ConsumerAndShard => "LimitExceededException",
            Scope::Shard | Scope::ShardRecords => "ProvisionedThroughputExceededException",
        },
        off: Off::Gone,
    }
}

/// What is counted by a budget, or in the catalog, is counted at the rate of the table.
#[test]
fn rates_when_also_constants_of_budgets_then_are_the_same() {
    fn calls<O: Operation>(period: Period) -> u64 {
        let mut rates = O::RATES.iter();
        let rate = rates.find(|rate| rate.period == period);
        rate.map_or(0, |rate| u64::from(rate.calls))
    }
    let (second, day) = (Period::Second, Period::Day);
    for (of_table, constant) in [
        (
            calls::<GetRecords>(second),
            limits::SHARD_READ_CALLS_PER_SECOND,
        ),
        (
            calls::<PutRecord>(second),
            limits::SHARD_WRITE_RECORDS_PER_SECOND,
        ),
        (
            calls::<SubscribeToShard>(second),
            limits::SUBSCRIBE_CALLS_PER_SECOND,
        ),
        (
            calls::<UpdateShardCount>(day),
            limits::UPDATE_SHARD_COUNT_PER_DAY.into(),
        ),
    ] {
        assert_eq!(of_table, constant);
    }
}
