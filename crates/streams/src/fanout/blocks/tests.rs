//! What is cached, and what is evicted for what is wanted.

use super::super::room::ROOM_KIB;
use super::*;
use crate::fanout::room::tests::owner;
use millstream_protocol::Protocol;

fn block(kib: usize) -> Block {
    let bytes = vec![b'x'; kib * 1024].into();
    Block {
        records: EncodedRecords::from_encoded(Protocol::Json, bytes),
        count: 1,
        payload_bytes: 0,
        last: SequenceNumber {
            created_s: 1,
            counter: 1,
            arrival_s: 1,
            shard_index: 0,
        },
        next: Offset(1),
        first_arrival: Timestamp(0),
        data_keys: Vec::new(),
    }
}

fn key(offset: u64) -> Key {
    let log = LogId { group: 1, index: 0 };
    (log, Offset(offset), "json")
}

fn asker() -> Asker {
    Asker {
        owner: owner(1, 1),
        standing: Standing::Draining,
        lease: None,
    }
}

/// Keeps a block at an offset, of so many KiB.
fn keep(blocks: &Blocks, offset: u64, kib: usize) -> Result<Arc<Block>, u32> {
    blocks.keep(key(offset), block(kib), None, &asker())
}

#[test]
fn blocks_when_many_then_the_newest_are_kept_and_the_rest_gives_its_room_back() {
    let blocks = Blocks::default();
    for offset in 0..20 {
        drop(keep(&blocks, offset, 1024));
    }
    assert!(blocks.get(&key(3)).is_none());
    assert!(blocks.get(&key(4)).is_some());
    let taken = (ROOM_KIB - blocks.room.free_kib()) as usize;
    assert_eq!(taken, KEPT_BYTES_MAX / 1024);
    drop(keep(&blocks, 19, 1024));
    assert!(
        blocks.get(&key(4)).is_some(),
        "one in another's place is no more"
    );
}

#[test]
fn blocks_when_clients_hold_all_the_room_then_large_ones_have_to_wait_and_small_ones_do_not() {
    let blocks = Blocks::default();
    let mut held = Vec::new();
    while let Ok(block) = keep(&blocks, held.len() as u64, 10 * 1024) {
        held.push(block);
    }
    assert_eq!(keep(&blocks, 99, 10 * 1024).unwrap_err(), 10 * 1024);
    let Asker {
        owner, standing, ..
    } = asker();
    let rest = || blocks.room.try_lease(&owner, standing, 1);
    let rest: Vec<_> = std::iter::from_fn(rest).collect();
    let free = blocks.room.free_kib();
    assert!(keep(&blocks, 99, COPIED_BYTES_MAX / 1024).is_ok());
    assert_eq!(blocks.room.free_kib(), free, "it takes no room");
    assert!(blocks.get(&key(99)).is_none(), "and is not kept");
    drop((held, rest));
    assert!(keep(&blocks, 99, 10 * 1024).is_ok());
}

#[test]
fn room_when_a_block_turns_out_smaller_than_was_leased_for_it_then_is_given_back() {
    let blocks = Blocks::default();
    let mut asker = asker();
    let lease = blocks.lease_before(&mut asker);
    assert_eq!(blocks.room.free_kib(), ROOM_KIB - EVENT_ROOM_KIB);
    let block = blocks.keep(key(0), block(40), lease, &asker).unwrap();
    assert_eq!(blocks.room.free_kib(), ROOM_KIB - 40);
    drop((block, blocks.kept.lock().take()));
    assert_eq!(blocks.room.free_kib(), ROOM_KIB);
}
