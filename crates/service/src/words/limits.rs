//! Quotas and rates: what an account, a region or a stream may have, and how often it is called.

use super::Words;
use super::arguments::not_tagged;
use millstream_model::limits::{MODE_SWITCH_HOURS, UPDATE_SHARD_COUNT_HOURS};
use millstream_streams::facts::{RateExceeded, ResourceLabel, Scope, StreamLabel, TagAct};

pub(super) fn shards(scope: &Scope, current: u32, most: u32, more: u32) -> Words {
    let Scope { account, region } = scope;
    Words::recorded(format!(
        "This request would exceed the shard limit for the account {account} in {region}. Current shard count \
         for the account: {current}. Limit: {most}. Number of additional shards that would \
         have resulted from this request: {more}. Refer to the AWS Service Limits page \
         (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits \
         and how to request higher limits."
    ))
}

pub(super) fn on_demand_streams(scope: &Scope, current: u32, most: u32) -> Words {
    let Scope { account, region } = scope;
    Words::recorded(format!(
        "This request would exceed the limit on the number of On-Demand streams for the account \
         {account} in {region}. Current On-Demand streams count: {current}. Limit: {most}."
    ))
}

/// Terraform retries on "simultaneously be in CREATING or DELETING". Both blanks are AWS's.
pub(super) fn streams_in_transition(scope: &Scope, most: u32) -> Words {
    Words::recorded(format!(
        "This request would have exceed the limit on the number  of streams that can \
         simultaneously be in CREATING or DELETING for the account {}. Limit: {most}.",
        scope.account
    ))
}

pub(super) fn consumers(stream: &StreamLabel, most: u32) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "This request would exceed the limit on the number of registered consumers for the stream \
         {name} under account {account}. Limit: {most}."
    ))
}

pub(super) fn creating(stream: &StreamLabel, most: u32) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "This request would exceed the limit on the number of consumers that can simultaneously be \
         in CREATING for the stream {name} under account {account}. Limit: {most}."
    ))
}

pub(super) fn scalings(stream: &StreamLabel, most: u32) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "UpdateShardCount cannot be called more than {most} times in {UPDATE_SHARD_COUNT_HOURS} hours on \
         stream {name} under account {account}."
    ))
}

pub(super) fn mode_switches(stream: &StreamLabel, most: u32) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "UpdateStreamMode cannot be called more than {most} times in {MODE_SWITCH_HOURS} hours on stream \
         {name} under account {account}."
    ))
}

pub(super) fn not_committed(scope: &Scope) -> Words {
    let Scope { account, region } = scope;
    Words::unrecorded(format!(
        "WarmThroughputMiBps is only supported for accounts with MinimumThroughputBillingCommitment \
         enabled. It is not enabled for the account {account} in {region}."
    ))
}

pub(super) fn warm_throughput(mibps: u32, most: u32) -> Words {
    Words::unrecorded(format!(
        "WarmThroughputMiBps {mibps} is greater than the limit of {most} MiB/s of an On-Demand stream."
    ))
}

pub(super) fn warm_streams(scope: &Scope, streams: u32) -> Words {
    let Scope { account, region } = scope;
    Words::unrecorded(format!(
        "MinimumThroughputBillingCommitment cannot be disabled for the account {account} in {region} \
         because there are streams with warm throughput. Current count of such streams: {streams}."
    ))
}

pub(super) fn tags(resource: &ResourceLabel, most: usize) -> Words {
    let kind = match resource {
        ResourceLabel::Stream(_) => "stream",
        ResourceLabel::Consumer { .. } => "consumer",
    };
    let why =
        format!("because a given {kind} cannot have more than {most} tags associated with it.");
    not_tagged(TagAct::Add, resource, &why)
}

/// Terraform retries on "Rate exceeded for stream". DescribeStream answers that, though its rate is
/// an account's: <https://github.com/boto/botocore/pull/821>. ListStreams names the account:
/// <https://github.com/Graylog2/graylog-plugin-integrations/issues/341>.
pub(super) fn rates(fact: &RateExceeded) -> Words {
    match fact {
        RateExceeded::Account { account } => {
            Words::recorded(format!("Rate exceeded for account {account}."))
        }
        RateExceeded::Stream {
            stream: StreamLabel { name, account },
        } => Words::recorded(format!(
            "Rate exceeded for stream {name} under account {account}."
        )),
        RateExceeded::Changes {
            operation,
            most,
            stream: StreamLabel { name, account },
        } => Words::unrecorded(format!(
            "{operation} cannot be called more than {most} times in 24 hours on stream {name} under \
             account {account}."
        )),
    }
}
