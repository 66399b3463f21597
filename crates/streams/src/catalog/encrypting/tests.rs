//! What the commands do to a stream's encryption and its data keys.

use super::*;
use crate::catalog::data_keys::DataKeys;
use crate::catalog::stream::Stream;
use crate::catalog::{BeginDelete, Command, CreateStream, Mode, Quotas, Scope, Status};
use millstream_kms::KeyArn;
use millstream_model::{AccountId, Region, StreamName};
use millstream_replicated::Machine as _;
use millstream_store::Offset;
use std::num::NonZeroU32;

const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn key(id: &str) -> KeyArn {
    KeyArn::parse(&format!("arn:aws:kms:us-east-1:111111111111:key/{id}")).unwrap()
}

/// A state with a stream, at the time of its next command.
struct Catalog {
    state: State,
    now: Timestamp,
}

impl Catalog {
    fn new() -> Self {
        let mut catalog = Self {
            state: State::default(),
            now: NOW,
        };
        let create = CreateStream {
            scope: Scope {
                account: AccountId::parse("111111111111").unwrap(),
                region: Region::parse("us-east-1").unwrap(),
            },
            name: StreamName::parse("s").unwrap(),
            mode: Mode::Provisioned,
            shards: NonZeroU32::MIN,
            tags: Default::default(),
            record_kib_max: 1_024,
            transition_ms: 0,
            quotas: Quotas::default(),
            warm_mibps: None,
            distribution: Default::default(),
        };
        catalog.apply(Command::CreateStream(create)).unwrap();
        catalog
    }

    fn apply(&mut self, command: Command) -> Verdict {
        let before = self.state.clone();
        let verdict = self.state.apply(Offset(0), self.now, &command);
        assert!(
            verdict.is_ok() || self.state == before,
            "refused, but changes"
        );
        verdict
    }

    fn stream(&self) -> &Stream {
        self.state.stream_by_id(0).unwrap()
    }

    fn start(&mut self, key_id: &str, id: &str, transition_ms: u64) -> Verdict {
        self.apply(Command::StartEncryption(StartEncryption {
            stream: 0,
            key_id: key_id.to_owned(),
            key: key(id),
            transition_ms,
        }))
    }

    fn stop(&mut self, transition_ms: u64) -> Verdict {
        self.apply(Command::StopEncryption(StopEncryption {
            stream: 0,
            transition_ms,
        }))
    }

    fn add(&mut self, id: &str) -> Verdict {
        self.add_after(id, 0)
    }

    /// Adds a data key when a record has arrived at this time.
    fn add_after(&mut self, id: &str, arrived_ms: u64) -> Verdict {
        self.apply(Command::AddDataKey(AddDataKey {
            stream: 0,
            key: key(id),
            ciphertext: vec![7].into(),
            arrived_ms,
        }))
    }

    fn drop_through(&mut self, through: u32) {
        let command = DropDataKeys { stream: 0, through };
        self.apply(Command::DropDataKeys(command)).unwrap();
    }

    fn numbers(&self) -> Vec<u32> {
        let keys = self.stream().data_keys.all().iter();
        keys.map(|key| key.number).collect()
    }
}

#[test]
fn encryption_when_started_changed_and_stopped_then_shows_each_change_as_updating() {
    let mut catalog = Catalog::new();
    catalog.start("alias/a", "a", 500).unwrap();
    assert_eq!(catalog.stream().status_at(NOW), Status::Updating);
    let refused = catalog.start("b", "b", 500).unwrap_err();
    assert!(matches!(refused, Refusal::StreamNotActive { .. }));
    let refused = catalog.stop(500).unwrap_err();
    assert!(matches!(refused, Refusal::StreamNotActive { .. }));
    let expected = |key_id: &str, id, begun| Encryption {
        key_id: key_id.to_owned(),
        key: key(id),
        begun,
    };
    catalog.now = Timestamp(NOW.0 + 500);
    assert_eq!(catalog.stream().status_at(catalog.now), Status::Active);
    let first = Some(expected("alias/a", "a", NOW));
    assert_eq!(catalog.stream().encryption, first);
    catalog.start("a", "a", 0).unwrap();
    let same = Some(expected("a", "a", NOW));
    assert_eq!(catalog.stream().encryption, same, "the same key goes on");
    catalog.start("b", "b", 0).unwrap();
    let other = Some(expected("b", "b", catalog.now));
    assert_eq!(catalog.stream().encryption, other);
    catalog.stop(500).unwrap();
    assert_eq!(catalog.stream().encryption, None);
    assert_eq!(catalog.stream().status_at(catalog.now), Status::Updating);
}

#[test]
fn encryption_when_stopped_though_there_is_none_then_changes_nothing() {
    let mut catalog = Catalog::new();
    let before = catalog.state.clone();
    catalog.stop(500).unwrap();
    assert_eq!(catalog.state, before);
}

