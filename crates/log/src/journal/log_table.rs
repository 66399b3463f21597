//! The logs by their ids: neighbours in a group stand side by side, so that a call about many of them walks
//! through little memory. It gives no order; whoever needs one sorts.

use super::index::Log;
use super::log_map::LogMap;
use crate::store::LogId;
use std::sync::Arc;

/// Neighbours that stand together.
const ROW: usize = 16;

/// All logs that are there.
#[derive(Default)]
pub(super) struct LogTable {
    /// By the id of the first that could stand there.
    rows: LogMap<Box<Row>>,
    count: usize,
}

type Row = [Option<Arc<Log>>; ROW];

impl LogTable {
    pub(super) fn get(&self, id: LogId) -> Option<&Arc<Log>> {
        let (row, place) = place_of(id);
        self.rows.get(&row)?[place].as_ref()
    }

    /// Puts a log in, in the place of the one that had its id.
    pub(super) fn insert(&mut self, log: Arc<Log>) {
        let (row, place) = place_of(log.id);
        let before = self.rows.entry(row).or_default()[place].replace(log);
        self.count += usize::from(before.is_none());
    }

    pub(super) fn remove(&mut self, id: LogId) -> Option<Arc<Log>> {
        let (first, place) = place_of(id);
        let row = self.rows.get_mut(&first)?;
        let removed = row[place].take()?;
        if row.iter().all(Option::is_none) {
            self.rows.remove(&first);
        }
        self.count -= 1;
        Some(removed)
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Log>> {
        self.rows.values().flat_map(|row| row.iter().flatten())
    }
}

/// The row of a log, and its place there.
fn place_of(id: LogId) -> (LogId, usize) {
    let place = id.index as usize % ROW;
    let index = id.index - place as u32;
    (LogId { index, ..id }, place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LogSettings;

    #[test]
    fn logs_when_put_in_and_taken_out_then_are_found_and_leave_no_row() {
        let ids = [(0, 0), (0, 15), (0, 16), (7, 15), (u64::MAX, u32::MAX)];
        let ids = ids.map(|(group, index)| LogId { group, index });
        let mut table = LogTable::default();
        for id in ids.into_iter().chain(ids) {
            table.insert(Arc::new(Log::new(id, LogSettings::default())));
        }
        assert_eq!((table.len(), table.iter().count()), (5, 5));
        for (at, id) in ids.into_iter().enumerate() {
            assert_eq!(table.get(id).unwrap().id, id);
            assert_eq!(table.remove(id).unwrap().id, id);
            assert!(table.get(id).is_none() && table.remove(id).is_none());
            assert_eq!(table.len(), 4 - at);
        }
        assert!(table.rows.is_empty());
    }
}
