//! What the tests reach: which faults struck while which operations were in progress.
//!
//! A fault that never met an operation has shown nothing about it.

use super::plan::{FaultKind, Layout};
use std::collections::BTreeMap;
use std::fmt;

/// The operations that clients of a simulated world call: all that there are.
pub fn operations() -> impl Iterator<Item = &'static str> + Clone {
    millstream_protocol::operations::ALL
        .iter()
        .map(|operation| operation.name)
}

/// Counts of one run, or of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    layout: Layout,
    struck: BTreeMap<(FaultKind, &'static str), u64>,
    /// Faults that struck.
    faults: BTreeMap<FaultKind, u64>,
    /// Calls by operation: answered with an output, and in all.
    calls: BTreeMap<&'static str, (u64, u64)>,
    /// Subscriptions that were held for as long as they last, with nothing to disturb them.
    outlasted: u64,
}

impl Reach {
    /// Nothing so far.
    pub fn new(layout: Layout) -> Self {
        Self {
            layout,
            struck: BTreeMap::new(),
            faults: BTreeMap::new(),
            calls: BTreeMap::new(),
            outlasted: 0,
        }
    }

    pub(super) fn strike(
        &mut self,
        fault: FaultKind,
        under_way: impl Iterator<Item = &'static str>,
    ) {
        *self.faults.entry(fault).or_default() += 1;
        for operation in under_way {
            *self.struck.entry((fault, operation)).or_default() += 1;
        }
    }

    pub(super) fn answered(&mut self, operation: &'static str, is_output: bool) {
        let (outputs, all) = self.calls.entry(operation).or_default();
        *outputs += u64::from(is_output);
        *all += 1;
    }

    pub(super) fn outlast(&mut self) {
        self.outlasted += 1;
    }

    /// Adds what another run of the same layout reached.
    pub fn add(&mut self, other: &Self) {
        for (key, count) in &other.struck {
            *self.struck.entry(*key).or_default() += count;
        }
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (operation, (outputs, all)) in &other.calls {
            let sum = self.calls.entry(operation).or_default();
            (sum.0, sum.1) = (sum.0 + outputs, sum.1 + all);
        }
        self.outlasted += other.outlasted;
    }

    /// How often a fault struck.
    pub fn faults(&self, fault: FaultKind) -> u64 {
        self.faults.get(&fault).copied().unwrap_or(0)
    }

    /// Calls in all.
    pub fn calls(&self) -> u64 {
        self.calls.values().map(|(_, all)| all).sum()
    }

    /// Subscriptions that were held for as long as they last: one in each run that ends well.
    pub fn outlasted(&self) -> u64 {
        self.outlasted
    }

    /// The pairs of fault and operation that never met.
    pub fn missing(&self) -> Vec<(FaultKind, &'static str)> {
        let all = FaultKind::of(self.layout)
            .iter()
            .flat_map(|fault| operations().map(move |operation| (*fault, operation)));
        all.filter(|pair| !self.struck.contains_key(pair)).collect()
    }
}

/// A table with a row for each operation, a column for each fault.
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>30} {:>8} {:>8}", "", "calls", "outputs")?;
        for fault in FaultKind::of(self.layout) {
            write!(f, " {:>11}", format!("{fault:?}"))?;
        }
        writeln!(f)?;
        for operation in operations() {
            let (outputs, all) = self.calls.get(operation).copied().unwrap_or_default();
            write!(f, "{operation:>30} {all:>8} {outputs:>8}")?;
            for fault in FaultKind::of(self.layout) {
                let count = self.struck.get(&(*fault, operation)).copied();
                write!(f, " {:>11}", count.unwrap_or(0))?;
            }
            writeln!(f)?;
        }
        write!(f, "{:>48}", "struck in all")?;
        FaultKind::of(self.layout)
            .iter()
            .try_for_each(|fault| write!(f, " {:>11}", self.faults(*fault)))?;
        writeln!(f)
    }
}