#[test]
fn data_key_when_of_a_key_that_is_not_the_streams_any_more_then_is_refused() {
    let mut catalog = Catalog::new();
    let of = |id: &str, catalog: &Catalog| Refusal::NotEncryptedWith {
        key: key(id).to_string(),
        stream: catalog.stream().label(),
    };
    let refused = catalog.add("a").unwrap_err();
    assert_eq!(refused, of("a", &catalog));
    catalog.start("a", "a", 0).unwrap();
    catalog.add("a").unwrap();
    catalog.start("b", "b", 0).unwrap();
    let refused = catalog.add("a").unwrap_err();
    assert_eq!(refused, of("a", &catalog));
    catalog.add("b").unwrap();
    catalog.stop(0).unwrap();
    let refused = catalog.add("b").unwrap_err();
    assert_eq!(refused, of("b", &catalog));
    let keys = catalog.stream().data_keys.all().iter();
    let kept: Vec<_> = keys.map(|it| (it.number, it.key.clone())).collect();
    assert_eq!(kept, [(1, key("a")), (2, key("b"))], "records need them");
    catalog.start("a", "a", 0).unwrap();
    catalog.add("a").unwrap();
    let newest = catalog.stream().data_keys.newest().unwrap();
    assert_eq!((newest.number, newest.created_ms), (3, NOW.0));
    assert_eq!(catalog.stream().data_keys.get(3), Some(newest));
    assert_eq!(catalog.stream().data_keys.get(4), None);
}

#[test]
fn data_key_when_the_stream_is_updating_then_is_added_and_when_deleting_then_not() {
    let mut catalog = Catalog::new();
    catalog.start("a", "a", 500).unwrap();
    catalog.add("a").unwrap();
    catalog.now = Timestamp(NOW.0 + 500);
    let delete = Command::BeginDelete(BeginDelete {
        stream: 0,
        takes_consumers: false,
        transition_ms: 0,
    });
    catalog.apply(delete).unwrap();
    let refused = catalog.add("a").unwrap_err();
    assert!(matches!(refused, Refusal::StreamNotActive { .. }));
    catalog.apply(Command::CompleteDelete(0)).unwrap();
    assert!(catalog.state.stream_by_id(0).is_none());
    assert!(matches!(
        catalog.add("a"),
        Err(Refusal::StreamGone { id: 0 })
    ));
}

#[test]
fn data_keys_when_dropped_then_the_newest_stays_and_no_number_is_used_again() {
    let mut catalog = Catalog::new();
    catalog.drop_through(u32::MAX);
    catalog.start("a", "a", 0).unwrap();
    for _ in 0..4 {
        catalog.add("a").unwrap();
    }
    catalog.drop_through(0);
    assert_eq!(catalog.numbers(), [1, 2, 3, 4]);
    catalog.drop_through(2);
    catalog.drop_through(2);
    assert_eq!(catalog.numbers(), [3, 4]);
    assert_eq!(catalog.stream().data_keys.get(3).unwrap().number, 3);
    catalog.drop_through(u32::MAX);
    assert_eq!(catalog.numbers(), [4]);
    catalog.add("a").unwrap();
    assert_eq!(catalog.numbers(), [4, 5]);
}

#[test]
fn data_keys_when_as_many_as_a_stream_may_have_then_one_more_needs_another_to_go() {
    let mut catalog = Catalog::new();
    catalog.start("a", "a", 0).unwrap();
    for _ in 0..DATA_KEYS_PER_STREAM_MAX {
        catalog.add("a").unwrap();
    }
    let full = Refusal::TooManyDataKeys {
        stream: catalog.stream().label(),
        most: DATA_KEYS_PER_STREAM_MAX,
    };
    assert_eq!(catalog.add("a"), Err(full));
    catalog.drop_through(1);
    catalog.add("a").unwrap();
    let numbers = catalog.numbers();
    assert_eq!((numbers[0], numbers.len()), (2, DATA_KEYS_PER_STREAM_MAX));
}

#[test]
fn data_key_when_numbers_are_used_up_then_is_refused() {
    let mut catalog = Catalog::new();
    catalog.start("a", "a", 0).unwrap();
    let mut keys = DataKeys::default();
    keys.push(StreamDataKey {
        number: u32::MAX,
        key: key("a"),
        ciphertext: vec![7].into(),
        created_ms: 0,
    });
    catalog.state.put(Stream {
        data_keys: Arc::new(keys),
        ..catalog.stream().clone()
    });
    let refused = catalog.add("a").unwrap_err();
    assert!(matches!(refused, Refusal::TooManyDataKeys { .. }));
}

/// A clock that was ahead, and is right again: records go on arriving when the last one did.
#[test]
fn data_key_when_records_arrived_later_than_now_then_counts_as_created_with_the_last() {
    let mut catalog = Catalog::new();
    catalog.start("a", "a", 0).unwrap();
    for (arrived_ms, created_ms) in [(0, NOW.0), (NOW.0 - 1, NOW.0), (NOW.0 + 5, NOW.0 + 5)] {
        catalog.add_after("a", arrived_ms).unwrap();
        let newest = catalog.stream().data_keys.all().last().unwrap();
        assert_eq!(newest.created_ms, created_ms);
    }
}
