//! The words for what is found and lost.

use crate::offline::findings::Findings;
use crate::offline::printer::{Line, Printer};
use millstream_env::Causes;
use millstream_journal::{Checked, Extent, Finding, InspectionSize, Loss, Severity};
use millstream_store::{LogId, Offset};
use millstream_streams::inspect::{AuditFault, CatalogAudit, Concerned, Place, Unsound};
use millstream_tools::terminal::{byte_size, counted};

/// Prints what was found in the files.
pub fn print_findings(printer: &mut Printer, findings: &Findings, audit: &CatalogAudit) {
    for finding in &findings.told {
        printer.print(finding_line(finding, audit));
    }
    if findings.untold() > 0 {
        let untold = findings.untold();
        let text = format!("note: {untold} more findings are not shown");
        printer.print(Line::new("more", text).with("findings", untold));
    }
}

fn finding_line(finding: &Finding, audit: &CatalogAudit) -> Line {
    let severity = match finding.what.severity() {
        Severity::Damage => "damage",
        Severity::Note => "note",
    };
    let (file, what) = (&finding.file, &finding.what);
    let at = finding.position;
    let at = at.map_or_else(String::new, |at| format!(" at byte {at}"));
    let file_text = if file.is_empty() { "(no file)" } else { file };
    let mut text = format!("{severity}: {file_text}{at}: {what}");
    let mut line = Line::new(severity, String::new())
        .with("file", file.as_str())
        .with_some("position", finding.position)
        .with("what", what.to_string());
    if let Some(extent) = &finding.concerns {
        let end = extent.end.map(|end| end.0);
        let bounds = (extent.first, extent.end);
        let concerned = audit.name(extent.log, bounds, extent.arrival);
        text.push_str(&concerns(extent, &concerned));
        line = with_records(line, extent.log, extent.first.0, end, &concerned)
            .with("hidden", extent.is_hidden);
    }
    Line { text, ..line }
}

fn concerns(extent: &Extent, concerned: &Concerned) -> String {
    let records = match extent.end {
        Some(end) => counted(end.0 - extent.first.0, "record"),
        None => "all later records".to_owned(),
    };
    let place = place(extent.log, &concerned.place);
    let range = range(concerned, extent.first, extent.end);
    let hidden = match extent.is_hidden {
        true => ", which no reader gets any more",
        false => "",
    };
    format!("; {records} of {place}{range}{hidden}")
}

/// Where records are.
fn place(log: LogId, place: &Place) -> String {
    match place {
        Place::Commands => "the catalog's commands".to_owned(),
        Place::Snapshots => "the catalog's snapshots".to_owned(),
        Place::Shard { stream, shard } => format!("{stream} {shard}"),
        Place::Unknown => format!("log {log}, of no stream that the catalog knows"),
    }
}

/// Which records they are.
fn range(concerned: &Concerned, first: Offset, end: Option<Offset>) -> String {
    match (&concerned.from, &concerned.before, end) {
        (Some(from), Some(before), _) => {
            format!(", sequence numbers {from} to before {before}")
        }
        (Some(from), None, _) => format!(", sequence numbers from {from} on"),
        (None, _, Some(end)) => format!(", offsets {} to {}", first.0, end.0.saturating_sub(1)),
        (None, _, None) => format!(", offsets from {} on", first.0),
    }
}

fn with_records(
    line: Line,
    log: LogId,
    first: u64,
    end: Option<u64>,
    concerned: &Concerned,
) -> Line {
    let line = line
        .with("log", log.to_string())
        .with("first_offset", first)
        .with_some("end_offset", end);
    let line = match &concerned.place {
        Place::Commands => line.with("place", "commands"),
        Place::Snapshots => line.with("place", "snapshots"),
        Place::Shard { stream, shard } => line
            .with("place", "shard")
            .with("stream", stream.to_string())
            .with("shard", shard.to_string()),
        Place::Unknown => line.with("place", "unknown"),
    };
    let from = concerned.from.as_ref().map(ToString::to_string);
    let before = concerned.before.as_ref().map(ToString::to_string);
    line.with_some("from_sequence_number", from)
        .with_some("before_sequence_number", before)
}

/// A fault of the catalog's logs.
pub fn catalog_line(fault: &AuditFault) -> Line {
    let what = Causes(fault).to_string();
    Line::new("damage", format!("damage: catalog: {what}")).with("what", what)
}

