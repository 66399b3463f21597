//! `millstream repair`: goes on without what is lost, and says what that is.
//!
//! The journal comes first: what can be read of damaged files is kept, what cannot is given up. The
//! catalog comes second, on what is left: it is replayed without the commands that are lost, and
//! the logs are made to fit it. Each of the two takes effect at once, and can be run again.

use crate::check::check_directory;
use crate::cli::Repair;
use crate::offline::findings::Findings;
use crate::offline::printer::{Line, Printer};
use crate::offline::{failure, words};
use anyhow::Context;
use millstream_env::Env;
use millstream_journal::{Changes, Plan};
use millstream_streams::inspect::{Adjustments, CatalogAudit, Lost, is_catalogs};
use millstream_tools::{Failure, Form, Surroundings};
use std::path::Path;
use time::OffsetDateTime;
use time::macros::format_description;

/// Repairs a directory, or says what a repair would do.
///
/// # Errors
/// If it cannot be read or written, or something is damaged still.
pub async fn run(flags: &Repair, surroundings: &Surroundings) -> Result<(), Failure> {
    let form = Form::of_flag(flags.json);
    let mut printer = Printer::new(form, &surroundings.terminal);
    let repairing = Repairing {
        env: surroundings.env.clone(),
        directory: &flags.data_dir,
    };
    let repaired = repairing.run(flags.accept_loss, &mut printer).await;
    let outcome = repaired.map_err(failure)?;
    printer.finish()?;
    let damaged = Failure::found("the data directory is damaged");
    match outcome {
        Outcome::Sound => Ok(()),
        Outcome::Unchanged => Err(damaged.with_advice("Nothing was changed.")),
        Outcome::Damaged => Err(damaged),
    }
}

/// What a repair came to.
enum Outcome {
    /// The directory is sound (now).
    Sound,
    /// It is damaged, and was left as it is.
    Unchanged,
    /// It is damaged still.
    Damaged,
}

/// A repair in progress.
struct Repairing<'a> {
    env: Env,
    directory: &'a Path,
}

/// What is to be repaired.
struct Planned {
    repair: millstream_journal::Repair,
    audit: Audited,
}

/// The catalog, and whether it and the logs fit.
struct Audited {
    audit: CatalogAudit,
    is_sound: bool,
}

