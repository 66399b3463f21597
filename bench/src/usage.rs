//! Processor time of processes, as the kernel counts it.

use std::path::Path;
use std::time::Duration;

/// The kernel counts a whole process in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// How often a process that settles is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// It has settled when between that many looks it wanted little.
const QUIET_LOOKS: u32 = 3;
/// That is little: a thirtieth of a processor.
const QUIET_MAX: Duration = Duration::from_micros(600);
/// Some never rest; nobody is waited for longer.
const SETTLE_MAX: Duration = Duration::from_secs(2);

/// Waits until a process has done what it does in the background; returns the processor time that
/// it has used by then.
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

/// What was seen of a process that settles.
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

    /// Whether it has settled, by the processor time that it has wanted so far.
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
/// The nanoseconds of its living threads or, where threads come and go and are forgotten, the ticks
/// of the whole process.
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
    // Behind the name, which may have blanks, the 12th and 13th fields: user's and kernel's ticks.
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
    // Nanoseconds on a processor come first, then those of waiting for one. A thread that has just
    // ended counts nothing.
    let text = std::fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let nanos = text.split(' ').take(fields);
    let nanos = nanos.filter_map(|field| field.parse::<u64>().ok());
    Duration::from_nanos(nanos.sum())
}

/// How many processes wanted a processor in the last minute.
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
