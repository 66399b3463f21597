//! `millstream streams describe`: all that is known of a stream but its shards.

use super::mode;
use crate::manager::Manager;
use crate::terminal::Table;
use crate::{Failure, shown};
use millstream_client::types::{StreamDescriptionSummary, Tag};

/// `millstream streams describe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream, by name or ARN
    #[arg(value_name = "NAME")]
    name: String,
}

pub(super) async fn run(args: &Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let stream = manager.summary(&args.name).await?;
    let tags = manager.client.list_tags_for_stream(&args.name).pages();
    let tags = tags.all().await?;
    let mut table = Table::new(&["PROPERTY", "VALUE"]);
    for (property, value) in properties(&stream, &tags) {
        table.row([property, &value]);
    }
    let mut document = shown::json_of(&stream);
    document["Tags"] = shown::json_of(&tags);
    manager.show(table, &document)
}

fn properties(stream: &StreamDescriptionSummary, tags: &[Tag]) -> Vec<(&'static str, String)> {
    let mut found = vec![
        ("name", stream.stream_name.clone()),
        ("ARN", stream.stream_arn.clone()),
        ("status", stream.stream_status.to_string()),
        ("mode", mode(stream).to_owned()),
        ("open shards", stream.open_shard_count.to_string()),
        ("retention", format!("{} h", stream.retention_period_hours)),
        ("created", shown::instant(stream.stream_creation_timestamp)),
    ];
    let mut add = |property, value: Option<String>| {
        found.extend(value.map(|value| (property, value)));
    };
    let count = stream.consumer_count;
    add("consumers", count.map(|count| count.to_string()));
    let kib = stream.max_record_size_in_kib;
    add("maximum record", kib.map(|kib| format!("{kib} KiB")));
    add(
        "encryption",
        stream.encryption_type.map(|it| it.to_string()),
    );
    add("key", stream.key_id.clone());
    let warm = stream.warm_throughput.as_ref();
    let warm = warm.and_then(|warm| warm.target_mibps.or(warm.current_mibps));
    add("warm throughput", warm.map(|mib| format!("{mib} MiB/s")));
    let strategy = stream.record_distribution_strategy;
    add("distribution", strategy.map(|it| it.to_string()));
    for metrics in &stream.enhanced_monitoring {
        for metric in metrics.shard_level_metrics.iter().flatten() {
            add("shard metric", Some(metric.to_string()));
        }
    }
    for tag in tags {
        let value = tag.value.as_deref().unwrap_or_default();
        add("tag", Some(format!("{}={value}", tag.key)));
    }
    found
}
