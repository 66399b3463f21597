//! Data keys that are kept unwrapped, for as long as their KMS keys may be used.
//!
//! What is kept is asked for again once it is not fresh, so that a KMS key that was disabled,
//! deleted or denied opens and seals nothing any more within [`KEY_FRESH`], whatever is cached. A
//! refusal is kept for [`REFUSAL_KEPT`], so that it does not cost a call for each request. If the
//! key service does not answer, what it confirmed last goes on for [`UNCONFIRMED_MAX`].
//!
//! Nothing is asked here: see [`super::data_keys`].

use super::cipher::RecordKey;
use millstream_env::Monotonic;
use millstream_kms::KeyError;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a KMS key counts as usable once the key service said so.
pub const KEY_FRESH: Duration = Duration::from_secs(10);
/// When the key service is asked again, so that nobody waits for an answer that comes.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(7);
/// How long a refusal of the key service is repeated before it is asked again.
pub const REFUSAL_KEPT: Duration = Duration::from_secs(2);
/// How long a data key is used while the key service does not answer, counted from its last
/// confirmation: AWS keeps data keys for about as long.
pub const UNCONFIRMED_MAX: Duration = Duration::from_mins(5);
/// Maximum number of data keys that are kept; each takes about a KiB.
pub(super) const DATA_KEYS_KEPT_MAX: usize = 4096;

/// Which data key: the stream's id, and its number.
pub(super) type Which = (u64, u32);

/// Resolves when the key service has been asked.
pub(super) type Asking = watch::Receiver<()>;

/// What is known of a data key.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The key, and when it was confirmed last.
    key: Option<(Arc<RecordKey>, Monotonic)>,
    /// The last answer that was not a key, and when it came.
    refused: Option<(KeyError, Monotonic)>,
    /// The question that is under way.
    asking: Option<Asking>,
}

/// What to do with a data key.
#[derive(Debug)]
pub(super) enum Look {
    /// Use it.
    Use(Arc<RecordKey>),
    /// Use it, and ask for it meanwhile.
    UseAndAsk(Arc<RecordKey>),
    /// It may not be used.
    Refuse(KeyError),
    /// Wait for the answer that is under way.
    Wait(Asking),
    /// Ask for it.
    Ask,
}

/// The data keys that are kept.
#[derive(Default)]
pub(super) struct Kept(BTreeMap<Which, Known>);

impl Known {
    /// What to do by what is known now.
    fn look(&self, now: Monotonic) -> Look {
        let is_within = |since: Monotonic, time: Duration| now.since(since) < time;
        let last = match &self.refused {
            Some((why, at)) if is_within(*at, REFUSAL_KEPT) => Some(why),
            Some(_) | None => None,
        };
        let has_failed = self.refused.is_some();
        match (&self.key, last) {
            (Some((key, confirmed)), last) if is_within(*confirmed, KEY_FRESH) => {
                let key = Arc::clone(key);
                let is_asked = last.is_some() || self.asking.is_some();
                if is_asked || is_within(*confirmed, ASKED_AGAIN_AFTER) {
                    Look::Use(key)
                } else {
                    Look::UseAndAsk(key)
                }
            }
            (Some((key, confirmed)), last)
                if has_failed && is_within(*confirmed, UNCONFIRMED_MAX) =>
            {
                let key = Arc::clone(key);
                if last.is_some() || self.asking.is_some() {
                    Look::Use(key)
                } else {
                    Look::UseAndAsk(key)
                }
            }
            (_, Some(why)) => Look::Refuse(why.clone()),
            (_, None) => self.asking.clone().map_or(Look::Ask, Look::Wait),
        }
    }

    /// When something was answered last; whoever is being asked about counts as later.
    fn last_told(&self) -> (bool, Option<Monotonic>) {
        let confirmed = self.key.as_ref().map(|(_, at)| *at);
        let refused = self.refused.as_ref().map(|(_, at)| *at);
        (self.asking.is_some(), confirmed.max(refused))
    }

    /// Notes the key service's answer.
    fn note(&mut self, answer: Result<Arc<RecordKey>, KeyError>, now: Monotonic) {
        self.asking = None;
        match answer {
            Ok(key) => {
                *self = Self {
                    key: Some((key, now)),
                    ..Self::default()
                }
            }
            Err(why) => {
                if !is_no_answer(&why) {
                    self.key = None;
                }
                self.refused = Some((why, now));
            }
        }
    }
}

/// Whether a key service did not decide: who was allowed so far may go on for a while.
pub(super) fn is_no_answer(why: &KeyError) -> bool {
    match why {
        KeyError::Throttled | KeyError::MaterialMissing { .. } | KeyError::Unavailable { .. } => {
            true
        }
        KeyError::NotFound { .. }
        | KeyError::Disabled { .. }
        | KeyError::InvalidState { .. }
        | KeyError::AccessDenied { .. }
        | KeyError::OptInRequired => false,
    }
}

impl Kept {
    /// What to do with a data key. Whoever is told to ask is given what wakes those who wait, which
    /// is to be dropped once the answer is noted.
    pub(super) fn look(
        &mut self,
        which: Which,
        now: Monotonic,
    ) -> (Look, Option<watch::Sender<()>>) {
        let known = self.of(which);
        // Whoever asked may have ended without an answer.
        let is_given_up = |asking: &Asking| asking.has_changed().is_err();
        if known.asking.as_ref().is_some_and(is_given_up) {
            known.asking = None;
        }
        let look = known.look(now);
        let teller = match look {
            Look::Ask | Look::UseAndAsk(_) => {
                let (tell, asking) = watch::channel(());
                known.asking = Some(asking);
                Some(tell)
            }
            Look::Use(_) | Look::Refuse(_) | Look::Wait(_) => None,
        };
        (look, teller)
    }

    /// Notes the key service's answer about a data key.
    pub(super) fn note(
        &mut self,
        which: Which,
        answer: Result<Arc<RecordKey>, KeyError>,
        now: Monotonic,
    ) {
        self.of(which).note(answer, now);
    }

    /// Keeps the data keys of these streams alone.
    pub(super) fn retain(&mut self, is_there: impl Fn(u64) -> bool) {
        self.0.retain(|(stream, _), _| is_there(*stream));
    }

    /// What is known of a data key, with room for it.
    fn of(&mut self, which: Which) -> &mut Known {
        if self.0.len() >= DATA_KEYS_KEPT_MAX && !self.0.contains_key(&which) {
            let oldest = self.0.iter().min_by_key(|(_, known)| known.last_told());
            if let Some(oldest) = oldest.map(|(which, _)| *which) {
                self.0.remove(&oldest);
            }
        }
        self.0.entry(which).or_default()
    }
}

#[cfg(test)]
mod tests;
