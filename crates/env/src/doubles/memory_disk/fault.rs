//! Ordered faults: the n-th call of a kind fails.

use std::collections::BTreeMap;

/// The kinds of calls that can be counted and made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// [`crate::Disk::open`].
    Open,
    /// [`crate::Disk::rename`].
    Rename,
    /// [`crate::Disk::remove`].
    Remove,
    /// [`crate::Disk::list`].
    List,
    /// [`crate::Disk::create_directory`].
    CreateDirectory,
    /// [`crate::Disk::sync_directory`].
    SyncDirectory,
    /// [`crate::Disk::free_bytes`].
    FreeBytes,
    /// [`crate::Disk::lock`].
    Lock,
    /// [`crate::Disk::mode`] and [`crate::Disk::set_mode`].
    Mode,
    /// [`crate::File::read_exact_at`].
    Read,
    /// [`crate::File::write_all_at`].
    Write,
    /// [`crate::File::sync_data`].
    SyncData,
    /// [`crate::File::allocate`].
    Allocate,
    /// [`crate::File::set_length`].
    SetLength,
    /// [`crate::File::length`].
    Length,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// With this error number, without any effect.
    Errno(i32),
    /// With this error number; a write has written half of its bytes.
    Half(i32),
    /// With this error number; a write has written all of its bytes.
    Late(i32),
    /// The process dies at this call, which has no effect.
    Death,
}

impl Fault {
    /// EIO: the device failed.
    pub const EIO: Self = Self::Errno(5);
    /// ENOSPC: no space left.
    pub const ENOSPC: Self = Self::Errno(28);
    /// EMFILE: too many open files.
    pub const EMFILE: Self = Self::Errno(24);

    pub(super) fn error(self) -> std::io::Error {
        const EIO: i32 = 5;
        std::io::Error::from_raw_os_error(match self {
            Self::Errno(number) | Self::Half(number) | Self::Late(number) => number,
            Self::Death => EIO,
        })
    }
}

/// Ordered faults, and counts of calls.
#[derive(Default)]
pub(super) struct Faults {
    ordered: Vec<Order>,
    /// Faults that have struck, until they are collected.
    struck: Vec<(Call, Fault)>,
    calls: BTreeMap<Call, u64>,
}

struct Order {
    call: Call,
    at: u64,
    fault: Fault,
}

impl Faults {
    /// Orders a fault for the `nth` call from now on (1 is the next).
    pub(super) fn order(&mut self, call: Call, nth: u64, fault: Fault) {
        let at = self.count(call) + nth;
        self.ordered.push(Order { call, at, fault });
    }

    pub(super) fn cancel(&mut self) {
        self.ordered.clear();
    }

    pub(super) fn count(&self, call: Call) -> u64 {
        self.calls.get(&call).copied().unwrap_or(0)
    }

    /// Counts a call, and returns its fault if one is due.
    pub(super) fn strike(&mut self, call: Call) -> Option<Fault> {
        let count = self.calls.entry(call).or_default();
        *count += 1;
        let due = |order: &Order| order.call == call && order.at == *count;
        let place = self.ordered.iter().position(due)?;
        let fault = self.ordered.swap_remove(place).fault;
        self.struck.push((call, fault));
        Some(fault)
    }

    pub(super) fn take_struck(&mut self) -> Vec<(Call, Fault)> {
        std::mem::take(&mut self.struck)
    }
}
