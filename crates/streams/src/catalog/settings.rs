//! `apply` of the settings of streams and accounts.

use super::account::{Commitment, CommitmentStatus};
use super::apply::{Applied, Verdict, impossible};
use super::changes_counted::{Counting, TooMany};
use super::command::{Quotas, SetCommitment, SetMode, SetRecordLimit, SetWarmThroughput, Warmth};
use super::plan::Plan;
use super::refusal::Refusal;
use super::scope::{Distribution, Mode, Scope};
use super::state::State;
use super::stream::{Reshard, Stream, Updating};
use millstream_env::Timestamp;
use millstream_model::limits;
use std::time::Duration;

/// The window in which changes of the mode are counted.
const SWITCHES_COUNTED_MS: u64 = limits::MODE_SWITCH_HOURS * 3_600_000;

impl State {
    /// The shards stay as they are, unless more throughput is asked for.
    pub(super) fn set_mode(&mut self, command: &SetMode, offset: u64, now: Timestamp) -> Verdict {
        let mut stream = self.at_rest(command.stream, now)?;
        let (mode, quotas) = (command.mode, &command.quotas);
        if stream.mode == mode {
            let stream = stream.label();
            return Err(Refusal::ModeUnchanged { stream, mode });
        }
        match mode {
            Mode::OnDemand => {
                if let Some(warmth) = &command.warmth {
                    self.check_warmth(&stream.scope, warmth, quotas, now)?;
                }
                self.check_on_demand_quota(&stream.scope, quotas)?;
            }
            Mode::Provisioned => {
                let more = stream.shards.open().len() as i64;
                if stream.distribution == Distribution::Auto {
                    let stream = stream.label();
                    return Err(Refusal::AutoHoldsMode { stream });
                }
                self.check_shard_quotas(&stream.scope, mode, quotas, more)?;
            }
        }
        count_switch(&mut stream, command, now)?;
        stream.mode = mode;
        stream.warm_mibps = None;
        let updating = Updating {
            begun: now,
            lasts_ms: command.transition_ms,
        };
        stream.updating = Some(updating);
        if let Some(warmth) = &command.warmth {
            warm_up(&mut stream, warmth, offset, updating)?;
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    /// Less than before only releases what it held; no shard is merged by that.
    pub(super) fn set_warm_throughput(
        &mut self,
        command: &SetWarmThroughput,
        offset: u64,
        now: Timestamp,
    ) -> Verdict {
        let owned = self.owned(command.stream)?;
        if owned.mode == Mode::Provisioned {
            let stream = owned.label();
            return Err(Refusal::NotOnDemand { stream });
        }
        let (warmth, quotas) = (&command.warmth, &command.quotas);
        self.check_warmth(&owned.scope, warmth, quotas, now)?;
        let mut stream = self.at_rest(command.stream, now)?;
        let updating = Updating {
            begun: now,
            lasts_ms: command.transition_ms,
        };
        stream.updating = Some(updating);
        warm_up(&mut stream, warmth, offset, updating)?;
        Ok(Applied::Stream(self.put(stream)))
    }

    /// Checks that a stream of an account may be prepared for so much, or for nothing.
    fn check_warmth(
        &self,
        scope: &Scope,
        warmth: &Warmth,
        quotas: &Quotas,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if warmth.is_none_of_earlier() && !self.is_committed(scope, now) {
            let scope = scope.clone();
            return Err(Refusal::NotCommitted { scope });
        }
        self.check_warm_throughput(scope, warmth.mibps, quotas, now)
    }

    /// Checks that a stream of an account may be prepared for so much.
    pub(super) fn check_warm_throughput(
        &self,
        scope: &Scope,
        mibps: u32,
        quotas: &Quotas,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if mibps > 0 && !self.is_committed(scope, now) {
            let scope = scope.clone();
            return Err(Refusal::NotCommitted { scope });
        }
        match quotas.warm_mibps {
            Some(most) if mibps > most => Err(Refusal::WarmThroughputTooHigh { mibps, most }),
            Some(_) | None => Ok(()),
        }
    }

    /// Stored records keep their size, whatever the new maximum.
    pub(super) fn set_record_limit(&mut self, command: &SetRecordLimit, now: Timestamp) -> Verdict {
        let mut stream = self.at_rest(command.stream, now)?;
        stream.record_kib_max = command.kib_max;
        stream.updating = Some(Updating {
            begun: now,
            lasts_ms: command.transition_ms,
        });
        Ok(Applied::Stream(self.put(stream)))
    }

    /// Makes an account's commitment, takes back its end, or ends it as soon as it may. What is so
    /// already stays as it is. It does not end while a stream is prepared for some throughput.
    pub(super) fn set_commitment(&mut self, command: &SetCommitment, now: Timestamp) -> Verdict {
        let present = self.commitment(&command.scope).copied();
        let streams = self.tally(&command.scope).warm();
        let status = present.map_or(CommitmentStatus::Ended, |it| it.status_at(now));
        let next = match (command.is_enabled, status) {
            (true, CommitmentStatus::Ended) => {
                let binds = Duration::from_millis(command.binds_ms);
                Some(Commitment::begin(now, binds))
            }
            (true, CommitmentStatus::Ending) => present.map(Commitment::resumed),
            (false, CommitmentStatus::InForce | CommitmentStatus::Ending) if streams > 0 => {
                let scope = command.scope.clone();
                return Err(Refusal::WarmStreams { scope, streams });
            }
            (false, CommitmentStatus::InForce) => present.map(|it| it.ending(now)),
            (true, CommitmentStatus::InForce)
            | (false, CommitmentStatus::Ending | CommitmentStatus::Ended) => present,
        };
        if next != present {
            let neighbours = self.scopes.entry(command.scope.clone()).or_default();
            neighbours.set_commitment(next);
        }
        Ok(Applied::Account(next))
    }
}

/// Counts a change of a stream's mode.
fn count_switch(stream: &mut Stream, command: &SetMode, now: Timestamp) -> Result<(), Refusal> {
    let counting = Counting {
        window_ms: SWITCHES_COUNTED_MS,
        most: command.quotas.mode_switches_per_day,
        remembered: command.remembered,
    };
    let counted = counting.count(&mut stream.mode_switches_ms, now);
    counted.map_err(|TooMany { most }| Refusal::TooManyModeSwitches {
        stream: stream.label(),
        most,
    })
}

/// Sets what a stream is prepared for. If that needs more shards, a reshard begins with the change
/// of the settings, and lasts as long at least.
fn warm_up(
    stream: &mut Stream,
    warmth: &Warmth,
    offset: u64,
    updating: Updating,
) -> Result<(), Refusal> {
    let plan = Plan::new(&stream.shards, stream.next_shard, &warmth.change)
        .map_err(|why| impossible(stream, why))?;
    stream.warm_mibps = (warmth.mibps > 0).then_some(warmth.mibps);
    // Earlier builds ask for shards with 0, too.
    if plan.growth() > 0 {
        stream.next_shard += plan.created.len() as u32;
        stream.reshard = Some(Reshard {
            id: offset,
            begun: updating.begun,
            lasts_ms: updating.lasts_ms,
            plan,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
