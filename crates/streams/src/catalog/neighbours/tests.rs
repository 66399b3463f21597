//! The incremental counts agree with what a scan of all streams gives.

use super::*;
use crate::catalog::apply::Applied;
use crate::catalog::state::State;
use crate::catalog::stream::Status;
use crate::catalog::{BeginDelete, Change, Command, CreateStream, Quotas, Scope, image};
use crate::catalog::{BeginReshard, CompleteReshard, SetMode};
use crate::catalog::{SetCommitment, SetWarmThroughput, Warmth};
use millstream_model::{AccountId, Region};
use millstream_replicated::Machine as _;
use millstream_store::Offset;
use proptest::prelude::*;
use std::num::NonZeroU32;

const DAY_S: u64 = DELETED_REMEMBERED_S;
const FOUR: NonZeroU32 = NonZeroU32::new(4).unwrap();

fn scope() -> Scope {
    Scope {
        account: AccountId::parse("111111111111").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
    }
}

fn name(number: u64) -> StreamName {
    StreamName::parse(&format!("stream-{number}")).unwrap()
}

/// A state, and a clock that its commands carry.
#[derive(Default)]
struct Catalog {
    state: State,
    next: Offset,
    now: Timestamp,
}

impl Catalog {
    fn apply(&mut self, command: Command) -> Option<Arc<Stream>> {
        let applied = self.state.apply(self.next, self.now, &command).ok();
        self.next = self.next.plus(1);
        applied.and_then(Applied::into_stream)
    }

    fn create(&mut self, number: u64, transition_ms: u64) {
        self.apply(Command::CreateStream(CreateStream {
            scope: scope(),
            name: name(number),
            mode: [Mode::Provisioned, Mode::OnDemand][number as usize % 2],
            shards: NonZeroU32::MIN.saturating_add(number as u32 % 3),
            tags: Default::default(),
            record_kib_max: 1024,
            transition_ms,
            quotas: Quotas::default(),
            warm_mibps: None,
            distribution: Default::default(),
        }));
    }

    fn id(&self, number: u64) -> u64 {
        let stream = self.state.stream(&scope(), name(number).as_str());
        stream.map_or(u64::MAX, |stream| stream.id)
    }

    fn begin_delete(&mut self, number: u64) {
        self.apply(Command::BeginDelete(BeginDelete {
            stream: self.id(number),
            takes_consumers: true,
            transition_ms: 0,
        }));
    }

    fn delete(&mut self, number: u64) {
        self.begin_delete(number);
        self.apply(Command::CompleteDelete(self.id(number)));
    }

    fn split(&mut self, number: u64) {
        let command = BeginReshard {
            stream: self.id(number),
            change: Change::Scale { target: FOUR },
            transition_ms: 0,
            quotas: Quotas::default(),
            by_service: None,
            remembered: None,
        };
        let begun = self.apply(Command::BeginReshard(command));
        let reshard = begun.and_then(|stream| stream.reshard.clone());
        if let Some(reshard) = reshard {
            let closes = reshard.plan.parents.iter().map(|index| (*index, 1));
            let command = CompleteReshard {
                stream: self.id(number),
                reshard: reshard.id,
                arrived_ms: None,
                closes: closes.collect(),
            };
            self.apply(Command::CompleteReshard(command));
        }
    }

    fn switch(&mut self, number: u64) {
        let stream = self.state.stream(&scope(), name(number).as_str());
        let mode = match stream.map(|stream| stream.mode) {
            Some(Mode::OnDemand) | None => Mode::Provisioned,
            Some(Mode::Provisioned) => Mode::OnDemand,
        };
        self.apply(Command::SetMode(SetMode {
            stream: self.id(number),
            mode,
            transition_ms: 0,
            quotas: Quotas::default(),
            warmth: None,
            remembered: None,
        }));
    }

