//! A plan, as it is printed: for people, and as JSON.

use super::super::sides::Found;
use super::{Plan, Route};
use crate::identity::record_bytes_max_of;
use crate::terminal::{Table, byte_size};
use crate::{Failure, Form, Surroundings, shown};
use serde::Serialize;

/// Shards of the target that are named in a row of the table; others are counted.
const NAMED_MAX: usize = 3;

/// A stream, as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Side {
    endpoint: String,
    region: String,
    stream: serde_json::Value,
}

/// All of it, as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    from: Side,
    to: Option<Side>,
    shards: &'a [Route],
    problems: Vec<String>,
    warnings: Vec<&'a String>,
}

impl Plan {
    /// Prints it.
    ///
    /// # Errors
    /// If it cannot be begun, or standard output cannot be written.
    pub(in crate::mirror) fn show(
        self,
        form: Form,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        let output = surroundings.terminal.output();
        let problems = self.problems.iter().filter_map(Failure::line);
        let problems: Vec<String> = problems
            .map(|line| line.trim_start_matches("millstream: ").to_owned())
            .collect();
        match form {
            Form::Json => output.document(&Document {
                from: side(&self.from),
                to: self.to.as_ref().map(side),
                shards: &self.routes,
                problems,
                warnings: self.gaps.iter().chain(&self.warnings).collect(),
            })?,
            Form::Text => {
                output.table(sides_table(&self.from, self.to.as_ref()))?;
                output.line("")?;
                output.table(routes_table(&self.routes))?;
                let warnings = self.gaps.iter().chain(&self.warnings);
                let warnings = warnings.map(|text| format!("warning: {text}"));
                let problems = problems.iter().map(|text| format!("problem: {text}"));
                for line in warnings.chain(problems) {
                    output.line(line)?;
                }
            }
        }
        self.ready().map(|_| ())
    }
}

fn side(found: &Found) -> Side {
    Side {
        endpoint: found.place.client.endpoint().to_string(),
        region: found.place.client.region().to_owned(),
        stream: shown::json_of(&found.summary),
    }
}

fn properties(found: &Found) -> [(&'static str, String); 10] {
    let Found { place, summary, .. } = found;
    let or_none = |value: Option<String>| value.unwrap_or_else(|| shown::NONE.to_owned());
    let mode = summary.stream_mode_details.as_ref();
    let strategy = summary.record_distribution_strategy;
    let size = byte_size(record_bytes_max_of(summary) as u64);
    [
        ("endpoint", place.client.endpoint().to_string()),
        ("region", place.client.region().to_owned()),
        ("ARN", summary.stream_arn.clone()),
        ("status", summary.stream_status.to_string()),
        (
            "mode",
            or_none(mode.map(|mode| mode.stream_mode.to_string())),
        ),
        ("open shards", summary.open_shard_count.to_string()),
        ("maximum record", size.to_string()),
        ("retention", format!("{} h", summary.retention_period_hours)),
        (
            "encryption",
            or_none(summary.encryption_type.map(|it| it.to_string())),
        ),
        ("distribution", or_none(strategy.map(|it| it.to_string()))),
    ]
}

fn sides_table(from: &Found, to: Option<&Found>) -> Table {
    let mut table = Table::new(&["PROPERTY", "FROM", "TO"]);
    let to = to.map(properties);
    for (at, (name, value)) in properties(from).into_iter().enumerate() {
        let other = to.as_ref().map_or(shown::NONE, |to| &to[at].1);
        table.row([name, &value, other]);
    }
    table
}

fn routes_table(routes: &[Route]) -> Table {
    let mut table = Table::new(&["SHARD", "STATE", "FROM", "INTO"]);
    for route in routes {
        let from = match route.is_done {
            true => "mirrored",
            false => &route.from,
        };
        let state = match route.is_open {
            true => "open",
            false => "closed",
        };
        table.row([&route.shard_id, state, from, &named(&route.into)]);
    }
    table
}

/// The first few names, and how many others there are.
fn named(names: &[String]) -> String {
    match names.len().saturating_sub(NAMED_MAX) {
        0 if names.is_empty() => shown::NONE.to_owned(),
        0 => names.join(", "),
        others => format!("{} and {others} others", names[..NAMED_MAX].join(", ")),
    }
}
