//! Reads that need not wait are answered on the caller's thread; others bring the same from another.

use super::harness::{ANY, World, append, create, id};
use crate::store::{LogStore, Offset, ReadLimit};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const ONE: ReadLimit = ReadLimit {
    records: 1,
    bytes: u64::MAX,
};

/// A record that is read by itself.
fn record(byte: u8) -> Vec<u8> {
    vec![byte; 300_000 + usize::from(byte) * 1000]
}

/// The disk has about half of all places at hand.
#[tokio::test]
async fn cold_reads_when_the_bytes_are_at_hand_then_need_no_thread_and_bring_what_others_bring() {
    const RECORDS: u8 = 60;
    let world = World::new(1);
    let journal = world.open();
    create(&journal, 1).await;
    for byte in 0..RECORDS {
        append(&journal, 0, &record(byte)).await;
    }
    let journal = world.kill();
    let mut at_once = 0;
    for byte in 0..RECORDS {
        let mut read = pin!(journal.read(id(0), Offset(byte.into()), ONE));
        let first = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        at_once += u8::from(first.is_ready());
        let slice = match first {
            Poll::Ready(slice) => slice,
            Poll::Pending => read.await,
        };
        let slice = slice.unwrap();
        let bytes: Vec<&[u8]> = slice.records().map(|record| record.bytes).collect();
        assert_eq!(bytes, [record(byte)]);
    }
    assert!(
        (10..RECORDS - 10).contains(&at_once),
        "{at_once} of {RECORDS} came at once"
    );
}

/// More than a thread should be kept for comes in parts.
#[tokio::test]
async fn a_read_when_it_would_take_long_then_brings_a_part_or_goes_to_another_thread() {
    let world = World::new(2);
    let journal = world.open();
    create(&journal, 1).await;
    for byte in 0..40 {
        append(&journal, 0, &record(byte)).await;
    }
    let journal = world.kill();
    for from in 0..40 {
        let mut read = pin!(journal.read(id(0), Offset(from), ANY));
        let first = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(slice) = first {
            let slice = slice.unwrap();
            assert_eq!(slice.runs.len(), 1, "one block is as much as may come");
            assert_eq!(slice.next, Offset(from + 1));
        }
    }
}
