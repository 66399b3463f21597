//! Processor time of processes, as the kernel counts it.

use std::path::Path;
use std::time::Duration;

/// The kernel counts a whole process in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// The processor time that a process has used, without its children.
///
/// The nanoseconds of its living threads or, where threads come and go and are forgotten, the ticks
/// of the whole process.
pub fn processor_time(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let living: Duration = threads.map(|thread| of_thread(&thread.path())).sum();
    living.max(of_process(process))
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

fn of_thread(thread: &Path) -> Duration {
    // Nanoseconds on a processor come first. A thread that has just ended counts nothing.
    let text = std::fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
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
}
