//! How far a mirror is: of each shard of the source, the last record all up to which is stored.
//!
//! What always holds: what is saved never goes past a record of which a copy has no outcome yet.

use super::sides::Found;
use crate::Surroundings;
use crate::identity::Identity;
use crate::state::StateFormat;
use millstream_client::Timestamp;
use millstream_client::consumer::{Checkpoint, Checkpoints, Position};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// What is kept between two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct State {
    pub(super) from: Identity,
    pub(super) to: Identity,
    /// Where shards begin of which nothing is stored: at this instant, in milliseconds since 1970,
    /// or at their oldest records.
    pub(super) begun_millis: Option<i64>,
    pub(super) shards: BTreeMap<String, ShardState>,
}

impl StateFormat for State {
    const NAME: &'static str = "millstream-mirror-state";
    const VERSION: u64 = 1;
}

/// How far a shard is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShardState {
    /// The number of the last record all up to which is stored; `None` if there is none.
    pub(super) sequence_number: Option<String>,
    /// Whether the shard is closed, and all of it is stored.
    pub(super) ended: bool,
}

impl State {
    /// The state of a mirror that begins there, now.
    pub(super) fn new(
        from: &Found,
        to: &Found,
        position: &Position,
        surroundings: &Surroundings,
    ) -> Self {
        let begun_millis = match position {
            Position::AtTimestamp(at) => Some(at.0),
            Position::Latest => {
                let now = surroundings.env.clock.now().millis();
                Some(i64::try_from(now).unwrap_or(i64::MAX))
            }
            Position::TrimHorizon
            | Position::AtSequenceNumber(_)
            | Position::AfterSequenceNumber(_) => None,
        };
        Self {
            from: from.identity(),
            to: to.identity(),
            begun_millis,
            shards: BTreeMap::new(),
        }
    }

    /// Where shards begin of which nothing is stored.
    pub(super) fn begun(&self) -> Position {
        match self.begun_millis {
            Some(millis) => Position::AtTimestamp(Timestamp(millis)),
            None => Position::TrimHorizon,
        }
    }

    /// Forgets the shards that the source does not list any more, so that the state does not grow
    /// for ever. What descends from them is all newer.
    pub(super) fn forget_expired(&mut self, from: &Found) {
        let listed: BTreeSet<&str> = from
            .shards
            .iter()
            .map(|shard| shard.shard_id.as_str())
            .collect();
        self.shards.retain(|id, _| listed.contains(id.as_str()));
    }

    /// The state in a consumer's words.
    pub(super) fn checkpoints(&self) -> Checkpoints {
        let of = |shard: &ShardState| match (&shard.sequence_number, shard.ended) {
            (_, true) => Some(Checkpoint::End),
            (Some(number), false) => Some(Checkpoint::After(number.clone())),
            (None, false) => None,
        };
        let shards = self.shards.iter();
        let shards = shards.filter_map(|(id, shard)| Some((id.clone(), of(shard)?)));
        shards.collect()
    }
}

/// The shards of the source, and what of them is on its way.
#[derive(Debug, Default)]
pub(super) struct Reached {
    shards: BTreeMap<Arc<str>, Shard>,
}

#[derive(Debug, Default)]
struct Shard {
    state: ShardState,
    /// Records of which not all copies are stored, or behind such a record; in order.
    records: VecDeque<OnItsWay>,
    /// The place of the first of them.
    first: u64,
    /// Whether the last record of the shard was read.
    is_read: bool,
}

#[derive(Debug)]
struct OnItsWay {
    sequence_number: String,
    copies_left: usize,
    bytes: usize,
}

/// What a stored copy means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Landing {
    /// Whether all copies of its record are stored.
    pub(super) is_whole: bool,
    /// The bytes of records that are not kept any more. Those behind a record that is not stored
    /// are, and so they are bounded, too.
    pub(super) bytes: usize,
}

/// A record of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) shard_id: Arc<str>,
    index: u64,
}

impl Reached {
    /// Goes on from a state.
    pub(super) fn new(state: &State) -> Self {
        let shard = |(id, state): (&String, &ShardState)| {
            let shard = Shard {
                is_read: state.ended,
                state: state.clone(),
                ..Shard::default()
            };
            (Arc::from(id.as_str()), shard)
        };
        Self {
            shards: state.shards.iter().map(shard).collect(),
        }
    }

    /// Notes a record that is put in so many copies, and how many bytes it takes until then.
    pub(super) fn add(
        &mut self,
        shard_id: &Arc<str>,
        sequence_number: String,
        copies: usize,
        bytes: usize,
    ) -> Place {
        let shard = self.shards.entry(Arc::clone(shard_id)).or_default();
        shard.records.push_back(OnItsWay {
            sequence_number,
            copies_left: copies,
            bytes,
        });
        Place {
            shard_id: Arc::clone(shard_id),
            index: shard.first + shard.records.len() as u64 - 1,
        }
    }

