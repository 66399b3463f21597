//! What an HTTP/2 client sends before it has acknowledged our settings.
//!
//! One of the settings disables the HPACK dynamic table: each indexed field may keep the buffer
//! alive that it arrived in, a hundred times its size, for the life of the connection. The setting
//! takes effect when it is acknowledged. So everything that arrives earlier is charged, and a
//! client that does not acknowledge in time is disconnected, as RFC 9113, 6.5.3 allows.

use crate::connection::read_buffer::NoRoom;
use millstream_memory::{Budget, Share};
use std::sync::Arc;

/// Bytes of the connection's own. A client may send at least this much before it has received our
/// settings.
const FREE_BYTES: usize = 32 * 1024;
/// Upper bound: more than this cannot be explained by latency.
const BYTES_MAX: usize = 1024 * 1024;
/// Allowance for buffers that are not full.
const SLACK: usize = 2;
/// Length, type, flags and stream of a frame.
const FRAME_HEAD_BYTES: usize = 9;
const PREFACE_BYTES: usize = 24;
const SETTINGS: u8 = 4;
const ACKNOWLEDGEMENT: u8 = 1;

/// The state of our settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settings {
    /// Sent, possibly not received yet.
    Sent,
    /// Acknowledged and in effect.
    Acknowledged,
}

/// A parser of the client's frames.
#[derive(Debug)]
pub(crate) struct Greeting {
    head: [u8; FRAME_HEAD_BYTES],
    head_has: usize,
    /// Bytes up to the next frame.
    skips: usize,
    read: usize,
    share: Share,
}

impl Greeting {
    /// The parser for a client whose preface comes next.
    pub(crate) fn new(heads: &Arc<Budget>) -> Self {
        Self {
            head: [0; FRAME_HEAD_BYTES],
            head_has: 0,
            skips: PREFACE_BYTES,
            read: 0,
            share: heads.share(),
        }
    }

    /// Parses bytes that have arrived.
    ///
    /// # Errors
    /// If it is too much before the settings were acknowledged.
    pub(crate) fn note(&mut self, bytes: &[u8]) -> Result<Settings, NoRoom> {
        if self.finds_acknowledgement(bytes) {
            return Ok(Settings::Acknowledged);
        }
        self.read += bytes.len();
        let held = SLACK * self.read.saturating_sub(FREE_BYTES);
        if self.read > BYTES_MAX || !self.share.grow_to(held) {
            self.share.budget().note_refusal();
            return Err(NoRoom);
        }
        Ok(Settings::Sent)
    }

    fn finds_acknowledgement(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            let skipped = self.skips.min(bytes.len());
            self.skips -= skipped;
            bytes = &bytes[skipped..];
            let count = (FRAME_HEAD_BYTES - self.head_has).min(bytes.len());
            let (taken, rest) = bytes.split_at(count);
            self.head[self.head_has..self.head_has + count].copy_from_slice(taken);
            self.head_has += count;
            bytes = rest;
            if self.head_has < FRAME_HEAD_BYTES {
                return false;
            }
            let [a, b, c, kind, flags, ..] = self.head;
            if kind == SETTINGS && flags & ACKNOWLEDGEMENT != 0 {
                return true;
            }
            self.head_has = 0;
            self.skips = [a, b, c]
                .into_iter()
                .fold(0, |length, byte| length << 8 | usize::from(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    /// A payload that contains the bytes of an acknowledgement without being one.
    fn misleading() -> Vec<u8> {
        frame(SETTINGS, ACKNOWLEDGEMENT, b"").repeat(5)
    }

    #[test]
    fn settings_when_acknowledged_then_hold_wherever_the_bytes_are_cut() {
        let before = [
            vec![b'x'; PREFACE_BYTES],
            frame(SETTINGS, 0, &[0; 6]),
            frame(1, 4, &misleading()),
            frame(0, 1, b""),
        ]
        .concat();
        let whole = [before.clone(), frame(SETTINGS, ACKNOWLEDGEMENT, b"")].concat();
        for step in 1..=whole.len() {
            let mut greeting = Greeting::new(&Budget::new(0));
            let mut read = 0;
            for part in whole.chunks(step) {
                read += part.len();
                let expected = if read == whole.len() {
                    Settings::Acknowledged
                } else {
                    Settings::Sent
                };
                assert_eq!(greeting.note(part).unwrap(), expected, "in steps of {step}");
            }
        }
    }

    #[test]
    fn client_when_it_never_acknowledges_then_is_charged_and_closed() {
        let heads = Budget::new(100 * 1024);
        let data = frame(0, 0, &[0; 8 * 1024 - FRAME_HEAD_BYTES]);
        let mut greeting = Greeting::new(&heads);
        assert!(greeting.note(&[b'x'; PREFACE_BYTES]).is_ok());
        let refused = (0..100).position(|_| greeting.note(&data).is_err());
        assert_eq!(
            refused,
            Some(10),
            "32 KiB of its own, and 50 at double price"
        );
        assert_eq!(heads.refused(), 1);
        drop(greeting);
        assert_eq!(heads.taken(), 0);

        let mut greeting = Greeting::new(&Budget::new(usize::MAX));
        assert!(greeting.note(&[b'x'; PREFACE_BYTES]).is_ok());
        let refused = (0..1000).position(|_| greeting.note(&data).is_err());
        assert_eq!(refused, Some(127));
    }
}
