//! AWS's call rates: how often an account, or everyone together on a stream or a shard, may call an
//! operation.
//!
//! The rates are those of the table of operations. They are taken in one place, between
//! authorization and the operation: after types, authorization, constraints and the question
//! whether the resource exists, as AWS looks at limits when it looks at state. So a request that is
//! wrong in itself costs nothing, and only what exists is counted. A refused call changes nothing.
//!
//! Buckets are in memory, on the monotonic clock; after a restart they are full. Those of streams
//! and shards go with them. Accounts are whatever callers say, so their number is bounded: beyond
//! [`ACCOUNTS_COUNTED_MAX`] in the same second, further ones are not counted. Rates imitate AWS;
//! what protects the server are its budgets of memory.
//!
//! PutRecord, PutRecords, GetRecords and SubscribeToShard have budgets of their own, which count
//! more than calls.

use crate::catalog::{Scope, Stream, StreamLabel};
use crate::facts::{CallRefused, RateExceeded, Throttled};
use crate::limits::Calls;
use crate::runtime::Runtimes;
use crate::settings::Limits;
use crate::streams::Streams;
use millstream_auth::{Principal, Resource};
use millstream_env::{Clock, Monotonic};
use millstream_model::ShardId;
use millstream_protocol::{Operation, Period, Rate, Scope as Per};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Accounts, each in a region, whose calls are counted at a time.
pub(crate) const ACCOUNTS_COUNTED_MAX: usize = 8_192;

/// How often accounts are looked through for those without calls of late, at most.
const CLEARED_EVERY: Duration = Duration::from_millis(100);

/// The rates of calls.
pub(crate) struct CallRates {
    clock: Arc<dyn Clock>,
    limits: Limits,
    streams: Streams,
    runtimes: Arc<Runtimes>,
    accounts: Mutex<Accounts>,
}

impl CallRates {
    pub(crate) fn new(
        clock: &Arc<dyn Clock>,
        limits: Limits,
        streams: &Streams,
        runtimes: &Arc<Runtimes>,
    ) -> Self {
        Self {
            clock: Arc::clone(clock),
            limits,
            streams: streams.clone(),
            runtimes: Arc::clone(runtimes),
            accounts: Mutex::default(),
        }
    }

    /// Whether calls are counted at all.
    pub(crate) fn apply(&self) -> bool {
        self.limits == Limits::Aws
    }

    /// Counts a call that is about to begin, or says why it may not.
    pub(crate) fn take(&self, call: Call<'_>) -> Result<(), CallRefused> {
        let now = self.clock.monotonic();
        let has = match call.rate.scope {
            Per::Account => self.accounts.lock().try_take(&call, now),
            Per::Stream => self.try_take_of_stream(&call, now),
            Per::Shard => return self.take_of_shard(call, now),
            // Their operations have budgets.
            Per::ShardRecords | Per::ConsumerAndShard => true,
        };
        match (has, call.stream) {
            (true, _) => Ok(()),
            // AWS names the stream, whatever the rate's scope.
            (false, Some((_, stream))) => Err(RateExceeded::Stream { stream }.into()),
            (false, None) => {
                let account = call.principal.account.clone();
                Err(RateExceeded::Account { account }.into())
            }
        }
    }

    fn try_take_of_stream(&self, call: &Call<'_>, now: Monotonic) -> bool {
        let Some(stream) = self.find(call) else {
            return true;
        };
        let stream = self.runtimes.stream(stream.id);
        stream.try_take_call(call.operation, call.rate, now)
    }

    fn take_of_shard(&self, call: Call<'_>, now: Monotonic) -> Result<(), CallRefused> {
        let shard = call.shard.and_then(|text| ShardId::parse(text).ok());
        let (Some(stream), Some(shard)) = (self.find(&call), shard) else {
            return Ok(());
        };
        if stream.shards.get(shard.index()).is_none() {
            return Ok(());
        }
        let of_shard = self.runtimes.stream(stream.id).shard(shard.index());
        match of_shard.try_take_call(call.operation, call.rate, now) {
            true => Ok(()),
            false => {
                let stream = stream.label();
                Err(Throttled { shard, stream }.into())
            }
        }
    }

    /// The stream of a call, if it exists and the caller can reach it: nobody may use up the calls
    /// of another account's streams, nor find out by a refusal that they exist.
    fn find(&self, call: &Call<'_>) -> Option<Arc<Stream>> {
        let (scope, label) = call.stream.as_ref()?;
        let Principal {
            account, region, ..
        } = call.principal;
        let is_own = (&scope.account, &scope.region) == (account, region);
        if !is_own && call.reached == Reached::No {
            return None;
        }
        let state = self.streams.state();
        state.stream(scope, label.name.as_str()).cloned()
    }

