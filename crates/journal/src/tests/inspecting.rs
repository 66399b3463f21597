//! A look at a journal at rest, and its repair: what is sound is called sound, what a reader would
//! not get is found, and what is lost is said.

use super::harness::{ANY, DIRECTORY, World, append, id};
use crate::inspect::{
    Finding, Inspection, InspectionSize, Loss, Records, Repair, Severity, Visitor,
};
use crate::{Journal, OpenError};
use millstream_store::store::{LogId, LogStore, Offset};
use std::collections::BTreeMap;
use std::path::Path;

/// What a visitor was told.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) findings: Vec<Finding>,
    pub(crate) bytes: u64,
    records: u64,
}

impl Visitor for Seen {
    fn begin(&mut self, _: InspectionSize) {}

    fn advance(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn records(&mut self, _: &Records<'_>) -> Option<&'static str> {
        self.records += 1;
        None
    }
}

impl Seen {
    pub(crate) fn damage(&self) -> Vec<&Finding> {
        let is_damage = |found: &&Finding| found.what.severity() == Severity::Damage;
        self.findings.iter().filter(is_damage).collect()
    }
}

/// Looks at the journal of a world; nobody has it open.
pub(crate) fn look(world: &World) -> Result<Seen, OpenError> {
    let mut seen = Seen::default();
    let inspection = Inspection::open(&world.env(), Path::new(DIRECTORY))?;
    let checked = inspection.run(&mut seen)?;
    assert_eq!(seen.bytes, checked.size.bytes, "all of it was looked at");
    Ok(seen)
}

/// What a crash has left is sound.
#[track_caller]
pub(crate) fn expect_sound(world: &World) {
    if world.options.planted.is_none() {
        let seen = look(world).unwrap();
        assert!(seen.damage().is_empty(), "{:?}", seen.damage());
    }
}

/// Repairs the journal of a world; returns what was given up, or `None` if nothing was to be done.
pub(crate) fn repair(world: &World, name: &str) -> Result<Option<Vec<Loss>>, OpenError> {
    let mut seen = Seen::default();
    let repair = Repair::plan(&world.env(), Path::new(DIRECTORY), &mut seen)?;
    if !repair.what().is_needed() {
        return Ok(None);
    }
    let losses = repair.what().losses().collect();
    repair.carry_out(name)?;
    Ok(Some(losses))
}

/// What a repair would give up.
pub(crate) fn planned(world: &World) -> Vec<Loss> {
    let mut seen = Seen::default();
    let repair = Repair::plan(&world.env(), Path::new(DIRECTORY), &mut seen).unwrap();
    repair.what().losses().collect()
}

/// The records of a log that a reader gets.
pub(crate) async fn readable(journal: &Journal, log: LogId) -> BTreeMap<u64, Vec<u8>> {
    let mut records = BTreeMap::new();
    let mut from = Offset(0);
    loop {
        let slice = journal.read(log, from, ANY).await.unwrap();
        let found = slice.records();
        records.extend(found.map(|found| (found.offset.0, found.bytes.to_vec())));
        if slice.runs.is_empty() {
            return records;
        }
        from = slice.next;
    }
}

/// Whether a repair said of a record that it is lost.
pub(crate) fn is_given_up(losses: &[Loss], log: u32, at: u64) -> bool {
    let covers = |loss: &&Loss| loss.log == id(log) && (loss.first.0..loss.end.0).contains(&at);
    losses.iter().any(|loss| covers(&loss))
}

/// Repairs the journal of a world and reads everything; returns what is wrong then. `kept` has the
/// first record of each log and the number of all that there were.
pub(crate) async fn judge_repaired(
    world: &World,
    name: &str,
    kept: &BTreeMap<u32, (u64, u64)>,
    record: fn(u32, u64) -> Vec<u8>,
) -> Option<String> {
    let losses = match repair(world, name) {
        Ok(Some(losses)) => losses,
        other => return Some(format!("not repaired: {other:?}")),
    };
    match look(world) {
        Ok(seen) if seen.damage().is_empty() => {}
        other => return Some(format!("not sound after the repair: {other:?}")),
    }
    let journal = match world.try_open() {
        Ok(journal) => journal,
        Err(error) => return Some(format!("not opened after the repair: {error:?}")),
    };
    let known = journal.known_list();
    // Of a log whose creation is lost with all else, a journal knows nothing.
    for (log, (first, end)) in kept.iter().filter(|(log, _)| known.contains(&id(**log))) {
        let found = readable(&journal, id(*log)).await;
        for at in *first..*end {
            let lost = is_given_up(&losses, *log, at);
            match found.get(&at) {
                Some(bytes) if *bytes != record(*log, at) => {
                    return Some(format!("log {log} at {at} is another"));
                }
                Some(_) if lost => return Some(format!("log {log} at {at} was called lost")),
                None if !lost => return Some(format!("log {log} at {at} is lost without a word")),
                Some(_) | None => {}
            }
        }
        if found.keys().any(|at| at >= end) {
            return Some(format!("log {log} has more than it had"));
        }
        let next = append(&journal, *log, b"on").await.first.0;
        if next < *end {
            return Some(format!("log {log} gives {next} out again"));
        }
    }
    journal.shutdown().await;
    None
}
