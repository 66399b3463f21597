//! Buffers for cold reads, and the count of the memory that readers share.
//!
//! There are two sizes, with a free list each. Users bound what is in use.

use bytes::Bytes;
use millstream_memory::{Buffer, FreeList};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    small: Arc<FreeList>,
    large: Arc<FreeList>,
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

/// A filled buffer; it returns to its list when its last reader drops it.
struct Filled {
    buffer: Buffer,
    /// Number of bytes filled.
    length: usize,
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
        Self {
            small: FreeList::new(SMALL_BYTES, SMALL_SPARES_MAX),
            large: FreeList::new(LARGE_BYTES, LARGE_SPARES_MAX),
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
        let buffer = if length > LARGE_BYTES {
            Buffer::unpooled(length)
        } else if length > SMALL_BYTES {
            self.large.buffer()
        } else {
            self.small.buffer()
        };
        let mut filled = Filled {
            _used: self.in_use.count(buffer.len()),
            buffer,
            length,
        };
        read(&mut filled.buffer[..length])?;
        Ok(Bytes::from_owner(filled))
    }
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.length]
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
        let place = first.as_ptr();
        let part = first.slice(10..20);
        drop(first);
        let second = filled(&buffers, 10, 2);
        assert_eq!(part, vec![1; 10], "it is still read");
        drop(part);
        let third = filled(&buffers, 2000, 3);
        assert_eq!(third.as_ptr(), place);
        assert_eq!((second, third), (vec![2; 10].into(), vec![3; 2000].into()));
    }

    #[test]
    fn read_when_it_fails_or_is_long_then_leaves_the_buffers_as_they_were() {
        let buffers = Buffers::default();
        let failed = buffers.fill(1, |_| Err(io::Error::other("planted")));
        assert_eq!(failed.unwrap_err().to_string(), "planted");
        assert_eq!(buffers.small.count(), 1);
        let long = filled(&buffers, LARGE_BYTES + 1, 7);
        assert_eq!(long.len(), LARGE_BYTES + 1);
        drop(long);
        assert_eq!(buffers.large.count(), 0);
        drop(filled(&buffers, SMALL_BYTES + 1, 7));
        assert_eq!(buffers.large.count(), 1);
        assert_eq!(buffers.small.count(), 1);
    }
}
