//! The disk's own rate: sequential writes to a preallocated file, each followed by `fdatasync`.

use crate::load::{Measured, Span, Tally, Window, collect};
use crate::workload::Workload;
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

/// Bytes written before each sync: the largest group that Millstream writes at once.
const WRITE_BYTES: usize = 2 * 1024 * 1024;
/// Size at which the file is preallocated again and rewritten from its beginning.
const FILE_BYTES: u64 = 128 * 1024 * 1024;

/// Writes for the given time. Every so many bytes as a request of the workload has count as one
/// request.
pub async fn run(folder: &Path, workload: &Workload, span: Span) -> anyhow::Result<Measured> {
    std::fs::create_dir_all(folder)?;
    let window = Window::new(span);
    let folder = folder.to_owned();
    let bytes = workload.request_bytes();
    let writing = tokio::task::spawn_blocking(move || {
        let mut tally = Tally::new(window.begin);
        if let Err(error) = write(&folder, bytes, window, &mut tally) {
            tally.note(window.begin, Err(error));
        }
        tally
    });
    collect(None, window, vec![writing]).await
}

fn write(folder: &Path, bytes: usize, window: Window, tally: &mut Tally) -> anyhow::Result<()> {
    let mut block = vec![0; WRITE_BYTES];
    fastrand::fill(&mut block);
    let path = folder.join("sequential");
    let mut at = FILE_BYTES;
    let mut file = File::create(&path)?;
    // Bytes written that do not make up a whole request yet.
    let mut written = 0;
    loop {
        if at + WRITE_BYTES as u64 > FILE_BYTES {
            at = 0;
            file = File::create(&path)?;
            fallocate(&file, FallocateFlags::empty(), 0, FILE_BYTES)?;
            file.sync_all()?;
        }
        let begun = Instant::now();
        if window.is_over(begun, tally) {
            return Ok(());
        }
        file.write_all_at(&block, at)?;
        file.sync_data()?;
        at += WRITE_BYTES as u64;
        if begun >= window.begin {
            written += WRITE_BYTES;
            for _ in 0..written / bytes {
                tally.note(begun, Ok(0));
            }
            written %= bytes;
        }
    }
}
