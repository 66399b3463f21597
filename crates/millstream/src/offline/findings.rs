//! Collects what is found in a journal's files.

use millstream_journal::{Finding, InspectionSize, Records, Severity, Visitor};
use millstream_store::LogId;
use millstream_streams::inspect::{Lost, is_catalogs, judge_records};
use millstream_tools::terminal::{Progress, Terminal};

/// Findings that are told one by one; those beyond are counted.
pub const FINDINGS_TOLD_MAX: usize = 1000;

/// What was found.
pub struct Findings {
    terminal: Terminal,
    /// Shown once it is known how much there is.
    progress: Option<Progress>,
    /// The first of them.
    pub told: Vec<Finding>,
    /// How many say that something is damaged.
    pub damage: u64,
    /// How many are worth knowing.
    pub notes: u64,
    /// What is lost of the catalog's logs.
    pub lost: Lost,
}

impl Findings {
    /// Nothing yet. How far the look is goes to the terminal.
    pub fn new(terminal: &Terminal) -> Self {
        Self {
            terminal: terminal.clone(),
            progress: None,
            told: Vec::new(),
            damage: 0,
            notes: 0,
            lost: Lost::new(),
        }
    }

    /// How many are not told one by one.
    pub fn untold(&self) -> u64 {
        self.damage + self.notes - self.told.len() as u64
    }

    /// Takes note of records of the catalog that are lost.
    pub fn lose(&mut self, log: LogId, first: u64, end: u64) {
        if is_catalogs(log) && self.lost.len() < FINDINGS_TOLD_MAX {
            self.lost.push((log, first..end));
        }
    }
}

impl Visitor for Findings {
    fn begin(&mut self, size: InspectionSize) {
        self.progress = Some(Progress::bytes(
            &self.terminal,
            "checking",
            Some(size.bytes),
        ));
    }

    fn advance(&mut self, bytes: u64) {
        if let Some(progress) = &self.progress {
            progress.add(bytes);
        }
    }

    fn finding(&mut self, finding: Finding) {
        let severity = finding.what.severity();
        match severity {
            Severity::Damage => self.damage += 1,
            Severity::Note => self.notes += 1,
        }
        if let Some(extent) = finding.concerns
            && severity == Severity::Damage
            && let Some(end) = extent.end
        {
            self.lose(extent.log, extent.first.0, end.0);
        }
        if self.told.len() < FINDINGS_TOLD_MAX {
            self.told.push(finding);
        }
    }

    fn records(&mut self, records: &Records<'_>) -> Option<&'static str> {
        judge_records(records.log, records.bytes)
    }
}
