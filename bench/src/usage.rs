//! Processor time of processes, as the kernel counts it.

use std::path::Path;
use std::time::Duration;

/// Resolution of the kernel's accounting of a whole process.
const TICK: Duration = Duration::from_millis(10);

/// Polling interval while a process settles.
const LOOK: Duration = Duration::from_millis(20);
/// Number of consecutive quiet intervals after which it has settled.
const QUIET_LOOKS: u32 = 3;
/// Maximum processor time of a quiet interval: about a thirtieth of a core.
const QUIET_MAX: Duration = Duration::from_micros(600);
/// Maximum time to wait: some processes never settle.
const SETTLE_MAX: Duration = Duration::from_secs(2);

/// Waits until a process has finished its background work; returns the processor time that it has
/// used by then.
pub async fn settle(process: u32) -> Duration {
    let mut settling = Settling::new(wanted_time(process));
    for _ in 0..SETTLE_MAX.as_millis() / LOOK.as_millis() {
        tokio::time::sleep(LOOK).await;
        if settling.is_quiet(wanted_time(process)) {
            break;
        }
    }
    processor_time(process)
}

/// The observations of a process that settles.
struct Settling {
    wanted: Duration,
    quiet_looks: u32,
}

impl Settling {
    fn new(wanted: Duration) -> Self {
        Self {
            wanted,
            quiet_looks: 0,
        }
    }

    /// Whether it has settled, given the processor time that it has used or waited for so far.
    fn is_quiet(&mut self, wanted: Duration) -> bool {
        let more = wanted.abs_diff(self.wanted);
        self.quiet_looks = if more <= QUIET_MAX {
            self.quiet_looks + 1
        } else {
            0
        };
        self.wanted = wanted;
        self.quiet_looks == QUIET_LOOKS
    }
}

/// The processor time that the living threads of a process have used or waited for.
fn wanted_time(process: u32) -> Duration {
    of_threads(process, 2)
}

/// The processor time that a process has used, without its children.
///
/// It is the sum over its living threads in nanoseconds or, if threads that have ended count for
/// more, that of the whole process in ticks.
pub fn processor_time(process: u32) -> Duration {
    of_threads(process, 1).max(of_process(process))
}

fn of_threads(process: u32, fields: usize) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().flatten();
    threads
        .map(|thread| of_thread(&thread.path(), fields))
        .sum()
}

fn of_process(process: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The 12th and 13th fields after the name, which may contain spaces: ticks in user mode and in
    // the kernel.
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok());
    TICK * ticks.sum::<u32>()
}

/// The processor time of this process.
pub fn own_processor_time() -> Duration {
    processor_time(std::process::id())
}

fn of_thread(thread: &Path, fields: usize) -> Duration {
    // The first field is the time on a processor, the second that of waiting for one. A thread that
    // has just ended counts as zero.
    let text = std::fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let nanos = text.split(' ').take(fields);
    let nanos = nanos.filter_map(|field| field.parse::<u64>().ok());
    Duration::from_nanos(nanos.sum())
}

/// The load average of the last minute.
pub fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split(' ').next().and_then(|first| first.parse().ok());
    first.unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_time_when_work_was_done_then_has_grown() {
        let before = own_processor_time();
        let mut bytes = vec![1_u8; 1 << 20];
        for _ in 0..20 {
            fastrand::fill(&mut bytes);
        }
        assert!(own_processor_time() > before);
    }

    #[test]
    fn process_when_it_wants_little_for_some_time_then_has_settled() {
        let look = |millis| Duration::from_millis(millis);
        let mut settling = Settling::new(look(5));
        let wanted = [25, 25, 25, 27, 27, 27, 27].map(look);
        let quiet = wanted.map(|wanted| settling.is_quiet(wanted));
        assert_eq!(quiet, [false, false, false, false, false, false, true]);
    }
}
