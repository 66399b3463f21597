//! A change of a stream's shards, drawn from a list of them, and what its history says of it.
//!
//! The number of open shards stays small, whatever is drawn.

use crate::history::{ListedShard, Reshard, ReshardOutcome, Span};
use crate::number::ShardId;
use fastrand::Rng;

/// Maximum number of open shards of a stream.
pub const OPEN_MAX: usize = 6;

/// An operation that changes shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reshaping {
    /// SplitShard; MergeShards if there are too many shards.
    Split,
    /// MergeShards.
    Merge,
    /// UpdateShardCount.
    Count,
}

/// A change of shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardChange {
    /// SplitShard, before this hash key.
    Split(ShardId, u128),
    /// MergeShards.
    Merge(ShardId, ShardId),
    /// UpdateShardCount, of these open shards.
    Count(i32, Vec<ShardId>),
}

impl ShardChange {
    /// Draws a change of the listed shards, if there is one of that kind.
    pub fn draw(rng: &mut Rng, reshaping: Reshaping, mut shards: Vec<ListedShard>) -> Option<Self> {
        shards.retain(|shard| shard.last.is_none());
        shards.sort_by_key(|shard| shard.range.first);
        let count = shards.len();
        match reshaping {
            Reshaping::Split if count < OPEN_MAX => {
                let shard = rng.choice(&shards)?;
                let (first, last) = (shard.range.first.0, shard.range.last.0);
                let splits = first.checked_add(2)? < last;
                splits.then(|| Self::Split(shard.shard, rng.u128(first + 2..last)))
            }
            Reshaping::Split | Reshaping::Merge => {
                let pair = rng.choice(shards.windows(2))?;
                Some(Self::Merge(pair[0].shard, pair[1].shard))
            }
            Reshaping::Count => {
                let most = (2 * count).min(OPEN_MAX).max(count);
                let target = rng.usize(count.div_ceil(2)..=most);
                let open = shards.iter().map(|shard| shard.shard).collect();
                (target != count).then_some(Self::Count(i32::try_from(target).ok()?, open))
            }
        }
    }

    /// The event of this change, if its call had this outcome.
    pub fn event(&self, span: Span, of_call: ReshardOutcome) -> Reshard {
        Reshard {
            span,
            parents: match self {
                Self::Split(shard, _) => vec![*shard],
                Self::Merge(one, other) => vec![*one, *other],
                Self::Count(_, open) => open.clone(),
            },
            outcome: match (self, of_call) {
                // The response does not say which shards it closes.
                (Self::Count(..), ReshardOutcome::Acked) => ReshardOutcome::Unknown,
                (Self::Split(..) | Self::Merge(..) | Self::Count(..), outcome) => outcome,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::{HashKey, HashKeyRange, SequenceNumber};

    /// Where shards begin and end.
    const NUMBER: &str = "49590338271490256608559692538361571095921575989136588898";

    /// The listed shards of a stream: some closed ones, and open ones of equal width.
    fn shards(open: u32) -> Vec<ListedShard> {
        let width = 1000;
        let shard = |index: u32, at: u32, last: Option<SequenceNumber>| ListedShard {
            shard: ShardId(index),
            parents: Vec::new(),
            range: HashKeyRange {
                first: HashKey(u128::from(at) * width),
                last: HashKey(u128::from(at + 1) * width - 1),
            },
            first: NUMBER.parse().unwrap(),
            last,
        };
        let closed = (0..3).map(|at| shard(at, at, Some(NUMBER.parse().unwrap())));
        let open = (0..open).rev().map(|at| shard(at + 3, at, None));
        closed.chain(open).collect()
    }

    #[test]
    fn change_when_drawn_then_is_one_that_the_service_accepts() {
        let mut rng = Rng::with_seed(1);
        for open in 1..=6 {
            for _ in 0..100 {
                let mut draw = |reshaping| ShardChange::draw(&mut rng, reshaping, shards(open));
                match draw(Reshaping::Split) {
                    Some(ShardChange::Split(shard, key)) => {
                        let at = (0..open).find(|at| ShardId(at + 3) == shard).unwrap();
                        let first = u128::from(at) * 1000;
                        assert!((first + 2..first + 999).contains(&key), "{shard} at {key}");
                        assert!(open < 6);
                    }
                    Some(ShardChange::Merge(..)) => assert_eq!(open, 6),
                    other => panic!("{other:?}"),
                }
                match draw(Reshaping::Merge) {
                    Some(ShardChange::Merge(one, other)) => {
                        let is_pair = |at: &u32| (ShardId(at + 3), ShardId(at + 4)) == (one, other);
                        assert!((0..open - 1).any(|at| is_pair(&at)), "{one} and {other}");
                    }
                    other => assert!(other.is_none() && open == 1, "{other:?}"),
                }
                match draw(Reshaping::Count) {
                    Some(ShardChange::Count(target, parents)) => {
                        let target = u32::try_from(target).unwrap();
                        assert!((open.div_ceil(2)..=(2 * open).min(6)).contains(&target));
                        assert_ne!(target, open);
                        assert_eq!(parents, (3..open + 3).map(ShardId).collect::<Vec<_>>());
                    }
                    other => assert_eq!(other, None),
                }
            }
        }
    }

    #[test]
    fn scaling_when_acknowledged_then_has_unknown_parents_in_the_history() {
        let span = Span {
            started: 1,
            finished: 2,
        };
        let outcomes = |change: &ShardChange| {
            let outcome = |of_call| change.event(span, of_call).outcome;
            [
                outcome(ReshardOutcome::Acked),
                outcome(ReshardOutcome::DefinitelyFailed),
                outcome(ReshardOutcome::Unknown),
            ]
        };
        let all = [
            ReshardOutcome::Acked,
            ReshardOutcome::DefinitelyFailed,
            ReshardOutcome::Unknown,
        ];
        assert_eq!(outcomes(&ShardChange::Merge(ShardId(1), ShardId(2))), all);
        assert_eq!(outcomes(&ShardChange::Split(ShardId(1), 7)), all);
        let [acked, rest @ ..] = outcomes(&ShardChange::Count(3, vec![ShardId(1)]));
        assert_eq!(acked, ReshardOutcome::Unknown);
        assert_eq!(rest, all[1..]);
        let merge = ShardChange::Merge(ShardId(1), ShardId(2)).event(span, ReshardOutcome::Acked);
        assert_eq!(
            (merge.span, merge.parents),
            (span, vec![ShardId(1), ShardId(2)])
        );
    }
}
