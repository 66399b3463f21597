//! Outputs that fail, that write in part, and that block.

use super::*;
use std::sync::mpsc;

/// Upper bound on waits, so that a failure does not hang the test.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an output does with the next write.
enum Turn {
    Takes(usize),
    Fails,
}

/// An output that follows a script, and accepts everything after it.
struct Scripted {
    turns: VecDeque<Turn>,
    written: mpsc::Sender<Vec<u8>>,
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match self.turns.pop_front() {
            None => bytes.len(),
            Some(Turn::Takes(count)) => count,
            Some(Turn::Fails) => return Err(io::ErrorKind::StorageFull.into()),
        };
        self.written.send(bytes[..count].to_vec()).unwrap();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A queue whose thread writes to a scripted output.
#[expect(
    clippy::disallowed_methods,
    reason = "the thread of a log, which nobody may hold up"
)]
fn queue(turns: impl IntoIterator<Item = Turn>) -> (Arc<LineQueue>, mpsc::Receiver<Vec<u8>>) {
    let queue = Arc::new(LineQueue::default());
    let (written, pieces) = mpsc::channel();
    let output = Scripted {
        turns: turns.into_iter().collect(),
        written,
    };
    let own = Arc::clone(&queue);
    let write = move || {
        let told = |lost| own.push(format!("{lost} lost\n").as_bytes());
        own.write_to(output, told);
    };
    std::thread::Builder::new().spawn(write).unwrap();
    (queue, pieces)
}

/// What was written up to and including a piece.
fn until(pieces: &mpsc::Receiver<Vec<u8>>, last: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(last) {
        let piece = pieces.recv_timeout(PATIENCE).unwrap();
        text += &String::from_utf8(piece).unwrap();
    }
    text
}

#[test]
fn lines_when_they_cannot_be_written_then_are_lost_and_that_is_told_once_it_works_again() {
    let (queue, pieces) = queue([Turn::Fails, Turn::Fails]);
    for line in ["a\n", "b\n", "c\n"] {
        queue.push(line.as_bytes());
        queue.flush(PATIENCE);
    }
    assert_eq!(until(&pieces, "lost\n"), "c\n2 lost\n");
    queue.push(b"d\n");
    assert_eq!(until(&pieces, "d\n"), "d\n", "it is told once");
    assert_eq!(queue.lost().load(Ordering::Relaxed), 2);
}

#[test]
fn line_when_it_is_written_in_part_then_the_next_begins_on_a_line_of_its_own() {
    let (queue, pieces) = queue([Turn::Takes(2), Turn::Fails, Turn::Takes(1), Turn::Takes(3)]);
    for line in ["whole\n", "next\n"] {
        queue.push(line.as_bytes());
        queue.flush(PATIENCE);
    }
    assert_eq!(until(&pieces, "lost\n"), "wh\nnext\n1 lost\n");
}

#[test]
fn lines_when_nobody_takes_them_then_fill_the_queue_and_no_more_and_nobody_waits() {
    let queue = LineQueue::default();
    let line = [b'x'; 1000];
    for _ in 0..2 * QUEUE_BYTES_MAX / line.len() {
        queue.push(&line);
    }
    let held = QUEUE_BYTES_MAX / line.len();
    assert_eq!(queue.lock().lines.len(), held);
    let lost = queue.lost().load(Ordering::Relaxed);
    assert_eq!(lost, (2 * QUEUE_BYTES_MAX / line.len() - held) as u64);
    queue.flush(Duration::from_millis(1));
}
