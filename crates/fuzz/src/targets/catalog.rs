//! The catalog: commands out of its log, and snapshots of its state.

use super::populated::{populated, time_of};
use millstream_env::Timestamp;
use millstream_model::HashKey;
use millstream_replicated::Machine;
use millstream_store::Offset;
use millstream_streams::testing::{
    BeginDelete, BeginReshard, Change, Command, CompleteReshard, Quotas, State, Stream,
};
use minicbor::Decoder;
use std::num::NonZeroU32;

/// The version of snapshots that the build writes.
const VERSION: u8 = State::FORMAT.snapshots.newest;
/// Maximum number of shards that a command makes here: more only take longer.
const SHARDS_MAX: u32 = 1_000;

/// Commands, one after the other, in an empty catalog and in a populated one. Each is written as it
/// was read, and one that is refused changes nothing. The state that they lead to can be used, and
/// is the same after a snapshot.
pub(super) fn commands(bytes: &[u8]) {
    let ignore = |_: &Command| ();
    replay(bytes, State::default(), 0, ignore);
    let (state, next) = populated();
    replay(bytes, state.clone(), *next, ignore);
}

/// Applies commands from an offset on; tells of those that are not refused.
fn replay(bytes: &[u8], mut state: State, mut at: u64, mut applied: impl FnMut(&Command)) {
    let mut decoder = Decoder::new(bytes);
    while let Ok(command) = decoder.decode::<Command>() {
        let written = minicbor::to_vec(&command).unwrap();
        assert_eq!(minicbor::decode::<Command>(&written).unwrap(), command);
        if !is_quick(&command) {
            continue;
        }
        let before = state.clone();
        match state.apply(Offset(at), time_of(at), &command) {
            Ok(_) => applied(&command),
            Err(_) => assert!(state == before, "refused, but changes: {command:?}"),
        }
        at += 1;
    }
    check(&state);
}

/// Whether a command makes few shards.
fn is_quick(command: &Command) -> bool {
    let shards = if let Command::CreateStream(create) = command {
        create.shards.get()
    } else if let Command::BeginReshard(begin) = command {
        shards_of(&begin.change)
    } else if let Command::SetWarmThroughput(set) = command {
        shards_of(&set.warmth.change)
    } else if let Command::SetMode(set) = command {
        let change = set.warmth.as_ref().map(|warmth| &warmth.change);
        change.map_or(0, shards_of)
    } else {
        0
    };
    shards <= SHARDS_MAX
}

fn shards_of(change: &Change) -> u32 {
    match change {
        Change::Divide { divisions } => divisions.iter().map(|it| it.parts).sum(),
        Change::Scale { target }
        | Change::ScaleInTurn { target }
        | Change::ScaleAtOnce { target } => target.get(),
        Change::Split { .. } | Change::Merge { .. } | Change::Join { .. } => 0,
    }
}

/// A snapshot: a state that is read is the same after another snapshot, can be used, and goes on.
pub(super) fn snapshots(bytes: &[u8]) {
    if let Ok(state) = State::decode_snapshot(VERSION, bytes) {
        check(&state);
        go_on(state);
    }
}

/// Completes what is in progress in each stream, scales it, deletes it, and makes another with its
/// name.
fn go_on(mut state: State) {
    let streams: Vec<Stream> = state
        .streams()
        .map(|stream| Stream::clone(stream))
        .collect();
    for stream in streams {
        for command in future_of(&stream) {
            let free = (0..).find(|id| state.stream_by_id(*id).is_none());
            let at = free.expect("ids are many");
            let time = Timestamp(stream.created.0.saturating_add(at));
            // The state decides whether it is so far.
            drop(state.apply(Offset(at), time, &command));
            check(&state);
        }
    }
}

