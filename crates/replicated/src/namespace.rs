//! Namespaces: which machine owns a log, by its group number.
//!
//! A group's top byte is the number of its namespace. Groups whose top byte is 255 belong to the
//! machines themselves: the commands and snapshots of the machine of namespace `n` are logs 0 and 1
//! of group `2^64-1 - n`.

use millstream_store::LogId;
use std::fmt;

/// Bit position of the namespace's number in a group.
const SHIFT: u32 = 56;
/// The top byte of the machines' own groups.
const OWN: u8 = u8::MAX;

/// The part of the log id space that one machine owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Namespace(u8);

impl Namespace {
    /// Upper bound (exclusive) of group numbers in a namespace.
    pub const GROUPS: u64 = 1 << SHIFT;

    /// The namespace with this number.
    ///
    /// # Panics
    /// If the number is 255: those groups belong to the machines themselves.
    pub const fn new(number: u8) -> Self {
        assert!(number < OWN, "namespace 255 holds the machines' own logs");
        Self(number)
    }

    /// A group of this namespace.
    ///
    /// # Panics
    /// If `number` is not below [`Namespace::GROUPS`].
    pub const fn group(self, number: u64) -> u64 {
        assert!(number < Self::GROUPS, "the top byte is the namespace's");
        (self.0 as u64) << SHIFT | number
    }

    /// The log of the machine's commands.
    pub const fn commands(self) -> LogId {
        LogId {
            group: self.own_group(),
            index: 0,
        }
    }

    /// The log of the machine's snapshots.
    pub const fn snapshots(self) -> LogId {
        LogId {
            group: self.own_group(),
            index: 1,
        }
    }

    /// The namespace of a log, whether the log is the machine's own or one that it judges. `None`
    /// if no machine can own it.
    pub fn of(log: LogId) -> Option<Self> {
        let top = (log.group >> SHIFT) as u8;
        let number = if top == OWN {
            u8::try_from(u64::MAX - log.group).ok()?
        } else {
            top
        };
        (number < OWN).then_some(Self(number))
    }

    /// Whether a log is one of the machine's own two.
    pub fn is_own(self, log: LogId) -> bool {
        log.group == self.own_group()
    }

    const fn own_group(self) -> u64 {
        u64::MAX - self.0 as u64
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(group: u64) -> LogId {
        LogId { group, index: 0 }
    }

    #[test]
    fn logs_when_from_before_there_were_namespaces_then_are_those_of_namespace_0() {
        let first = Namespace::new(0);
        assert_eq!(first.commands(), log(u64::MAX));
        assert_eq!(first.snapshots().group, u64::MAX);
        assert_eq!(first.group(7), 7);
        for group in [0, 7, Namespace::GROUPS - 1, u64::MAX] {
            assert_eq!(Namespace::of(log(group)), Some(first));
        }
    }

    #[test]
    fn logs_when_of_any_namespace_then_say_which() {
        for number in 0..u8::MAX {
            let namespace = Namespace::new(number);
            let groups = [0, Namespace::GROUPS - 1].map(|number| log(namespace.group(number)));
            let own = [namespace.commands(), namespace.snapshots()];
            for log in groups.into_iter().chain(own) {
                assert_eq!(Namespace::of(log), Some(namespace));
                assert_eq!(namespace.is_own(log), own.contains(&log));
            }
        }
        for nobodys in [u64::MAX - 255, u64::MAX << SHIFT] {
            assert_eq!(Namespace::of(log(nobodys)), None);
        }
    }
}
