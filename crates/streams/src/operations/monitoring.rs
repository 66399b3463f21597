//! Shard-level metrics, as EnableEnhancedMonitoring and DisableEnhancedMonitoring switch them.

use crate::Engine;
use crate::catalog::{ChangeMonitoring, Command, Stream};
use crate::facts::ChangeError;
use crate::target::Needs;
use crate::{counters, views};
use millstream_protocol::types::{EnhancedMonitoringOutput, MetricsName};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whether metrics are enabled or disabled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
}

/// Enables or disables shard-level metrics; `ALL` means each of them.
pub(super) async fn switch_metrics(
    engine: &Arc<Engine>,
    stream: &Arc<Stream>,
    named: &[MetricsName],
    switch: Switch,
) -> Result<EnhancedMonitoringOutput, ChangeError> {
    Needs::Active.check(stream, engine.clock().now())?;
    let names: BTreeSet<String> = if named.contains(&MetricsName::All) {
        counters::shard_level_metrics().map(str::to_owned).collect()
    } else {
        named
            .iter()
            .filter_map(|name| views::metric_name(*name))
            .map(str::to_owned)
            .collect()
    };
    let is_enabled = switch == Switch::On;
    let change = ChangeMonitoring {
        stream: stream.id,
        metrics: names,
        is_enabled,
    };
    let after = engine
        .change(stream, Command::ChangeMonitoring(change))
        .await?;
    Ok(EnhancedMonitoringOutput {
        stream_name: Some(stream.name.to_string()),
        current_shard_level_metrics: Some(views::metrics(stream)),
        desired_shard_level_metrics: Some(views::metrics(&after)),
        stream_arn: Some(stream.arn().to_string()),
    })
}