fn future_of(stream: &Stream) -> Vec<Command> {
    let complete = stream.reshard.iter().map(|reshard| {
        let parents = reshard.plan.parents.iter();
        Command::CompleteReshard(CompleteReshard {
            stream: stream.id,
            reshard: reshard.id,
            closes: parents.map(|parent| (*parent, 3)).collect(),
            arrived_ms: Some(stream.created.0),
        })
    });
    let target = NonZeroU32::MIN.saturating_add(4);
    let change = if stream.id.is_multiple_of(2) {
        Change::ScaleAtOnce { target }
    } else {
        Change::ScaleInTurn { target }
    };
    let scale = Command::BeginReshard(BeginReshard {
        stream: stream.id,
        change,
        transition_ms: 0,
        quotas: Quotas::default(),
        by_service: None,
        remembered: None,
    });
    let delete = Command::BeginDelete(BeginDelete {
        stream: stream.id,
        takes_consumers: true,
        transition_ms: 0,
    });
    let gone = Command::CompleteDelete(stream.id);
    complete.chain([scale, delete, gone]).collect()
}

/// A state is the same after a snapshot, and its streams can be written to and read from.
fn check(state: &State) {
    let again = State::decode_snapshot(VERSION, &state.encode_snapshot());
    assert!(again.expect("it is a snapshot") == *state);
    for stream in state.streams() {
        use_stream(stream);
    }
}

/// What the rest of the server does with a stream: it routes, numbers, names and lists.
fn use_stream(stream: &Stream) {
    let shards = &stream.shards;
    for key in [HashKey(0), HashKey(1 << 127), HashKey::MAX] {
        let owner = shards.get(shards.route(key).index);
        assert!(owner.is_some_and(|shard| shard.is_open() && shard.range.contains(key)));
    }
    shards.open_at(usize::MAX);
    for shard in shards.all() {
        let parents = [shard.parent, shard.adjacent_parent].into_iter().flatten();
        assert!(parents.into_iter().all(|parent| parent < shard.index));
        let last = Offset(shard.end().map_or(u64::MAX >> 1, |end| end.0));
        for offset in [Offset(0), last] {
            shard.sequence_number(offset, stream.created).to_text();
            shard.number_before(offset).to_text();
        }
        shard.id().to_text();
    }
    for log in stream.logs() {
        assert!(stream.has_log(log.index));
    }
    stream.retention();
    stream.arn();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Corpus;
    use std::collections::BTreeSet;

    const PAGE: &str = include_str!("../../../../docs/formats/catalog.md");

    /// The case of a command or of a change, as its page names it.
    fn case_of(command: &impl std::fmt::Debug) -> String {
        let shown = format!("{command:?}");
        shown
            .split(['(', ' '])
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    #[test]
    fn command_when_of_any_kind_then_the_corpus_has_one_that_is_applied_to_the_populated_catalog() {
        let mut missing: BTreeSet<&str> = millstream_pages::rows(PAGE, "Command")
            .map(|row| row[0])
            .collect();
        assert!(missing.len() >= 24, "{missing:?}");
        let changes = millstream_pages::rows(PAGE, "Change");
        let mut changes: BTreeSet<&str> = changes.map(|row| row[0]).collect();
        assert!(changes.len() >= 7, "{changes:?}");
        let (state, next) = populated();
        for input in Corpus::of("commands").read() {
            replay(&input, state.clone(), *next, |command| {
                missing.remove(&*case_of(command));
                if let Command::BeginReshard(begin) = command {
                    changes.remove(&*case_of(&begin.change));
                }
            });
        }
        assert_eq!(changes, BTreeSet::new(), "changes without an input");
        assert_eq!(missing, BTreeSet::new(), "commands without an input");
    }

    #[test]
    fn snapshot_when_of_the_populated_catalog_then_is_in_the_corpus() {
        let (state, _) = populated();
        check(state);
        let inputs = Corpus::of("snapshots").read();
        assert!(inputs.contains(&state.encode_snapshot()));
        let is_read = |input: &&Vec<u8>| State::decode_snapshot(VERSION, input).is_ok();
        assert!(inputs.iter().filter(is_read).count() > 2);
    }
}
