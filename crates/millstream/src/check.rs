//! `millstream check`: whether a data directory at rest is what was written to it.

use crate::cli::Check;
use crate::offline::findings::Findings;
use crate::offline::printer::Printer;
use crate::offline::{failure, words};
use anyhow::Context;
use millstream_env::Env;
use millstream_journal::Inspection;
use millstream_streams::inspect::CatalogAudit;
use millstream_tools::{Failure, Form, Surroundings};
use std::path::Path;

/// Checks a directory, and prints what it finds.
///
/// # Errors
/// If it cannot be read, or anything in it is damaged.
pub async fn run(check: &Check, surroundings: &Surroundings) -> Result<(), Failure> {
    let form = Form::of_flag(check.json);
    let mut printer = Printer::new(form, &surroundings.terminal);
    let checked = check_directory(&surroundings.env, &check.data_dir, &mut printer).await;
    let damage = checked.map_err(failure)?;
    printer.finish()?;
    match damage {
        0 => Ok(()),
        _ => Err(Failure::found("the data directory is damaged")
            .with_advice("`millstream repair` says what would be lost.")),
    }
}

/// Checks a directory; returns how much is damaged.
///
/// # Errors
/// If it cannot be read.
pub async fn check_directory(
    env: &Env,
    directory: &Path,
    printer: &mut Printer,
) -> anyhow::Result<u64> {
    let said = || format!("cannot check {}", directory.display());
    let inspection = Inspection::open(env, directory).with_context(said)?;
    let mut findings = Findings::new(printer.terminal());
    let checked = inspection.run(&mut findings).with_context(said)?;
    let store = inspection.store();
    let audit = CatalogAudit::of(&*store, &findings.lost).await;
    words::print_findings(printer, &findings, &audit);
    let (mut damage, mut notes) = (findings.damage, findings.notes);
    for fault in audit.faults() {
        damage += 1;
        printer.print(words::catalog_line(fault));
    }
    audit.compare(&*store, &mut |unsound| {
        damage += 1;
        printer.print(words::unsound_line(&unsound, &audit));
    });
    for log in audit.unclaimed(&*store) {
        notes += 1;
        printer.print(words::unclaimed_line(log));
    }
    let summary = words::summary_line(&checked, damage, notes, audit.streams());
    printer.print(summary);
    Ok(damage)
}
