//! A pool of buffers for cold reads. Fresh memory would be zeroed, and page-faulted by the kernel,
//! before each read fills it.
//!
//! There are two sizes, with a free list each. The list is LIFO, so that the buffer handed out is
//! likely to be in cache. Users bound what is in use.

use bytes::Bytes;
use parking_lot::Mutex;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

/// Size of a small buffer: what is read and checksummed stays in the L2 cache until it is used.
/// `bench/run only get-cold` measures it.
pub(crate) const SMALL_BYTES: usize = 256 * 1024;
/// Size of a large buffer. Longer reads allocate.
pub(crate) const LARGE_BYTES: usize = 1024 * 1024;
/// Free small buffers kept.
const SMALL_SPARES_MAX: usize = 32;
/// Free large buffers kept.
const LARGE_SPARES_MAX: usize = 8;

/// The pool.
pub(crate) struct Buffers {
    small: Arc<Spares>,
    large: Arc<Spares>,
    in_use: Arc<InUse>,
}

/// Bytes of shared memory: filled buffers, and frames.
#[derive(Debug, Default)]
pub(crate) struct InUse(AtomicUsize);

impl InUse {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts bytes until the returned guard is dropped.
    fn count(self: &Arc<Self>, bytes: usize) -> Used {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Used {
            bytes,
            of: Arc::clone(self),
        }
    }

    /// Wraps bytes that are counted until their last reference is dropped.
    pub(crate) fn counted(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        let _used = self.count(bytes.capacity());
        Bytes::from_owner(Counted { bytes, _used })
    }
}

/// A guard of counted memory.
struct Used {
    bytes: usize,
    of: Arc<InUse>,
}

impl Drop for Used {
    fn drop(&mut self) {
        self.of.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

struct Counted {
    bytes: Vec<u8>,
    _used: Used,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A free list of buffers of one size.
struct Spares {
    buffers: Mutex<Vec<Box<[u8]>>>,
    count_max: usize,
}

/// A borrowed buffer; it returns to the pool when its last reader drops it.
struct Borrowed {
    bytes: Box<[u8]>,
    /// Number of bytes filled.
    length: usize,
    spares: Weak<Spares>,
    _used: Used,
}

/// The memory that a read of this length keeps alive.
pub(crate) fn memory_of(length: usize) -> usize {
    if length > SMALL_BYTES {
        length.max(LARGE_BYTES)
    } else {
        SMALL_BYTES
    }
}

impl Default for Buffers {
    fn default() -> Self {
        let spares = |count_max| {
            Arc::new(Spares {
                buffers: Mutex::default(),
                count_max,
            })
        };
        Self {
            small: spares(SMALL_SPARES_MAX),
            large: spares(LARGE_SPARES_MAX),
            in_use: Arc::default(),
        }
    }
}

impl Buffers {
    /// The counter of memory in use.
    pub(crate) fn in_use(&self) -> &Arc<InUse> {
        &self.in_use
    }

    /// Lets `read` fill `length` bytes, and returns them.
    pub(crate) fn fill(
        &self,
        length: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<()>,
    ) -> io::Result<Bytes> {
        if length > LARGE_BYTES {
            let mut bytes = vec![0; length];
            read(&mut bytes)?;
            return Ok(self.in_use.counted(bytes));
        }
        let spares = if length > SMALL_BYTES {
            &self.large
        } else {
            &self.small
        };
        let spare = spares.buffers.lock().pop();
        let mut borrowed = Borrowed {
            bytes: spare.unwrap_or_else(|| vec![0; memory_of(length)].into_boxed_slice()),
            length,
            spares: Arc::downgrade(spares),
            _used: self.in_use.count(memory_of(length)),
        };
        read(&mut borrowed.bytes[..length])?;
        Ok(Bytes::from_owner(borrowed))
    }
}

impl AsRef<[u8]> for Borrowed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let Some(spares) = self.spares.upgrade() else {
            return;
        };
        let mut buffers = spares.buffers.lock();
        if buffers.len() < spares.count_max {
            buffers.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(buffers: &Buffers, length: usize, byte: u8) -> Bytes {
        let fill = |bytes: &mut [u8]| {
            bytes.fill(byte);
            Ok(())
        };
        buffers.fill(length, fill).unwrap()
    }

    #[test]
    fn buffer_when_its_last_reader_has_gone_then_is_used_again() {
        let buffers = Buffers::default();
        let first = filled(&buffers, 1000, 1);
        let part = first.slice(10..20);
        drop(first);
        let second = filled(&buffers, 10, 2);
        assert_eq!(part, vec![1; 10], "it is still read");
        drop(part);
        let place = buffers.small.buffers.lock()[0].as_ptr();
        let third = filled(&buffers, 2000, 3);
        assert_eq!(third.as_ptr(), place);
        assert_eq!((second, third), (vec![2; 10].into(), vec![3; 2000].into()));
    }

    #[test]
    fn buffers_when_many_come_back_then_only_some_are_kept() {
        let buffers = Buffers::default();
        let many: Vec<Bytes> = (0..SMALL_SPARES_MAX + 3)
            .map(|_| filled(&buffers, 1, 1))
            .collect();
        drop(many);
        assert_eq!(buffers.small.buffers.lock().len(), SMALL_SPARES_MAX);
    }

    #[test]
    fn read_when_it_fails_or_is_long_then_leaves_the_buffers_as_they_were() {
        let buffers = Buffers::default();
        let failed = buffers.fill(1, |_| Err(io::Error::other("planted")));
        assert_eq!(failed.unwrap_err().to_string(), "planted");
        assert_eq!(buffers.small.buffers.lock().len(), 1);
        let long = filled(&buffers, LARGE_BYTES + 1, 7);
        assert_eq!(long.len(), LARGE_BYTES + 1);
        drop(long);
        assert_eq!(buffers.large.buffers.lock().len(), 0);
        drop(filled(&buffers, SMALL_BYTES + 1, 7));
        assert_eq!(buffers.large.buffers.lock().len(), 1);
        assert_eq!(buffers.small.buffers.lock().len(), 1);
    }
}