    /// Notes that a copy of a record is stored.
    pub(super) fn stored(&mut self, place: &Place) -> Landing {
        let Some(shard) = self.shards.get_mut(&place.shard_id) else {
            return Landing::default();
        };
        let index = place.index.checked_sub(shard.first);
        let index = index.and_then(|index| usize::try_from(index).ok());
        let Some(record) = index.and_then(|index| shard.records.get_mut(index)) else {
            return Landing::default();
        };
        record.copies_left = record.copies_left.saturating_sub(1);
        Landing {
            is_whole: record.copies_left == 0,
            bytes: shard.advance(),
        }
    }

    /// Notes that a shard is closed, and that its last record was read.
    pub(super) fn read_to_end(&mut self, shard_id: &Arc<str>) {
        let shard = self.shards.entry(Arc::clone(shard_id)).or_default();
        shard.is_read = true;
        shard.advance();
    }

    /// The number of a record that is on its way.
    pub(super) fn sequence_number(&self, place: &Place) -> &str {
        let record = self.shards.get(&place.shard_id).and_then(|shard| {
            let index = place.index.checked_sub(shard.first)?;
            shard.records.get(usize::try_from(index).ok()?)
        });
        record.map_or("", |record| &record.sequence_number)
    }

    /// How far each shard is.
    pub(super) fn shards(&self) -> BTreeMap<String, ShardState> {
        let shards = self.shards.iter();
        shards
            .map(|(id, shard)| (id.to_string(), shard.state.clone()))
            .collect()
    }
}

impl Shard {
    /// Goes up to the first record that is not stored, and returns the bytes of those before it.
    fn advance(&mut self) -> usize {
        let mut bytes = 0;
        while let Some(stored) = self.records.pop_front_if(|record| record.copies_left == 0) {
            self.first += 1;
            bytes += stored.bytes;
            self.state.sequence_number = Some(stored.sequence_number);
        }
        self.state.ended = self.is_read && self.records.is_empty();
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::check_page;

    #[test]
    fn state_when_written_then_is_as_its_page_shows_it() {
        check_page::<State>();
    }

    fn reached(found: &Reached, shard_id: &str) -> (Option<String>, bool) {
        let shards = found.shards();
        let state = shards.get(shard_id).cloned().unwrap_or_default();
        (state.sequence_number, state.ended)
    }

    #[test]
    fn shard_when_its_records_are_stored_in_any_order_then_is_reached_up_to_the_first_gap() {
        let mut found = Reached::default();
        let shard: Arc<str> = "shard".into();
        let places: Vec<Place> = (0..4)
            .map(|number| found.add(&shard, number.to_string(), 1 + number % 2, 10))
            .collect();
        let at = |number: u8| Some(number.to_string());
        let landed = |is_whole, bytes| Landing { is_whole, bytes };
        assert_eq!(found.sequence_number(&places[2]), "2");
        assert_eq!(found.stored(&places[2]), landed(true, 0));
        assert_eq!(reached(&found, "shard"), (None, false));
        assert_eq!(
            found.stored(&places[1]),
            landed(false, 0),
            "it has two copies"
        );
        assert_eq!(found.stored(&places[0]), landed(true, 10));
        assert_eq!(reached(&found, "shard"), (at(0), false));
        assert_eq!(found.stored(&places[1]), landed(true, 20));
        assert_eq!(reached(&found, "shard"), (at(2), false));
        found.read_to_end(&shard);
        assert_eq!(reached(&found, "shard"), (at(2), false));
        found.stored(&places[3]);
        found.stored(&places[3]);
        assert_eq!(reached(&found, "shard"), (at(3), true));
        let empty: Arc<str> = "empty".into();
        found.read_to_end(&empty);
        assert_eq!(reached(&found, "empty"), (None, true));
    }

    #[test]
    fn state_when_a_consumer_goes_on_with_it_then_begins_after_what_is_stored() {
        let shard = |number: Option<&str>, ended| ShardState {
            sequence_number: number.map(str::to_owned),
            ended,
        };
        let shards = [
            ("a", shard(Some("1"), true)),
            ("b", shard(Some("2"), false)),
            ("c", shard(None, false)),
            ("d", shard(None, true)),
        ];
        let own = |(id, state): (&str, ShardState)| (id.to_owned(), state);
        let state = State {
            from: Identity::default(),
            to: Identity::default(),
            begun_millis: Some(5),
            shards: shards.map(own).into_iter().collect(),
        };
        let after = Checkpoint::After("2".to_owned());
        let expected = [("a", Checkpoint::End), ("b", after), ("d", Checkpoint::End)];
        let own = |(id, checkpoint): (&str, Checkpoint)| (id.to_owned(), checkpoint);
        assert_eq!(state.checkpoints(), expected.map(own).into_iter().collect());
        assert_eq!(state.begun(), Position::AtTimestamp(Timestamp(5)));
        assert_eq!(Reached::new(&state).shards(), state.shards);
    }
}
