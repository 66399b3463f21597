//! Changes a stream's tags, policy and metrics, and queries everything else about it.
//!
//! There is one clerk per stream: what it was told about tags, policy and metrics holds until it
//! changes them again.

mod by_arn;

use super::chronicle::Chronicle;
use super::client::{Client, Failure};
use super::perhaps::{Perhaps, Seen};
use super::server::Server;
use millstream_protocol::operations::{
    self, AddTagsToStreamInput, DescribeAccountSettingsInput, DescribeLimitsInput,
    DescribeStreamInput, DisableEnhancedMonitoringInput, EnableEnhancedMonitoringInput,
    ListStreamsInput, ListTagsForStreamInput, RemoveTagsFromStreamInput,
    StartStreamEncryptionInput, StopStreamEncryptionInput, UpdateAccountSettingsInput,
    UpdateMaxRecordSizeInput, UpdateStreamRecordDistributionStrategyInput,
};
use millstream_protocol::types::{
    EncryptionType, MetricsName, MinimumThroughputBillingCommitmentInput,
    MinimumThroughputBillingCommitmentInputStatus, MinimumThroughputBillingCommitmentOutput,
    MinimumThroughputBillingCommitmentOutputStatus, RecordDistributionStrategy, StreamDescription,
    Tag,
};
use millstream_protocol::{ErrorCode, Operation};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tags' keys.
const KEYS: [&str; 4] = ["owner", "stage", "cost-centre", "team"];
/// The metrics that are switched.
const METRICS: [MetricsName; 3] = [
    MetricsName::IncomingBytes,
    MetricsName::OutgoingRecords,
    MetricsName::IteratorAgeMilliseconds,
];

/// How long a commitment binds at least.
const COMMITMENT_MS: i64 = 24 * 3_600_000;

/// Maximum sizes of records, far above those that are put.
const RECORD_KIB: std::ops::Range<i32> = 1024..10_241;

/// What a clerk calls.
const OPERATIONS: [&str; 20] = [
    "AddTagsToStream",
    "DeleteResourcePolicy",
    "DescribeAccountSettings",
    "DescribeLimits",
    "DescribeStream",
    "DisableEnhancedMonitoring",
    "EnableEnhancedMonitoring",
    "GetResourcePolicy",
    "ListStreams",
    "ListTagsForResource",
    "ListTagsForStream",
    "PutResourcePolicy",
    "RemoveTagsFromStream",
    "StartStreamEncryption",
    "StopStreamEncryption",
    "TagResource",
    "UntagResource",
    "UpdateAccountSettings",
    "UpdateMaxRecordSize",
    "UpdateStreamRecordDistributionStrategy",
];

/// Someone who keeps a stream in order.
pub(super) struct Clerk {
    client: Client,
    stream: Arc<Chronicle>,
    tags: BTreeMap<&'static str, Perhaps<Option<String>>>,
    metrics: BTreeMap<MetricsName, Perhaps<Switch>>,
    policy: Perhaps<Option<String>>,
    record_kib: Perhaps<i32>,
    encryption: Perhaps<Switch>,
    changes: u32,
    /// The stream's ARN, once it was described.
    arn: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

impl Clerk {
    pub(super) fn new(client: Client, stream: Arc<Chronicle>) -> Self {
        Self {
            client,
            stream,
            tags: KEYS.map(|key| (key, Perhaps::known(None))).into(),
            metrics: METRICS.map(|it| (it, Perhaps::known(Switch::Off))).into(),
            policy: Perhaps::known(None),
            record_kib: Perhaps::known(RECORD_KIB.start),
            encryption: Perhaps::known(Switch::Off),
            changes: 0,
            arn: None,
        }
    }

    /// Changes and looks until the work is over.
    pub(super) async fn run(mut self) {
        while let Some(server) = self.client.server().await {
            match self.client.choose(&OPERATIONS) {
                "AddTagsToStream" => self.add_tag(&server).await,
                "RemoveTagsFromStream" => self.remove_tag(&server).await,
                "ListTagsForStream" => self.look_at_tags(&server).await,
                "EnableEnhancedMonitoring" => self.switch_metric(&server, Switch::On).await,
                "DisableEnhancedMonitoring" => self.switch_metric(&server, Switch::Off).await,
                "DescribeStream" => self.look_at_stream(&server).await,
                "ListStreams" => self.look_for_stream(&server).await,
                "DescribeLimits" => self.look_at_limits(&server).await,
                "TagResource" => self.tag_resource(&server).await,
                "UntagResource" => self.untag_resource(&server).await,
                "ListTagsForResource" => self.look_at_resource_tags(&server).await,
                "PutResourcePolicy" => self.put_policy(&server).await,
                "DeleteResourcePolicy" => self.delete_policy(&server).await,
                "GetResourcePolicy" => self.look_at_policy(&server).await,
                "DescribeAccountSettings" => self.look_at_account(&server).await,
                "UpdateAccountSettings" => self.change_account(&server).await,
                "UpdateMaxRecordSize" => self.change_record_limit(&server).await,
                "StartStreamEncryption" => self.encrypt(&server, Switch::On).await,
                "UpdateStreamRecordDistributionStrategy" => self.redistribute(&server).await,
                _ => self.encrypt(&server, Switch::Off).await,
            }
            self.client.think().await;
        }
    }

