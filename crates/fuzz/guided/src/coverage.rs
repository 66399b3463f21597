//! What code an input reaches: LLVM's counters, one for each edge of the instrumented code.
//! <https://clang.llvm.org/docs/SanitizerCoverage.html#inline-8bit-counters>

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// The counters of each part of the program.
static COUNTERS: Mutex<Vec<&'static [AtomicU8]>> = Mutex::new(Vec::new());

/// Called once for each part of the program, before `main`.
///
/// # Safety
/// `start` and `end` are the bounds of counters that live as long as the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __sanitizer_cov_8bit_counters_init(
    start: *const AtomicU8,
    end: *const AtomicU8,
) {
    // SAFETY: see above; nobody but the instrumented code writes to them, a byte at a time.
    let counters = unsafe { std::slice::from_raw_parts(start, end.offset_from_unsigned(start)) };
    let mut all = COUNTERS.lock().unwrap();
    if !all.iter().any(|known| known.as_ptr() == start) {
        all.push(counters);
    }
}

/// What all inputs so far have reached.
#[derive(Clone, Default)]
pub struct Coverage {
    /// How often, in classes, a bit for each.
    seen: Vec<u8>,
}

impl Coverage {
    /// Number of counters.
    pub fn size(&self) -> usize {
        COUNTERS.lock().unwrap().iter().map(|part| part.len()).sum()
    }

    /// Number of counters that are not zero.
    pub fn reached(&self) -> usize {
        self.seen.iter().filter(|classes| **classes != 0).count()
    }

    /// Whether all edges that another one reached were reached here, too.
    pub fn holds(&self, other: &Self) -> bool {
        let pairs = self.seen.iter().zip(&other.seen);
        { pairs }.all(|(here, there)| *here != 0 || *there == 0)
    }

    /// Whether something was reached since the last call that never was, or was less often.
    pub fn is_new(&mut self) -> bool {
        let all = COUNTERS.lock().unwrap();
        self.seen.resize(all.iter().map(|part| part.len()).sum(), 0);
        let (mut is_new, mut place) = (false, 0);
        for part in all.iter() {
            // Most counters are zero, and looked at eight at a time.
            // SAFETY: any bytes are a number.
            let (head, words, tail) = unsafe { part.align_to::<AtomicU64>() };
            is_new |= note(head, &mut self.seen[place..]);
            place += head.len();
            let end = place + words.len() * 8;
            for word in words {
                if word.load(Ordering::Relaxed) != 0 {
                    let at = part.len() - tail.len() - (end - place);
                    is_new |= note(&part[at..at + 8], &mut self.seen[place..]);
                }
                place += 8;
            }
            is_new |= note(tail, &mut self.seen[place..]);
            place += tail.len();
        }
        is_new
    }
}

/// Notes what some counters say, and sets them back.
fn note(counters: &[AtomicU8], seen: &mut [u8]) -> bool {
    let mut is_new = false;
    for (counter, seen) in counters.iter().zip(seen) {
        let count = counter.load(Ordering::Relaxed);
        if count != 0 {
            counter.store(0, Ordering::Relaxed);
            // 1, 2–3, 4–7, …: loops that run once more are nothing new.
            let class = 1 << count.ilog2();
            is_new |= *seen & class == 0;
            *seen |= class;
        }
    }
    is_new
}