    /// Counts a change that an operation is about to make to a stream, or says why it may not: AWS
    /// allows so many in 24 hours.
    pub(crate) fn take_change<O: Operation>(&self, stream: &Stream) -> Result<(), RateExceeded> {
        let Some(rate) = (const { rate_of(O::RATES, Period::Day) }) else {
            return Ok(());
        };
        let now = self.clock.monotonic();
        let of_stream = self.runtimes.stream(stream.id);
        if self.limits == Limits::Off || of_stream.try_take_change(O::NAME, rate, now) {
            return Ok(());
        }
        Err(RateExceeded::Changes {
            operation: O::NAME,
            most: rate.calls,
            stream: stream.label(),
        })
    }
}

/// Whether a caller, who is authorized, has reached what its call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// It is there, and the caller may use it.
    Yes,
    /// It is not, or not for this caller.
    No,
}

/// A call that is about to begin.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) rate: Rate,
    pub(crate) principal: &'a Principal,
    /// The stream that it names.
    pub(crate) stream: Option<(Scope, StreamLabel)>,
    /// Whether that was found.
    pub(crate) reached: Reached,
    /// The shard that it names.
    pub(crate) shard: Option<&'a str>,
}

/// The calls of accounts.
#[derive(Default)]
struct Accounts {
    by_scope: BTreeMap<Scope, Calls>,
    cleared: Option<Monotonic>,
}

impl Accounts {
    fn try_take(&mut self, call: &Call<'_>, now: Monotonic) -> bool {
        let scope = Scope {
            account: call.principal.account.clone(),
            region: call.principal.region.clone(),
        };
        if !self.by_scope.contains_key(&scope) && !self.has_room(now) {
            return true;
        }
        let calls = self.by_scope.entry(scope).or_default();
        calls.try_take(call.operation, call.rate, now)
    }

    /// Whether one more account can be counted. Those without calls of late are dropped, from time
    /// to time.
    fn has_room(&mut self, now: Monotonic) -> bool {
        let is_due = |cleared: Monotonic| now.since(cleared) >= CLEARED_EVERY;
        if self.by_scope.len() >= ACCOUNTS_COUNTED_MAX && self.cleared.is_none_or(is_due) {
            self.by_scope.retain(|_, calls| !calls.is_as_new(now));
            self.cleared = Some(now);
        }
        self.by_scope.len() < ACCOUNTS_COUNTED_MAX
    }
}

/// The stream that a resource is or belongs to, whether or not it exists.
pub(crate) fn named_stream(resource: Resource<'_>) -> Option<(Scope, StreamLabel)> {
    match resource {
        Resource::Account | Resource::Unnamed => None,
        Resource::Stream(stream) | Resource::Consumer { stream, .. } => {
            let scope = Scope {
                account: stream.account.clone(),
                region: stream.region.clone(),
            };
            let label = StreamLabel {
                name: stream.name.clone(),
                account: stream.account.clone(),
            };
            Some((scope, label))
        }
    }
}

/// The rate of a period.
pub(crate) const fn rate_of(rates: &[Rate], period: Period) -> Option<Rate> {
    let mut place = 0;
    while place < rates.len() {
        match (rates[place].period, period) {
            (Period::Second, Period::Second) | (Period::Day, Period::Day) => {
                return Some(rates[place]);
            }
            (Period::Second, Period::Day) | (Period::Day, Period::Second) => place += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_model::{AccountId, Region};
    use millstream_protocol::Source;

    /// One call of DescribeLimits by the account of a number.
    fn has_room(accounts: &mut Accounts, number: usize, ms: u64) -> bool {
        let account = AccountId::parse(&format!("{number:012}")).unwrap();
        let principal = Principal::root(account, Region::us_east_1());
        let call = Call {
            operation: "DescribeLimits",
            rate: Rate {
                calls: 1,
                period: Period::Second,
                scope: Per::Account,
                source: Source::Documented,
            },
            principal: &principal,
            stream: None,
            reached: Reached::No,
            shard: None,
        };
        accounts.try_take(&call, Monotonic(Duration::from_millis(ms)))
    }

    #[test]
    fn accounts_when_there_are_too_many_at_once_then_are_forgotten_when_full_again() {
        let mut accounts = Accounts::default();
        for number in 0..ACCOUNTS_COUNTED_MAX {
            assert!(has_room(&mut accounts, number, 0));
        }
        // One more is not counted, and takes no memory.
        assert!((0..3).all(|_| has_room(&mut accounts, ACCOUNTS_COUNTED_MAX, 999)));
        assert_eq!(accounts.by_scope.len(), ACCOUNTS_COUNTED_MAX);
        assert!(!has_room(&mut accounts, 0, 999), "the others are");
        // The buckets of all are full again, but not looked through at once.
        assert!(has_room(&mut accounts, 0, 1_000));
        assert!((0..2).all(|_| has_room(&mut accounts, ACCOUNTS_COUNTED_MAX, 1_098)));
        assert!(has_room(&mut accounts, ACCOUNTS_COUNTED_MAX, 1_099));
        assert!(!has_room(&mut accounts, ACCOUNTS_COUNTED_MAX, 1_099));
        assert!(!has_room(&mut accounts, 0, 1_099));
        assert_eq!(accounts.by_scope.len(), 2);
    }
}
