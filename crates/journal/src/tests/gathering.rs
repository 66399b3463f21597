//! Calls that are written as one group: whose bytes come to stand where.

use super::harness::{World, batch, create, id, read_all};
use millstream_store::batches::Batches;
use millstream_store::store::{AppendError, LogStore};

const LOGS: u32 = 4;
/// No log has it.
const MISSING: u32 = 9;

/// A record that no other batch has, as long as all others.
fn record(call: u8, place: u8) -> Vec<u8> {
    vec![call, place, 7]
}

#[tokio::test]
async fn calls_when_they_gather_then_each_batch_keeps_its_own_bytes() {
    let calls: [&[u32]; 5] = [
        &[0, 1, 2],
        // Begins in its buffer where the last one ended in its own.
        &[MISSING, MISSING, MISSING, 3, 0],
        &[2, 2, 1, MISSING, 0],
        &[MISSING],
        &[3, 2, 1, 0],
    ];
    let world = World::inline(1);
    let mut journal = world.open();
    create(&journal, LOGS).await;
    let mut expected = vec![Vec::new(); LOGS as usize];
    let mut answers = Vec::new();
    for (call, logs) in (0..).zip(calls) {
        let places = (0..).zip(logs);
        let places = places.map(|(place, log)| (*log, record(call, place)));
        let batches = places
            .clone()
            .map(|(log, record)| (id(log), batch(&[record])));
        answers.push(journal.append_many(Batches::from_iter(batches)));
        for (log, record) in places.filter(|(log, _)| *log != MISSING) {
            expected[log as usize].push(record);
        }
    }
    for (answer, logs) in answers.into_iter().zip(calls) {
        for (result, log) in answer.await.into_iter().zip(logs) {
            let is_missing = result == Err(AppendError::NoSuchLog(id(MISSING)));
            assert_eq!(
                (is_missing, result.is_ok()),
                (*log == MISSING, *log != MISSING)
            );
        }
    }
    drop(journal);
    journal = world.kill();
    for (log, expected) in (0..).zip(expected) {
        let read = read_all(&journal, log).await.unwrap();
        let expected: Vec<(u64, Vec<u8>)> = (0..).zip(expected).collect();
        assert_eq!(read, expected, "log {log}");
    }
}
