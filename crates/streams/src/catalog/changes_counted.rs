//! Changes of a stream that AWS allows so often in a window of time: when the counted ones were
//! made.
//!
//! A quota is the proposer's setting. Changes are remembered without one, too, so that they count
//! once the server is started with one; earlier builds remembered them under a quota alone.

use millstream_env::Timestamp;

/// How one kind of change is counted.
pub(super) struct Counting {
    /// How long a change counts.
    pub(super) window_ms: u64,
    /// How many may count at a time.
    pub(super) most: Option<u32>,
    /// How many are remembered whatever the quota.
    pub(super) remembered: Option<u32>,
}

/// One more than the quota.
pub(super) struct TooMany {
    pub(super) most: u32,
}

impl Counting {
    /// Counts a change that is made now.
    pub(super) fn count(&self, times_ms: &mut Vec<u64>, now: Timestamp) -> Result<(), TooMany> {
        if self.most.is_none() && self.remembered.is_none() {
            return Ok(());
        }
        times_ms.retain(|at| at.saturating_add(self.window_ms) > now.0);
        if let Some(most) = self.most
            && times_ms.len() >= most as usize
        {
            return Err(TooMany { most });
        }
        times_ms.push(now.0);
        if let Some(remembered) = self.remembered {
            let old = times_ms.len().saturating_sub(remembered as usize);
            times_ms.drain(..old);
        }
        Ok(())
    }
}
