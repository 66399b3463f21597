//! Pieces come one at a time, and a stalled client is noticed.

use super::*;
use millstream_env::ManualClock;
use millstream_env::Timestamp;

struct Client {
    slot: Arc<Slot>,
    manual: Arc<ManualClock>,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A slot with a frame of parts of these sizes.
    fn new(sizes: [usize; 3]) -> Self {
        Self::beside(sizes, &Arc::default())
    }

    fn beside(sizes: [usize; 3], unwritten: &Arc<Unwritten>) -> Self {
        let manual = Arc::new(ManualClock::new(Timestamp(0)));
        let client = Self {
            slot: Slot::new(unwritten),
            clock: Arc::clone(&manual) as _,
            manual,
        };
        client.fill(sizes);
        client
    }

    fn fill(&self, sizes: [usize; 3]) {
        let part = |size: usize| Bytes::from(vec![b'x'; size]);
        let parts = sizes.map(part);
        self.slot.fill(Frame { parts }, self.clock.monotonic());
    }

    fn poll(&self) -> Poll<Result<Option<Bytes>, Stalled>> {
        let mut cx = Context::from_waker(Waker::noop());
        self.slot.poll_piece(&mut cx, &self.clock)
    }

    /// The next piece, which must be ready.
    fn take(&self) -> Bytes {
        match self.poll() {
            Poll::Ready(Ok(Some(piece))) => piece,
            none @ (Poll::Ready(Ok(None) | Err(_)) | Poll::Pending) => panic!("no piece: {none:?}"),
        }
    }

    fn wait(&self, ms: u64) {
        self.manual.advance(Duration::from_millis(ms));
    }

    fn is_cut(&self, patience: &Patience) -> bool {
        self.slot.cut_if_stalled(self.clock.monotonic(), patience)
    }
}

fn is_over(poll: &Poll<Result<Option<Bytes>, Stalled>>) -> bool {
    matches!(poll, Poll::Ready(Ok(None)))
}

#[test]
fn frame_when_taken_then_comes_in_pieces_without_a_byte_missing() {
    for (sizes, expected) in [
        ([100, 0, 0], vec![100]),
        ([10, 20, 30], vec![60]),
        ([10, PIECE_BYTES, 10], vec![PIECE_BYTES, 20]),
        ([1, 3 * PIECE_BYTES - 1, 0], vec![PIECE_BYTES; 3]),
    ] {
        let client = Client::new(sizes);
        let taken: Vec<usize> = expected.iter().map(|_| client.take().len()).collect();
        assert_eq!(taken, expected);
        assert!(is_over(&client.poll()));
    }
}

#[test]
fn piece_when_not_written_yet_then_is_followed_by_none_and_counted() {
    let client = Client::new([2 * PIECE_BYTES, 0, 0]);
    let piece = client.take();
    assert!(client.poll().is_pending());
    assert_eq!(
        client.slot.unwritten.bytes.load(Ordering::Relaxed),
        PIECE_BYTES
    );
    drop(piece);
    let last = client.take();
    assert!(client.poll().is_pending(), "the frame is not written");
    drop(last);
    assert!(is_over(&client.poll()));
    assert_eq!(client.slot.unwritten.bytes.load(Ordering::Relaxed), 0);
}

#[test]
fn first_piece_when_small_then_is_awaited_and_the_others_are_not() {
    let client = Client::new([100, 0, 0]);
    let first = client.take();
    assert!(client.poll().is_pending());
    drop(first);
    assert!(is_over(&client.poll()));
    client.fill([100, 0, 0]);
    let second = client.take();
    assert!(is_over(&client.poll()));
    drop(second);
    assert_eq!(client.slot.unwritten.bytes.load(Ordering::Relaxed), 0);
}

#[test]
fn pieces_when_many_clients_leave_theirs_then_become_small_and_nobody_is_without() {
    let unwritten = Arc::default();
    let mut left = Vec::new();
    let mut sizes = Vec::new();
    for _ in 0..20_000 {
        let client = Client::beside([PIECE_BYTES, 1, 0], &unwritten);
        let piece = client.take();
        sizes.push(piece.len());
        left.push((client, piece));
    }
    assert_eq!(sizes[..1024], [PIECE_BYTES; 1024]);
    assert!(sizes.is_sorted_by(|one, next| one >= next));
    assert_eq!(sizes.last(), Some(&SMALL_BYTES));
    assert!(sizes[2000] > PIECE_BYTES / 4, "{}", sizes[2000]);
    assert!(unwritten.bytes.load(Ordering::Relaxed) <= UNWRITTEN_BYTES_MAX);
    drop(left);
    assert_eq!(unwritten.bytes.load(Ordering::Relaxed), 0);
}

#[test]
fn client_when_it_takes_nothing_for_too_long_then_is_cut_off_and_the_frame_let_go() {
    let patience = &Patience {
        piece: Duration::from_millis(100),
        frame: Duration::MAX,
    };
    let client = Client::new([PIECE_BYTES, PIECE_BYTES, 0]);
    client.wait(1000);
    assert!(!client.is_cut(patience), "nobody has begun");
    let piece = client.take();
    client.wait(99);
    assert!(!client.is_cut(patience));
    drop(piece);
    client.wait(99);
    assert!(!client.is_cut(patience), "it has moved");
    drop(client.take());
    assert!(is_over(&client.poll()));
    client.wait(9999);
    assert!(!client.is_cut(patience), "it waits for us");

    // The whole frame is in the transport, which does not write it.
    client.fill([PIECE_BYTES, 0, 0]);
    let unwritten = client.take();
    assert!(client.poll().is_pending());
    client.wait(100);
    assert!(client.is_cut(patience));
    drop(unwritten);

    let client = Client::new([PIECE_BYTES, PIECE_BYTES, 0]);
    let unwritten = client.take();
    client.wait(100);
    assert!(client.is_cut(patience));
    assert!(client.slot.lock().parts.is_empty());
    assert!(matches!(client.poll(), Poll::Ready(Err(Stalled))));
    drop(unwritten);
}

#[test]
fn client_when_it_takes_a_piece_now_and_then_then_has_so_long_for_a_frame() {
    let patience = &Patience {
        piece: Duration::from_millis(100),
        frame: Duration::from_millis(150),
    };
    let client = Client::new([PIECE_BYTES, PIECE_BYTES, PIECE_BYTES]);
    drop(client.take());
    client.wait(99);
    assert!(!client.is_cut(patience));
    drop(client.take());
    client.wait(51);
    assert!(client.is_cut(patience));

    let client = Client::new([PIECE_BYTES, PIECE_BYTES, 0]);
    drop(client.take());
    client.wait(99);
    drop(client.take());
    client.wait(51);
    assert!(!client.is_cut(patience), "it has all of it");
}
