//! The catalog: commands out of its log, and snapshots of its state.

use millstream_env::Timestamp;
use millstream_replicated::Machine;
use millstream_store::Offset;
use millstream_streams::testing::{Command, State};
use minicbor::Decoder;

/// The version of snapshots that the build writes.
const VERSION: u8 = State::FORMAT.snapshots.newest;
/// Maximum number of shards that a command asks for here.
const SHARDS_MAX: u32 = 1_000;

/// Commands, one after the other. Each is written as it was read, and one that is refused changes
/// nothing. The state that they lead to is the same after a snapshot.
pub(super) fn commands(bytes: &[u8]) {
    let mut decoder = Decoder::new(bytes);
    let mut state = State::default();
    let mut at = 0;
    while let Ok(command) = decoder.decode::<Command>() {
        let written = minicbor::to_vec(&command).unwrap();
        assert_eq!(minicbor::decode::<Command>(&written).unwrap(), command);
        if !may_be_proposed(&command) {
            continue;
        }
        let before = state.clone();
        let time = Timestamp(1_700_000_000_000 + at * 1_000);
        if state.apply(Offset(at), time, &command).is_err() {
            assert!(state == before, "refused, but changes: {command:?}");
        }
        at += 1;
    }
    check(&state);
}

/// Whether the numbers of shards in a command are such as the service writes: they are checked
/// before it, and each shard takes memory.
fn may_be_proposed(command: &Command) -> bool {
    let shards = if let Command::CreateStream(create) = command {
        Some(create.shards)
    } else if let Command::BeginReshard(begin) = command {
        begin.change.target()
    } else {
        None
    };
    shards.is_none_or(|shards| (1..=SHARDS_MAX).contains(&shards))
}

/// A snapshot: a state that is read is the same after another snapshot.
pub(super) fn snapshots(bytes: &[u8]) {
    if let Ok(state) = State::decode_snapshot(VERSION, bytes) {
        check(&state);
    }
}

fn check(state: &State) {
    let again = State::decode_snapshot(VERSION, &state.encode_snapshot());
    assert!(again.expect("it is a snapshot") == *state);
}
