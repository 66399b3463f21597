//! A free list of buffers of one size, to which each returns when it is dropped.
//!
//! A fresh buffer would be zeroed, and page-faulted by the kernel, before it is filled. A reused
//! one is not cleared, which would cost as much as filling it: whoever has it must expose only what
//! it has written. The list is LIFO, so that a buffer is likely to be in cache. It bounds the free
//! buffers, not those in use.

use parking_lot::Mutex;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Free buffers.
#[derive(Debug)]
pub struct FreeList {
    buffers: Mutex<Vec<Box<[u8]>>>,
    /// Size of a buffer.
    buffer_bytes: usize,
    /// Maximum number of free buffers.
    count_max: usize,
}

impl FreeList {
    /// An empty list for buffers of `buffer_bytes`, which keeps at most `count_max` of them.
    pub fn new(buffer_bytes: usize, count_max: usize) -> Arc<Self> {
        Arc::new(Self {
            buffers: Mutex::default(),
            buffer_bytes,
            count_max,
        })
    }

    /// A buffer with unspecified content: a free one if there is one.
    pub fn buffer(self: &Arc<Self>) -> Buffer {
        let free = self.buffers.lock().pop();
        Buffer {
            bytes: free.unwrap_or_else(|| vec![0; self.buffer_bytes].into()),
            home: Some(Arc::clone(self)),
        }
    }

    /// Number of free buffers.
    pub fn count(&self) -> usize {
        self.buffers.lock().len()
    }

    fn take_back(&self, buffer: Box<[u8]>) {
        let mut buffers = self.buffers.lock();
        if buffers.len() < self.count_max {
            buffers.push(buffer);
        }
    }
}

/// A buffer in use. The default is empty.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Box<[u8]>,
    home: Option<Arc<FreeList>>,
}

impl Buffer {
    /// A buffer of any size, which is freed when it is dropped.
    pub fn unpooled(bytes: usize) -> Self {
        Self {
            bytes: vec![0; bytes].into(),
            home: None,
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.take_back(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_when_dropped_then_is_the_next_to_be_handed_out() {
        let list = FreeList::new(100, 8);
        let (first, second) = (list.buffer(), list.buffer());
        let places = [first.as_ptr(), second.as_ptr()];
        assert_ne!(places[0], places[1]);
        drop(first);
        drop(second);
        let again = [list.buffer(), list.buffer()];
        assert_eq!(
            again.each_ref().map(|buffer| buffer.as_ptr()),
            [places[1], places[0]]
        );
        assert_eq!(again.map(|buffer| buffer.len()), [100, 100]);
    }

    #[test]
    fn buffers_when_many_are_dropped_then_only_some_are_kept() {
        let list = FreeList::new(1, 3);
        let many: Vec<Buffer> = (0..5).map(|_| list.buffer()).collect();
        assert_eq!(list.count(), 0);
        drop(many);
        assert_eq!(list.count(), 3);
        drop(Buffer::unpooled(1));
        assert_eq!(list.count(), 3);
    }
}
