//! Whatever the order of taking and returning: no bound is exceeded, and nothing is left in the
//! end.

use super::*;
use proptest::prelude::*;

const LIMITS: fn() -> Limits = || Limits {
    body_bytes_in_flight: 1000,
    body_bytes_of_connection: 500,
    small_body_bytes: 50,
    small_body_bytes_in_flight: 200,
    small_body_bytes_of_connection: 120,
    head_bytes_in_flight: 300,
    head_bytes_of_connection: 250,
    head_bytes_free: 100,
    ..Limits::default()
};

/// A connection's next action.
#[derive(Clone, Debug)]
enum Step {
    /// One of its bodies grows.
    Grow { body: usize, bytes: usize },
    /// One of its bodies ends.
    End { body: usize },
    /// A stream begins.
    Begin { bytes: usize },
    /// The oldest stream ends.
    Finish,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_usize, 1..600_usize).prop_map(|(body, bytes)| Step::Grow { body, bytes }),
        (0..3_usize, 1..60_usize).prop_map(|(body, bytes)| Step::Grow { body, bytes }),
        (0..3_usize).prop_map(|body| Step::End { body }),
        (1..200_usize).prop_map(|bytes| Step::Begin { bytes }),
        Just(Step::Finish),
    ]
}

/// A connection, and its expected holdings.
struct Connection {
    holdings: Holdings,
    bodies: [BodyBytes; 3],
    streams: Vec<usize>,
}

impl Connection {
    fn new(budgets: &Arc<Budgets>) -> Self {
        Self {
            holdings: Holdings::new(Arc::clone(budgets)),
            bodies: Default::default(),
            streams: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Grow { body, bytes } => {
                let body = &mut self.bodies[body];
                let before = body.small + body.large;
                let has_room = self.holdings.grow_body(body, bytes);
                let has = body.small + body.large;
                assert_eq!(has, if has_room { bytes.max(before) } else { before });
                assert!(body.small == 0 || body.large == 0);
                assert!(body.small <= 50, "large ones are not of the reserve");
            }
            Step::End { body } => {
                self.holdings
                    .end_body(std::mem::take(&mut self.bodies[body]));
            }
            Step::Begin { bytes } => {
                if self.holdings.take_stream(bytes) {
                    self.streams.push(bytes);
                }
            }
            Step::Finish => {
                if let Some(bytes) = self.streams.pop() {
                    self.holdings.end_stream(bytes);
                }
            }
        }
    }

    fn small(&self) -> usize {
        self.bodies.iter().map(|body| body.small).sum()
    }

    fn large(&self) -> usize {
        self.bodies.iter().map(|body| body.large).sum()
    }

    fn heads(&self) -> usize {
        self.streams.iter().sum()
    }

    fn end(self) {
        for body in self.bodies {
            self.holdings.end_body(body);
        }
        for bytes in self.streams {
            self.holdings.end_stream(bytes);
        }
    }
}

fn check(budgets: &Budgets, connections: &[Connection]) {
    let sum = |of: fn(&Connection) -> usize| connections.iter().map(of).sum::<usize>();
    let small = sum(Connection::small);
    let large = sum(Connection::large);
    let heads = sum(|connection| connection.heads().saturating_sub(100));
    assert_eq!(budgets.small_bodies.taken(), small);
    assert_eq!(budgets.large_bodies.taken(), large);
    assert_eq!(budgets.heads.taken(), heads);
    assert!(small <= 200 && large <= 800 && heads <= 300);
    for connection in connections {
        assert!(connection.small() <= 120 && connection.large() <= 500);
        assert!(connection.heads() <= 250);
    }
}

proptest! {
    #[test]
    fn budgets_when_anything_happens_then_say_what_is_held_and_end_at_nothing(
        steps in prop::collection::vec((0..4_usize, step()), 0..200)
    ) {
        let budgets = Budgets::new(&LIMITS());
        let mut connections: Vec<Connection> =
            (0..4).map(|_| Connection::new(&budgets)).collect();
        for (connection, step) in &steps {
            connections[*connection].take(step);
            check(&budgets, &connections);
        }
        for connection in connections {
            connection.end();
        }
        check(&budgets, &[]);
    }
}

/// Interleaves the steps of several threads.
#[test]
fn streams_when_begun_and_ended_at_once_then_leave_nothing() {
    let budgets = Budgets::new(&LIMITS());
    let holdings = Holdings::new(Arc::clone(&budgets));
    std::thread::scope(|scope| {
        for thread in 1..5 {
            let holdings = &holdings;
            scope.spawn(move || {
                for round in 0..10_000 {
                    let bytes = thread * 30 + round % 7;
                    let mut body = BodyBytes::default();
                    let has_room = holdings.take_stream(bytes);
                    if holdings.grow_body(&mut body, bytes) {
                        let _ = holdings.grow_body(&mut body, 3 * bytes);
                    }
                    holdings.end_body(body);
                    if has_room {
                        holdings.end_stream(bytes);
                    }
                }
            });
        }
    });
    check(&budgets, &[]);
}

#[test]
fn bodies_when_their_account_has_its_part_then_are_not_its_and_another_account_has_some() {
    let budgets = Budgets::new(&LIMITS());
    let account = |digit: &str| AccountId::parse(&digit.repeat(12)).unwrap();
    let [first, second] = ["1", "2"].map(account);
    let connection = || Holdings::new(Arc::clone(&budgets));
    // For each body a connection of its own, and bytes of the large ones.
    let body = |bytes: usize| {
        let (holdings, mut body) = (connection(), BodyBytes::default());
        assert!(holdings.grow_body(&mut body, bytes));
        (holdings, body)
    };
    let tiny = body(51);
    drop(tiny.0.claim_body(&tiny.1, &second));
    let bodies: Vec<_> = (0..7).map(|_| body(100)).collect();
    let claims: Vec<_> = bodies
        .iter()
        .map(|(holdings, body)| holdings.claim_body(body, &first))
        .collect();
    // Three quarters of 800; what is not claimed yet makes no difference.
    assert_eq!(claims.iter().flatten().count(), 6);
    assert_eq!(budgets.large_bodies.refused(), 1);
    let (holdings, other) = &tiny;
    assert!(holdings.claim_body(other, &second).is_some());
    drop(claims);
    let mut taken = budgets.large_bodies.taken();
    for (holdings, body) in bodies.into_iter().chain([tiny]) {
        holdings.end_body(body);
        assert!(budgets.large_bodies.taken() < taken);
        taken = budgets.large_bodies.taken();
    }
    check(&budgets, &[]);
}