/// A place where the catalog and the logs differ.
pub fn unsound_line(unsound: &Unsound, audit: &CatalogAudit) -> Line {
    let log = unsound.log();
    let named = audit.name(log, (Offset(0), None), None);
    let of = place(log, &named.place);
    let line = Line::new("damage", format!("damage: {of}: {unsound}"));
    line.with("what", unsound.to_string())
        .with("log", log.to_string())
        .with("of", of)
}

/// A log that no stream has.
pub fn unclaimed_line(log: LogId) -> Line {
    let what = "the log belongs to no stream; the next start removes it";
    Line::new("note", format!("note: log {log}: {what}"))
        .with("what", what)
        .with("log", log.to_string())
}

/// Records that are given up.
pub fn loss_line(loss: &Loss, audit: &CatalogAudit) -> Line {
    let (first, end) = (loss.first, Some(loss.end));
    let concerned = audit.name(loss.log, (first, end), None);
    let records = counted(loss.end.0 - loss.first.0, "record");
    let most = if loss.is_exact { "" } else { "at most " };
    let place = place(loss.log, &concerned.place);
    let range = range(&concerned, first, end);
    let line = Line::new("loss", format!("lost: {most}{records} of {place}{range}"));
    with_records(line, loss.log, first.0, Some(loss.end.0), &concerned)
        .with("records", loss.end.0 - loss.first.0)
        .with("exact", loss.is_exact)
}

/// A log whose stream has no name any more.
pub fn nameless_line(log: LogId, records: u64) -> Line {
    let of = counted(records, "record");
    let text = format!("lost: {of} of log {log}, whose stream no command that is left has made");
    Line::new("nameless", text)
        .with("log", log.to_string())
        .with("records", records)
}

/// Why nothing can be repaired.
pub fn hopeless_line(first: u64) -> Line {
    let text = format!(
        "cannot be repaired: the catalog's commands before {first} are lost, and every snapshot \
         that had them; without them no stream has a name. Nothing was changed: restore a backup"
    );
    Line::new("summary", text).with("changed", false)
}

/// A log that is made anew.
pub fn made_line(log: LogId, first: Offset, audit: &CatalogAudit) -> Line {
    let named = audit.name(log, (first, None), None);
    let of = place(log, &named.place);
    let text = format!("makes anew: {of}, whose log was lost with all that was in it");
    Line::new("made", text)
        .with("log", log.to_string())
        .with("of", of)
        .with("first_offset", first.0)
}

/// A log that is sealed again.
pub fn sealed_line(log: LogId, at: Offset, audit: &CatalogAudit) -> Line {
    let named = audit.name(log, (at, None), None);
    let of = place(log, &named.place);
    Line::new("sealed", format!("closes again: {of}"))
        .with("log", log.to_string())
        .with("of", of)
        .with("offset", at.0)
}

/// A log that is open again.
pub fn unsealed_line(log: LogId, audit: &CatalogAudit) -> Line {
    let named = audit.name(log, (Offset(0), None), None);
    let of = place(log, &named.place);
    let text = format!("opens again: {of}, since the command that ended it is lost");
    Line::new("unsealed", text)
        .with("log", log.to_string())
        .with("of", of)
}

/// A command behind a loss that does nothing any more.
pub fn refused_line(at: Offset, what: &str) -> Line {
    let text = format!("lost: the effect of the catalog's command {}: {what}", at.0);
    Line::new("refused", text)
        .with("offset", at.0)
        .with("what", what)
}

/// A stream that lost commands may have been about.
pub fn affected_line(stream: &str) -> Line {
    let text = format!("note: {stream} may have been changed by a command that is lost");
    Line::new("affected", text).with("stream", stream)
}

/// The last line of a check.
pub fn summary_line(checked: &Checked, damage: u64, notes: u64, streams: usize) -> Line {
    let InspectionSize { files, bytes, logs } = checked.size;
    let verdict = if damage == 0 { "sound" } else { "damaged" };
    let found = match damage {
        0 => String::new(),
        damage => format!("{}; ", counted(damage, "finding")),
    };
    let text = format!(
        "{verdict}: {found}{}, {}, {}, {}, {} checked",
        counted(files, "file"),
        byte_size(bytes),
        counted(streams as u64, "stream"),
        counted(logs, "log"),
        counted(checked.records, "record"),
    );
    Line::new("summary", text)
        .with("sound", damage == 0)
        .with("damage", damage)
        .with("notes", notes)
        .with("files", files)
        .with("bytes", bytes)
        .with("streams", streams as u64)
        .with("logs", logs)
        .with("records", checked.records)
}