    fn name(&self) -> Option<String> {
        Some(self.stream.name.clone())
    }

    fn complain(&self, what: impl std::fmt::Display) {
        let stream = &self.stream.name;
        self.client.machine.complain(format!("{stream}: {what}"));
    }

    // --- Tags
    // -------------------------------------------------------------------------------------

    async fn add_tag(&mut self, server: &Server) {
        let key = KEYS[self.client.rng.usize(..KEYS.len())];
        self.changes += 1;
        let value = format!("change {}", self.changes);
        let input = AddTagsToStreamInput {
            stream_name: self.name(),
            tags: [(key.to_owned(), value.clone())].into(),
            stream_arn: None,
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::AddTagsToStream>(server, &input);
        let answer = call.await.1;
        self.note_tag(key, Some(value), &answer, &[], server.changes_until());
    }

    async fn remove_tag(&mut self, server: &Server) {
        let key = KEYS[self.client.rng.usize(..KEYS.len())];
        let input = RemoveTagsFromStreamInput {
            stream_name: self.name(),
            tag_keys: vec![key.to_owned()],
            stream_arn: None,
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::RemoveTagsFromStream>(server, &input);
        let answer = call.await.1;
        self.note_tag(key, None, &answer, &[], server.changes_until());
    }

    fn note_tag(
        &mut self,
        key: &'static str,
        value: Option<String>,
        answer: &Result<(), Failure>,
        expected: &[ErrorCode],
        generation: u64,
    ) {
        if let Err(failure) = answer {
            self.client.complain_unless("a tag", failure, expected);
        }
        if let Some(tag) = self.tags.get_mut(key) {
            note(tag, value, answer, generation);
        }
    }

    async fn look_at_tags(&mut self, server: &Server) {
        let input = ListTagsForStreamInput {
            stream_name: self.name(),
            ..ListTagsForStreamInput::default()
        };
        let call = self
            .client
            .call::<operations::ListTagsForStream>(server, &input);
        let output = match call.await.1 {
            Ok(output) => output,
            Err(failure) => return self.client.complain_unless("a look at tags", &failure, &[]),
        };
        self.check_tags(output.tags, server.changes_until());
    }

    fn check_tags(&mut self, tags: Vec<Tag>, generation: u64) {
        if self.client.is_behind() {
            return;
        }
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for tag in tags {
            found.insert(tag.key, tag.value.unwrap_or_default());
        }
        let mut odd = Vec::new();
        for (key, tag) in &mut self.tags {
            let value = found.remove(*key);
            if tag.look(value.clone(), generation) == Seen::Impossible {
                odd.push(format!("tag {key} is {value:?}, not {tag:?}"));
            }
        }
        odd.extend(found.keys().map(|key| format!("nobody set tag {key}")));
        odd.into_iter().for_each(|what| self.complain(what));
    }

    // --- Metrics
    // ----------------------------------------------------------------------------------

    async fn switch_metric(&mut self, server: &Server, to: Switch) {
        let metric = METRICS[self.client.rng.usize(..METRICS.len())];
        let (stream_name, shard_level_metrics) = (self.name(), vec![metric]);
        let (stream_arn, stream_id) = (None, None);
        let answer = match to {
            Switch::On => {
                let input = EnableEnhancedMonitoringInput {
                    stream_name,
                    shard_level_metrics,
                    stream_arn,
                    stream_id,
                };
                let call = self
                    .client
                    .call::<operations::EnableEnhancedMonitoring>(server, &input);
                call.await.1
            }
            Switch::Off => {
                let input = DisableEnhancedMonitoringInput {
                    stream_name,
                    shard_level_metrics,
                    stream_arn,
                    stream_id,
                };
                let call = self
                    .client
                    .call::<operations::DisableEnhancedMonitoring>(server, &input);
                call.await.1
            }
        };
        if let Err(failure) = &answer {
            // A reshard may be in progress.
            let expected = [ErrorCode::ResourceInUseException];
            self.client.complain_unless("a metric", failure, &expected);
        }
        if let Some(known) = self.metrics.get_mut(&metric) {
            note(known, to, &answer.map(drop), server.changes_until());
        }
    }

    /// What DescribeStream says, metrics among it.
    async fn look_at_stream(&mut self, server: &Server) {
        let input = DescribeStreamInput {
            stream_name: self.name(),
            ..DescribeStreamInput::default()
        };
        let call = self
            .client
            .call::<operations::DescribeStream>(server, &input);
        match call.await.1 {
            Ok(_) if self.client.is_behind() => {}
            Ok(output) => self.check(&output.stream_description, server.changes_until()),
            Err(failure) => self
                .client
                .complain_unless("a look at a stream", &failure, &[]),
        }
    }

    fn check(&mut self, stream: &StreamDescription, generation: u64) {
        let named = stream.enhanced_monitoring.iter();
        let on: Vec<MetricsName> = named
            .flat_map(|metrics| metrics.shard_level_metrics.iter().flatten())
            .copied()
            .collect();
        let mut odd = Vec::new();
        for (metric, known) in &mut self.metrics {
            let is = match on.contains(metric) {
                true => Switch::On,
                false => Switch::Off,
            };
            if known.look(is, generation) == Seen::Impossible {
                odd.push(format!("metric {metric} is {is:?}, not {known:?}"));
            }
        }
        odd.into_iter().for_each(|what| self.complain(what));
        let encryption = match stream.encryption_type {
            Some(EncryptionType::Kms) => Switch::On,
            Some(EncryptionType::None) | None => Switch::Off,
        };
        if self.encryption.look(encryption, generation) == Seen::Impossible {
            let known = &self.encryption;
            self.complain(format!("its encryption is {encryption:?}, not {known:?}"));
        }
    }

    // --- The largest record
    // ---------------------------------------------------------------------------------

    async fn change_record_limit(&mut self, server: &Server) {
        self.look_at_record_limit(server).await;
        let Some(arn) = self.arn.clone() else { return };
        let kib = self.client.rng.i32(RECORD_KIB);
        let input = UpdateMaxRecordSizeInput {
            stream_arn: Some(arn),
            stream_id: None,
            max_record_size_in_kib: kib,
        };
        let call = self
            .client
            .call::<operations::UpdateMaxRecordSize>(server, &input);
        let answer = call.await.1;
        if let Err(failure) = &answer {
            let expected = [ErrorCode::ResourceInUseException];
            self.client
                .complain_unless("a new record size", failure, &expected);
        }
        note(&mut self.record_kib, kib, &answer, server.changes_until());
    }

    async fn look_at_record_limit(&mut self, server: &Server) {
        let Ok(Some(found)) = self.client.describe(server, &self.stream.name).await else {
            return;
        };
        self.arn = Some(found.stream_arn);
        if self.client.is_behind() {
            return;
        }
        let kib = found.max_record_size_in_kib.unwrap_or_default();
        if self.record_kib.look(kib, server.changes_until()) == Seen::Impossible {
            let known = &self.record_kib;
            self.complain(format!("records may have {kib} KiB, not {known:?}"));
        }
    }

    // --- Everything else
    // --------------------------------------------------------------------------

    async fn look_for_stream(&mut self, server: &Server) {
        let input = ListStreamsInput::default();
        let call = self.client.call::<operations::ListStreams>(server, &input);
        match call.await.1 {
            Ok(output) if output.stream_names.contains(&self.stream.name) => {}
            Ok(output) => self.complain(format!("it is not among {:?}", output.stream_names)),
            Err(failure) => self
                .client
                .complain_unless("a list of streams", &failure, &[]),
        }
    }

    /// It has a shard at least, whatever was split and merged.
    async fn look_at_limits(&mut self, server: &Server) {
        let input = DescribeLimitsInput {};
        let call = self
            .client
            .call::<operations::DescribeLimits>(server, &input);
        match call.await.1 {
            Ok(output) if (1..=output.shard_limit).contains(&output.open_shard_count) => {}
            Ok(output) => self.complain(format!("the limits are {output:?}")),
            Err(failure) => self
                .client
                .complain_unless("a look at limits", &failure, &[]),
        }
    }

    /// Its records are assigned by their keys, and stay so: otherwise nobody could say where one
    /// belongs. The admin puts it on demand at any moment, so that AUTO might be accepted.
    async fn redistribute(&mut self, server: &Server) {
        let Ok(Some(found)) = self.client.describe(server, &self.stream.name).await else {
            return;
        };
        let input = UpdateStreamRecordDistributionStrategyInput {
            stream_arn: found.stream_arn,
            stream_id: None,
            record_distribution_strategy: RecordDistributionStrategy::UserPartitionKey,
        };
        let call = self
            .client
            .call::<operations::UpdateStreamRecordDistributionStrategy>(server, &input);
        if let Err(failure) = call.await.1 {
            // A reshard may be in progress.
            let expected = [ErrorCode::ResourceInUseException];
            self.client
                .complain_unless("another distribution", &failure, &expected);
        }
    }

    async fn look_at_account(&mut self, server: &Server) {
        let input = DescribeAccountSettingsInput {};
        let call = self
            .client
            .call::<operations::DescribeAccountSettings>(server, &input);
        match call.await.1 {
            Ok(output) => self.check_commitment(output.minimum_throughput_billing_commitment),
            Err(failure) => {
                let doing = "a look at an account";
                self.client.complain_unless(doing, &failure, &[]);
            }
        }
    }

    /// Everyone changes it, so that nobody knows what comes next.
    async fn change_account(&mut self, server: &Server) {
        let status = match self.client.rng.bool() {
            true => MinimumThroughputBillingCommitmentInputStatus::Enabled,
            false => MinimumThroughputBillingCommitmentInputStatus::Disabled,
        };
        let minimum_throughput_billing_commitment =
            MinimumThroughputBillingCommitmentInput { status };
        let input = UpdateAccountSettingsInput {
            minimum_throughput_billing_commitment,
        };
        let call = self
            .client
            .call::<operations::UpdateAccountSettings>(server, &input);
        match call.await.1 {
            Ok(output) => self.check_commitment(output.minimum_throughput_billing_commitment),
            Err(failure) => {
                let doing = "a change of an account";
                // A stream is prepared for throughput.
                let expected = [ErrorCode::InvalidArgumentException];
                self.client.complain_unless(doing, &failure, &expected);
            }
        }
    }

    /// Whatever it is, its times belong together.
    fn check_commitment(&self, found: Option<MinimumThroughputBillingCommitmentOutput>) {
        use MinimumThroughputBillingCommitmentOutputStatus as Status;
        let is_sound = found.as_ref().is_some_and(|found| {
            let bound = match (found.started_at, found.earliest_allowed_end_at) {
                (Some(started), Some(earliest)) => Some(earliest.0 - started.0),
                (Some(_) | None, _) => None,
            };
            let ended_late = match (found.earliest_allowed_end_at, found.ended_at) {
                (Some(earliest), Some(ended)) => earliest <= ended,
                (Some(_) | None, _) => false,
            };
            match found.status {
                Status::Enabled | Status::EnabledUntilEarliestAllowedEnd => {
                    bound == Some(COMMITMENT_MS) && found.ended_at.is_none()
                }
                Status::Disabled if found.started_at.is_none() => {
                    found.ended_at.is_none() && found.earliest_allowed_end_at.is_none()
                }
                Status::Disabled => bound == Some(COMMITMENT_MS) && ended_late,
            }
        });
        if !is_sound {
            self.complain(format!("the account's commitment is {found:?}"));
        }
    }

    /// Records from before, during and after are read by all who read the stream.
    async fn encrypt(&mut self, server: &Server, to: Switch) {
        let (stream_name, key_id) = (self.name(), "alias/aws/kinesis".to_owned());
        let (stream_arn, stream_id) = (None, None);
        let encryption_type = EncryptionType::Kms;
        match to {
            Switch::On => {
                let input = StartStreamEncryptionInput {
                    stream_name,
                    encryption_type,
                    key_id,
                    stream_arn,
                    stream_id,
                };
                self.switch_encryption::<operations::StartStreamEncryption>(server, &input, to)
                    .await;
            }
            Switch::Off => {
                let input = StopStreamEncryptionInput {
                    stream_name,
                    encryption_type,
                    key_id,
                    stream_arn,
                    stream_id,
                };
                self.switch_encryption::<operations::StopStreamEncryption>(server, &input, to)
                    .await;
            }
        }
    }

    async fn switch_encryption<O: Operation<Output = ()>>(
        &mut self,
        server: &Server,
        input: &O::Input,
        to: Switch,
    ) {
        let answer = self.client.call::<O>(server, input).await.1;
        if let Err(failure) = &answer {
            let expected = [ErrorCode::ResourceInUseException];
            self.client.complain_unless(O::NAME, failure, &expected);
        }
        note(&mut self.encryption, to, &answer, server.changes_until());
    }
}

/// Writes down what a change came to.
fn note<T: PartialEq>(
    known: &mut Perhaps<T>,
    value: T,
    answer: &Result<(), Failure>,
    generation: u64,
) {
    match answer {
        Ok(()) => known.set(value),
        Err(failure) if failure.was_not_applied() => {}
        Err(_) => known.may_become(value, generation),
    }
}
