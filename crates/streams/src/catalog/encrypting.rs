//! `apply` of what streams are encrypted with.

use super::apply::{Applied, Verdict};
use super::command::{AddDataKey, DropDataKeys, StartEncryption, StopEncryption};
use super::data_keys::{DATA_KEYS_PER_STREAM_MAX, StreamDataKey};
use super::encryption::Encryption;
use super::refusal::Refusal;
use super::state::State;
use super::stream::Updating;
use millstream_env::Timestamp;
use std::sync::Arc;

impl State {
    /// Begins to encrypt new records, or encrypts them with another key from now on. With the same
    /// key only the form changes in which it is shown.
    pub(super) fn start_encryption(
        &mut self,
        command: &StartEncryption,
        now: Timestamp,
    ) -> Verdict {
        let mut stream = self.at_rest(command.stream, now)?;
        let begun = match &stream.encryption {
            Some(present) if present.key == command.key => present.begun,
            Some(_) | None => now,
        };
        stream.encryption = Some(Encryption {
            key_id: command.key_id.clone(),
            key: command.key.clone(),
            begun,
        });
        stream.updating = Some(Updating {
            begun: now,
            lasts_ms: command.transition_ms,
        });
        Ok(Applied::Stream(self.put(stream)))
    }

    /// Encrypts new records no longer. The data keys stay, for the records that need them.
    pub(super) fn stop_encryption(&mut self, command: &StopEncryption, now: Timestamp) -> Verdict {
        let mut stream = self.at_rest(command.stream, now)?;
        if stream.encryption.take().is_some() {
            stream.updating = Some(Updating {
                begun: now,
                lasts_ms: command.transition_ms,
            });
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    /// Adds a data key, unless the stream is encrypted with another KMS key by now, or no longer.
    pub(super) fn add_data_key(&mut self, command: &AddDataKey, now: Timestamp) -> Verdict {
        let mut stream = self.staying(command.stream)?;
        if !stream.is_encrypted_with(&command.key) {
            return Err(Refusal::NotEncryptedWith {
                key: command.key.to_string(),
                stream: stream.label(),
            });
        }
        let number = stream.data_keys.next_number();
        let Some(number) = number.filter(|_| !stream.data_keys.is_full()) else {
            return Err(Refusal::TooManyDataKeys {
                stream: stream.label(),
                most: DATA_KEYS_PER_STREAM_MAX,
            });
        };
        Arc::make_mut(&mut stream.data_keys).push(StreamDataKey {
            number,
            key: command.key.clone(),
            ciphertext: command.ciphertext.clone(),
            created_ms: now.0.max(command.arrived_ms),
        });
        Ok(Applied::Stream(self.put(stream)))
    }

    /// Drops data keys that no record needs. Idempotent.
    pub(super) fn drop_data_keys(&mut self, command: &DropDataKeys) -> Verdict {
        let mut stream = self.owned(command.stream)?;
        Arc::make_mut(&mut stream.data_keys).drop_through(command.through);
        Ok(Applied::Stream(self.put(stream)))
    }
}

#[cfg(test)]
mod tests;