    fn warm(&mut self, number: u64, mibps: u32) {
        self.apply(Command::SetCommitment(SetCommitment {
            scope: scope(),
            is_enabled: true,
            binds_ms: 1,
        }));
        self.apply(Command::SetWarmThroughput(SetWarmThroughput {
            stream: self.id(number),
            warmth: Warmth {
                mibps,
                change: Change::Scale { target: FOUR },
            },
            transition_ms: 0,
            quotas: Quotas::default(),
        }));
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let Some(neighbours) = self.state.scopes.get(&scope()) else {
            return Ok(());
        };
        let count = |is: &dyn Fn(&Stream) -> bool| {
            neighbours.streams().filter(|stream| is(stream)).count() as u32
        };
        let tally = neighbours.tally();
        let open = neighbours
            .streams()
            .map(|stream| stream.shards.open().len());
        prop_assert_eq!(tally.open_shards() as usize, open.sum::<usize>());
        let provisioned = neighbours
            .streams()
            .filter(|stream| stream.mode == Mode::Provisioned)
            .map(|stream| stream.shards.open().len());
        prop_assert_eq!(
            tally.provisioned_shards() as usize,
            provisioned.sum::<usize>()
        );
        let is_warm = |stream: &Stream| stream.warm_mibps.is_some() && stream.deletion.is_none();
        prop_assert_eq!(tally.warm(), count(&is_warm));
        let is_on_demand = |stream: &Stream| stream.mode == Mode::OnDemand;
        prop_assert_eq!(tally.on_demand(), count(&is_on_demand));
        for shift in [-2_000, -1, 0, 1, 2_000] {
            let now = Timestamp(self.now.0.saturating_add_signed(shift));
            let moves = |stream: &Stream| {
                matches!(stream.status_at(now), Status::Creating | Status::Deleting)
            };
            prop_assert_eq!(tally.in_transition(now), count(&moves), "{}", shift);
        }
        let read_back = image::decode(&image::encode(&self.state));
        prop_assert!(read_back.unwrap() == self.state);
        Ok(())
    }
}

proptest! {
    #[test]
    fn tally_when_streams_come_change_and_go_then_is_what_a_look_at_all_would_say(
        steps in proptest::collection::vec((0..8_u8, 0..6_u64, 0..3_000_u64), 0..60),
    ) {
        let mut catalog = Catalog { now: Timestamp(1_000_000_000), ..Catalog::default() };
        for (step, number, ms) in steps {
            match step {
                0 => catalog.create(number, 0),
                1 => catalog.create(number, ms),
                2 => catalog.split(number),
                3 => catalog.begin_delete(number),
                4 => catalog.delete(number),
                5 => catalog.switch(number),
                6 => catalog.warm(number, ms as u32 % 2),
                _ => catalog.now = Timestamp(catalog.now.0 + ms),
            }
            catalog.check()?;
        }
    }
}

#[test]
fn name_when_a_day_is_over_then_is_forgotten_and_never_many_at_once() {
    let mut catalog = Catalog::default();
    let remembered = |catalog: &Catalog| {
        let neighbours = &catalog.state.scopes[&scope()];
        let by_second = neighbours.deleted.by_second.len();
        assert_eq!(by_second, neighbours.deleted().count());
        by_second
    };
    for number in 0..100 {
        catalog.now = Timestamp(number * 1_000);
        catalog.create(number, 0);
        catalog.delete(number);
    }
    assert_eq!(remembered(&catalog), 100);
    // Deleted again, a name is remembered by its last deletion.
    catalog.now = Timestamp(200_000);
    catalog.create(0, 0);
    catalog.delete(0);
    assert_eq!(remembered(&catalog), 100);
    let neighbours = &catalog.state.scopes[&scope()];
    assert_eq!(neighbours.deleted_s(&name(0)), Some(200));
    assert_eq!(neighbours.deleted_s(&name(1)), Some(1));

    catalog.now = Timestamp((DAY_S + 199) * 1_000);
    let mut left = 100;
    for number in 1_000..1_020 {
        catalog.create(number, 0);
        catalog.delete(number);
        let now = remembered(&catalog);
        assert!(now + FORGOTTEN_AT_ONCE > left, "{left} became {now}");
        left = now;
    }
    assert_eq!(left, 21, "the last of the old ones, and the new ones");
}
