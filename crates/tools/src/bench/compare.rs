//! `--compare`: a run beside an earlier one, whose report is in a file.

use super::drawing::plain;
use super::latencies::{Summary, shown};
use super::report::{Parameters, Report};
use crate::shards::pen::Pen;
use crate::state::blocking;
use crate::terminal::Table;
use crate::{Failure, Surroundings};
use millstream_env::{Disk, OpenMode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Maximum size of a report: a hundred times that of one.
const REPORT_BYTES_MAX: u64 = 1024 * 1024;

/// A run beside an earlier one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Compared {
    /// The file of the earlier report.
    pub(super) with: PathBuf,
    /// The parameters that are not the same.
    pub(super) differing: Vec<Difference>,
    pub(super) ratios: Vec<Ratio>,
}

/// A parameter that is not the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Difference {
    parameter: String,
    now: Value,
    before: Value,
}

/// A number of both runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ratio {
    what: String,
    unit: Unit,
    now: f64,
    before: f64,
    /// Now, divided by before, unless that was nothing.
    ratio: Option<f64>,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Unit {
    PerSecond,
    Micros,
}

/// Reads the report of an earlier run.
///
/// # Errors
/// If it cannot be read, or is none.
pub(super) async fn read(path: &Path, surroundings: &Surroundings) -> Result<Report, Failure> {
    let (disk, own) = (Arc::clone(&surroundings.env.disk), path.to_owned());
    let bytes = blocking(&surroundings.env, move || read_whole(&*disk, &own)).await;
    let bytes = bytes.map_err(|error| Failure::of_file("read", path, &error))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let path = path.display();
        Failure::new(format!("{path} is not the report of a run: {error}"))
            .with_advice("`millstream bench --json` writes one")
    })
}

fn read_whole(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path, OpenMode::Read)?;
    let length = file.length()?;
    if length > REPORT_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

impl Compared {
    /// Compares a run with the earlier one in a file.
    pub(super) fn new(now: &Report, before: &Report, with: &Path) -> Self {
        Self {
            with: with.to_owned(),
            differing: differing(&now.parameters, &before.parameters),
            ratios: ratios(now, before),
        }
    }

    /// As a table.
    pub(super) fn table(&self, pen: Pen) -> Table {
        let head = format!("COMPARED WITH {}", self.with.display());
        let none = || crate::shown::NONE.to_owned();
        let mut table = Table::new(&[&head, ">NOW", ">BEFORE", ">RATIO"]);
        for ratio in &self.ratios {
            let number = |number: f64| match ratio.unit {
                Unit::PerSecond => format!("{number:.1}"),
                Unit::Micros => plain(shown(number as u64), pen),
            };
            table.row([
                ratio.what.clone(),
                number(ratio.now),
                number(ratio.before),
                ratio.ratio.map_or_else(none, |ratio| format!("{ratio:.3}")),
            ]);
        }
        table
    }

    /// The parameters that are not the same, in a line; `None` if all are.
    pub(super) fn differing_words(&self) -> Option<String> {
        let words = self.differing.iter().map(|differing| {
            let Difference {
                parameter,
                now,
                before,
            } = differing;
            format!("{parameter} is {now}, was {before}")
        });
        let words: Vec<String> = words.collect();
        (!words.is_empty()).then(|| format!("The runs differ: {}.", words.join("; ")))
    }
}

fn differing(now: &Parameters, before: &Parameters) -> Vec<Difference> {
    let members = |parameters| match serde_json::to_value(parameters) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let before = members(before);
    let all = members(now).into_iter().map(|(parameter, now)| {
        let before = before.get(&parameter).cloned().unwrap_or_default();
        Difference {
            parameter,
            now,
            before,
        }
    });
    all.filter(|it| it.now != it.before).collect()
}

fn ratios(now: &Report, before: &Report) -> Vec<Ratio> {
    let rates = |report: &Report| {
        let rates = &report.per_second;
        [
            ("requests a second", rates.requests),
            ("records a second", rates.records),
            ("MiB a second", rates.mebibytes),
        ]
    };
    let of_rates = rates(now).into_iter().zip(rates(before));
    let of_rates =
        of_rates.map(|((what, now), (_, before))| ratio(what, Unit::PerSecond, now, before));
    let pairs = [
        ("latency", &now.latency_micros, &before.latency_micros),
        ("delivery", &now.delivery_micros, &before.delivery_micros),
    ];
    let of_latencies = pairs.into_iter().flat_map(|(what, now, before)| {
        let both = now.as_ref().zip(before.as_ref());
        let quantiles = both.map(|(now, before)| quantiles(now).into_iter().zip(quantiles(before)));
        quantiles
            .into_iter()
            .flatten()
            .map(move |((name, now), (_, before))| {
                let what = format!("{what} {name}");
                ratio(&what, Unit::Micros, now as f64, before as f64)
            })
    });
    of_rates.chain(of_latencies).collect()
}

fn ratio(what: &str, unit: Unit, now: f64, before: f64) -> Ratio {
    Ratio {
        what: what.to_owned(),
        unit,
        now,
        before,
        // JSON has no infinity.
        ratio: (before > 0.0).then(|| now / before),
    }
}

fn quantiles(summary: &Summary) -> [(&'static str, u64); 5] {
    [
        ("p50", summary.p50),
        ("p90", summary.p90),
        ("p99", summary.p99),
        ("p99.9", summary.p99_9),
        ("max", summary.max),
    ]
}