impl Repairing<'_> {
    fn said(&self) -> String {
        format!("cannot repair {}", self.directory.display())
    }

    async fn run(&self, accept_loss: bool, printer: &mut Printer) -> anyhow::Result<Outcome> {
        let Planned { repair, audit, .. } = self.plan(printer).await?;
        let (is_needed, is_whole) = (repair.what().is_needed(), audit.is_sound);
        if !is_needed && is_whole {
            let text = "sound: there is nothing to repair".to_owned();
            printer.print(Line::new("summary", text).with("sound", true));
            return Ok(Outcome::Sound);
        }
        print_plan(printer, repair.what(), &audit.audit);
        let store = repair.inspection().store();
        for (log, records) in audit.audit.nameless(&*store) {
            printer.print(words::nameless_line(log, records));
        }
        if !accept_loss {
            print_adjustments(printer, &audit.audit.adjustments(&*store), &audit.audit);
        }
        drop(store);
        if let Some(first) = audit.audit.begins_nowhere() {
            printer.print(words::hopeless_line(first));
            return Ok(Outcome::Unchanged);
        }
        if !accept_loss {
            let text = "nothing was changed; --accept-loss goes on without what is lost";
            let line = Line::new("summary", text.to_owned());
            printer.print(line.with("changed", false));
            return Ok(Outcome::Unchanged);
        }
        let name = self.name()?;
        if is_needed {
            let kept = repair.carry_out(&name);
            print_kept(printer, &kept.with_context(|| self.said())?);
        } else {
            drop(repair);
        }
        self.mend_catalog(&name, printer).await?;
        Ok(
            match check_directory(&self.env, self.directory, printer).await? {
                0 => Outcome::Sound,
                _ => Outcome::Damaged,
            },
        )
    }

    /// Looks at everything, and plans; prints what is found.
    async fn plan(&self, printer: &mut Printer) -> anyhow::Result<Planned> {
        let mut findings = Findings::new(printer.terminal());
        let (env, directory) = (&self.env, self.directory);
        let repair = millstream_journal::Repair::plan(env, directory, &mut findings);
        let mut repair = repair.with_context(|| self.said())?;
        let lost = lost_of_catalog(repair.what());
        let store = repair.inspection().store();
        let audit = CatalogAudit::of(&*store, &lost).await;
        words::print_findings(printer, &findings, &audit);
        let mut is_sound = audit.faults().is_empty();
        for fault in audit.faults() {
            printer.print(words::catalog_line(fault));
        }
        audit.compare(&*store, &mut |unsound| {
            is_sound = false;
            printer.print(words::unsound_line(&unsound, &audit));
        });
        if repair.what().is_needed() {
            // The catalog knows where closed shards end, whatever their logs have lost.
            let heeded = repair.heed(Changes {
                sealed: audit.closes(),
                ..Changes::default()
            });
            heeded.with_context(|| self.said())?;
        }
        let audit = Audited { audit, is_sound };
        Ok(Planned { repair, audit })
    }

    /// Makes the logs fit the catalog, and the catalog readable without what is lost of it.
    async fn mend_catalog(&self, name: &str, printer: &mut Printer) -> anyhow::Result<()> {
        let mut findings = Findings::new(printer.terminal());
        let (env, directory) = (&self.env, self.directory);
        let repair = millstream_journal::Repair::plan(env, directory, &mut findings);
        let mut repair = repair.with_context(|| self.said())?;
        let store = repair.inspection().store();
        let mut audit = CatalogAudit::of(&*store, &Lost::new()).await;
        let adjustments = audit.adjustments(&*store);
        let is_whole = audit.faults().is_empty();
        if is_whole && adjustments.is_empty() {
            return Ok(());
        }
        print_adjustments(printer, &adjustments, &audit);
        let snapshot = match is_whole {
            true => Vec::new(),
            false => audit.snapshot(&*store),
        };
        let snapshots = CatalogAudit::snapshots_log();
        let heeded = repair.heed(Changes {
            sealed: adjustments.sealed,
            unsealed: adjustments.unsealed,
            made: adjustments.made,
            appended: { snapshot.into_iter() }
                .map(|batch| (snapshots, batch))
                .collect(),
        });
        heeded.with_context(|| self.said())?;
        let kept = repair.carry_out(&format!("{name}-catalog"));
        print_kept(printer, &kept.with_context(|| self.said())?);
        Ok(())
    }

    /// The time, as the name of a folder.
    fn name(&self) -> anyhow::Result<String> {
        let now = i64::try_from(self.env.clock.now().seconds())?;
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        Ok(OffsetDateTime::from_unix_timestamp(now)?.format(&format)?)
    }
}

/// What is given up of the catalog's logs.
fn lost_of_catalog(plan: &Plan) -> Lost {
    let losses = plan.losses().filter(|loss| is_catalogs(loss.log));
    losses
        .map(|loss| (loss.log, loss.first.0..loss.end.0))
        .collect()
}

/// Prints what is lost, and what is done.
fn print_plan(printer: &mut Printer, plan: &Plan, audit: &CatalogAudit) {
    for loss in plan.losses() {
        printer.print(words::loss_line(&loss, audit));
    }
    for (at, what) in audit.refused() {
        printer.print(words::refused_line(*at, what));
    }
    let untold = audit.refused_count() - audit.refused().len() as u64;
    if untold > 0 {
        let text = format!("note: {untold} more commands do nothing any more");
        printer.print(Line::new("more", text).with("commands", untold));
    }
    if !audit.faults().is_empty() {
        for stream in audit.stream_names() {
            printer.print(words::affected_line(&stream));
        }
    }
    for file in plan.moved_aside() {
        let text = format!("moves aside: {file}");
        printer.print(Line::new("aside", text).with("file", file.as_str()));
    }
}

fn print_kept(printer: &mut Printer, folder: &Path) {
    let folder = folder.display().to_string();
    let text = format!("repaired; what was taken out is in {folder}");
    printer.print(Line::new("repaired", text).with("folder", folder));
}

/// Prints how the logs are made to fit the catalog.
fn print_adjustments(printer: &mut Printer, adjustments: &Adjustments, audit: &CatalogAudit) {
    for (log, _, first) in &adjustments.made {
        printer.print(words::made_line(*log, *first, audit));
    }
    for (log, at) in &adjustments.sealed {
        printer.print(words::sealed_line(*log, *at, audit));
    }
    for log in &adjustments.unsealed {
        printer.print(words::unsealed_line(*log, audit));
    }
}
