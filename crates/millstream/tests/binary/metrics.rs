//! `docs/operations/metrics.md` lists the series that a server exports, with their help texts.

use crate::calls::{client, get, put};
use crate::lifecycle::dev;
use crate::process::Running;
use millstream_protocol::operations::{EnableEnhancedMonitoring, EnableEnhancedMonitoringInput};
use millstream_protocol::types::MetricsName;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- series: begin -->\n";
const END: &str = "\n<!-- series: end -->";
/// The prefix of the names in one part of the page, and the part's title. The first match wins.
const PARTS: [(&str, &str); 4] = [
    ("millstream_journal_", "The journal"),
    (
        "millstream_kinesis_shard_",
        "Shards, where EnableEnhancedMonitoring asks for them",
    ),
    ("millstream_kinesis_", "Streams, by AWS's names"),
    ("millstream_", "Requests, connections, memory"),
];
/// The label of a histogram's buckets, common to all histograms.
const BUCKET: &str = "le";

/// A series as `/metrics` describes it.
#[derive(Debug, Default)]
struct Series {
    kind: String,
    help: String,
    labels: Vec<String>,
}

/// The label names of a sample: `name{a="1",b="2"} 3`.
fn labels_of(sample: &str) -> Vec<String> {
    let Some((_, labels)) = sample.split_once('{') else {
        return Vec::new();
    };
    let labels = labels
        .split("\",")
        .filter_map(|label| label.split_once("=\""));
    let names = labels.map(|(name, _)| name.to_owned());
    names.filter(|name| name != BUCKET).collect()
}

/// All series of a metrics page, by the names that their samples begin with.
fn series(page: &str) -> BTreeMap<String, Series> {
    let mut series = BTreeMap::<String, Series>::new();
    let mut last = String::new();
    for line in page.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            last = name.to_owned();
            series.entry(last.clone()).or_default().help = help.trim_end_matches('.').to_owned();
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' '))
        {
            series.get_mut(name).unwrap().kind = kind.to_owned();
        } else if let Some(found) = series.get_mut(&last)
            && line.starts_with(&last)
        {
            found.labels = labels_of(line);
        }
    }
    series
}

/// The name by which a series is queried.
fn full_name(name: &str, kind: &str) -> String {
    match kind {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.to_owned(),
    }
}

fn generated(page: &str) -> String {
    let series = series(page);
    let part_of = |name: &str| {
        PARTS
            .iter()
            .position(|(prefix, _)| name.starts_with(prefix))
    };
    let mut text = String::new();
    for (part, (_, title)) in PARTS.iter().enumerate() {
        text += &format!(
            "\n## {title}\n\n| series | type | labels | what it shows |\n|---|---|---|---|\n"
        );
        for (name, Series { kind, help, labels }) in &series {
            if part_of(name) == Some(part) {
                let (name, labels) = (full_name(name, kind), labels.join(", "));
                text += &format!("| `{name}` | {kind} | {labels} | {help} |\n");
            }
        }
    }
    text
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/metrics.md")
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "the page is written by hand, on request"
)]
async fn metrics_page_when_held_against_a_server_then_lists_every_series_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = dev(folder.path());
    command.args(["--stream", "orders", "--admin-listen", "127.0.0.1:0"]);
    let mut server = Running::start(&mut command);
    let admin = server.log_after("operator's pages on http://");
    let monitoring = EnableEnhancedMonitoringInput {
        stream_name: Some("orders".to_owned()),
        shard_level_metrics: vec![MetricsName::All],
        ..EnableEnhancedMonitoringInput::default()
    };
    let client = client(&server.url);
    client
        .call::<EnableEnhancedMonitoring>(&monitoring)
        .await
        .unwrap();
    put(&server.url, "orders").await;
    let shown = get(&admin, "/metrics");
    let count = "millstream_journal_group_calls_count ";
    let groups = shown.lines().find_map(|line| line.strip_prefix(count));
    let groups: u64 = groups.unwrap().parse().unwrap();
    assert!(groups > 0, "a put was written");

    let generated = generated(&shown);
    let text = std::fs::read_to_string(page()).unwrap();
    let (head, rest) = text.split_once(BEGIN).unwrap();
    let (listed, tail) = rest.split_once(END).unwrap();
    if std::env::var_os("MILLSTREAM_WRITE_PAGES").is_some() {
        std::fs::write(page(), [head, BEGIN, &generated, END, tail].concat()).unwrap();
        return;
    }
    assert_eq!(listed, generated, "MILLSTREAM_WRITE_PAGES=1 writes it anew");
}
