//! What tools have in common that follow a stream with a consumer.

use crate::Failure;
use millstream_client::consumer::{ConsumerError, ReadWith};
use millstream_env::Random;
use std::time::Duration;

/// How often a shard is polled that has nothing new: two of the five calls a second that AWS allows
/// all readers of a shard together.
pub(crate) const POLL_EVERY: Duration = Duration::from_millis(500);

/// The flag about enhanced fan-out.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FanOut {
    /// Have the records pushed (enhanced fan-out), to the registered consumer NAME
    ///
    /// If there is none of that name, it is registered, and deregistered at the end. Without NAME,
    /// the consumer has one of its own.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    fan_out: Option<Option<String>>,
}

impl FanOut {
    /// Whether a consumer may be registered.
    pub(crate) fn is_wanted(&self) -> bool {
        self.fan_out.is_some()
    }

    /// How a tool of this name reads.
    pub(crate) fn read_with(&self, tool: &str, random: &dyn Random) -> ReadWith {
        match &self.fan_out {
            None => ReadWith::Polling,
            Some(Some(name)) => ReadWith::ConsumerNamed(name.clone()),
            Some(None) => ReadWith::ConsumerNamed(own_name(tool, random)),
        }
    }
}

/// A name that no other consumer has.
fn own_name(tool: &str, random: &dyn Random) -> String {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    format!("millstream-{tool}-{:016x}", u64::from_be_bytes(bytes))
}

/// Why a consumer did not start or go on.
pub(crate) fn refuse(error: ConsumerError) -> Failure {
    let text = error.to_string();
    match error {
        ConsumerError::Call(error) | ConsumerError::Shard { error, .. } => error.into(),
        ConsumerError::NoShard { .. } => Failure::new(text)
            .with_advice("Check --shard; a shard goes when its records have expired"),
        ConsumerError::NotActive(_)
        | ConsumerError::Checkpoints(_)
        | ConsumerError::ReaderEnded(_)
        | _ => Failure::new(text),
    }
}
