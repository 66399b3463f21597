//! `--plan`: what a mirror would do, and what is in the way. One that begins looks at the same.

mod shown;

use super::Ready;
use super::gaps::gaps;
use super::reached::{ShardState, State};
use super::sides::{Found, Place, is_open};
use crate::identity::record_bytes_max_of;
use crate::origin::Placing;
use crate::start::Start;
use crate::terminal::byte_size;
use crate::{Failure, shown as values};
use millstream_client::Timestamp;
use millstream_client::routing::{Router, range_of};
use millstream_client::types::{
    EncryptionType, Shard, StreamDescriptionSummary, StreamMode, StreamStatus,
};
use serde::Serialize;

/// Both streams, and what is to be said about them.
pub(super) struct Plan {
    from: Found,
    to_place: Place,
    to: Option<Found>,
    state: Option<State>,
    routes: Vec<Route>,
    /// What may be missing for good.
    gaps: Vec<String>,
    /// Why it cannot be begun.
    problems: Vec<Failure>,
    /// What may go wrong later.
    warnings: Vec<String>,
}

/// Where the records of a shard go.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Route {
    shard_id: String,
    is_open: bool,
    /// Where it begins: a position, or after a sequence number.
    from: String,
    /// Whether all of it is mirrored.
    is_done: bool,
    /// The shards of the target that own any of its hash keys; empty if the service decides.
    into: Vec<String>,
}

impl Plan {
    /// Looks at both streams.
    ///
    /// # Errors
    /// If the source is not there, or an endpoint does not tell.
    pub(super) async fn make(
        from: Place,
        to: Place,
        state: Option<State>,
        begin: &Start,
    ) -> Result<Self, Failure> {
        let Some(from) = from.find().await? else {
            let (stream, endpoint) = (&from.stream, from.client.endpoint());
            let failure = Failure::new(format!("there is no stream {stream} at {endpoint}"));
            return Err(failure.with_advice(
                "`millstream streams` lists what there is; check --region and the account, too.",
            ));
        };
        let mut plan = Self {
            to: to.find().await?,
            to_place: to,
            from,
            state,
            routes: Vec::new(),
            gaps: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        plan.problems = plan.find_problems();
        if let Some(to) = &plan.to {
            plan.warnings = warnings(&plan.from, to);
        }
        if let Some(state) = plan.state.as_ref().filter(|_| plan.problems.is_empty()) {
            plan.gaps = gaps(&plan.from, state).await;
        }
        plan.routes = plan.find_routes(begin)?;
        Ok(plan)
    }

    /// What is needed to begin.
    ///
    /// # Errors
    /// The first thing that is in the way.
    pub(super) fn ready(self) -> Result<Ready, Failure> {
        if let Some(problem) = self.problems.into_iter().next() {
            return Err(problem);
        }
        Ok(Ready {
            from: self.from,
            to: self.to.ok_or_else(|| Failure::new("there is no TO"))?,
            state: self.state,
            gaps: self.gaps,
        })
    }

    fn find_problems(&self) -> Vec<Failure> {
        let Some(to) = &self.to else {
            let (stream, endpoint) = (&self.to_place.stream, self.to_place.client.endpoint());
            let create = self.to_place.create_like(&self.from.summary);
            let what = format!("there is no stream {stream} at {endpoint}");
            return vec![Failure::new(what).with_advice(format!("This makes it: {create}"))];
        };
        let mut problems = Vec::new();
        if self.from.identity() == to.identity() {
            let arn = &to.summary.stream_arn;
            let what = format!("FROM and TO are the same stream, {arn}");
            problems.push(Failure::new(what).with_advice("Give another TO."));
        }
        for found in [&self.from, to] {
            let (name, status) = (found.place.name(), found.summary.stream_status);
            if matches!(status, StreamStatus::Creating | StreamStatus::Deleting) {
                let what = format!("the stream {name} is {status}");
                problems.push(Failure::new(what).with_advice("It has to be ACTIVE."));
            }
        }
        if let Some(state) = &self.state {
            for (found, of_state) in [(&self.from, &state.from), (to, &state.to)] {
                problems.extend(found.identity().check(of_state).err());
            }
        }
        problems
    }

    fn find_routes(&self, begin: &Start) -> Result<Vec<Route>, Failure> {
        let targets = self.to.as_ref().map(Found::targets).transpose()?;
        let router = targets
            .filter(|targets| targets.placing == Placing::Keys)
            .map(|targets| targets.router);
        let route = |shard: &Shard| {
            let state = self.state.as_ref();
            let state = state.and_then(|state| state.shards.get(&shard.shard_id));
            Route {
                shard_id: shard.shard_id.clone(),
                is_open: is_open(shard),
                from: self.begin_of(state, begin),
                is_done: state.is_some_and(|state| state.ended),
                into: router.as_ref().map_or(Vec::new(), |to| into(shard, to)),
            }
        };
        Ok(self.from.shards.iter().map(route).collect())
    }

    fn begin_of(&self, shard: Option<&ShardState>, begin: &Start) -> String {
        let number = shard.and_then(|shard| shard.sequence_number.as_ref());
        match (&self.state, number) {
            (_, Some(number)) => format!("after {number}"),
            (None, None) => begin.to_string(),
            (Some(state), None) => match state.begun_millis {
                Some(millis) => values::instant(Timestamp(millis)),
                None => Start::TrimHorizon.to_string(),
            },
        }
    }
}

/// The shards that own any of a shard's hash keys.
fn into(shard: &Shard, router: &Router) -> Vec<String> {
    let Some(range) = range_of(&shard.hash_key_range) else {
        return Vec::new();
    };
    let shards = router.shards();
    let owns = shards.filter(|(_, other)| range.start <= other.end && other.start <= range.end);
    owns.map(|(id, _)| id.to_owned()).collect()
}

/// What may go wrong though it can be begun.
fn warnings(from: &Found, to: &Found) -> Vec<String> {
    let mut warnings = Vec::new();
    let [from_size, to_size] = [from, to].map(|side| record_bytes_max_of(&side.summary));
    if to_size < from_size {
        let [from_size, to_size] = [from_size, to_size].map(|size| byte_size(size as u64));
        warnings.push(format!(
            "TO takes records of {to_size}, FROM of {from_size}: a larger one ends the mirror"
        ));
    }
    let [from_shards, to_shards] = [from, to].map(|side| side.open_shards().count());
    if to_shards < from_shards && !is_on_demand(&to.summary) {
        warnings.push(format!(
            "TO has {to_shards} open shards, FROM has {from_shards}: TO takes {to_shards} MiB and \
             {to_shards},000 records a second at most"
        ));
    }
    let [from_hours, to_hours] = [from, to].map(|side| side.summary.retention_period_hours);
    if to_hours < from_hours {
        warnings.push(format!(
            "TO keeps records for {to_hours} hours, FROM for {from_hours}"
        ));
    }
    let is_encrypted = |side: &Found| side.summary.encryption_type == Some(EncryptionType::Kms);
    if is_encrypted(from) && !is_encrypted(to) {
        warnings.push("FROM is encrypted with a key of KMS, TO is not".to_owned());
    }
    if (from.placing(), to.placing()) == (Placing::Service, Placing::Keys) {
        warnings.push(
            "records of FROM may have no partition key, which TO needs: one ends the mirror"
                .to_owned(),
        );
    }
    warnings
}

fn is_on_demand(summary: &StreamDescriptionSummary) -> bool {
    let details = summary.stream_mode_details.as_ref();
    details.is_some_and(|details| details.stream_mode == StreamMode::OnDemand)
}
