//! What is kept of data keys, by the clock.

use super::*;
use millstream_auth::Secret;

const ONE: Which = (7, 1);

/// Kept data keys, and their clock.
#[derive(Default)]
struct Case {
    kept: Kept,
    now: Duration,
}

impl Case {
    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn look(&mut self, which: Which) -> (&'static str, Option<watch::Sender<()>>) {
        let (look, tell) = self.kept.look(which, Monotonic(self.now));
        let name = match look {
            Look::Use(_) => "use",
            Look::UseAndAsk(_) => "use and ask",
            Look::Refuse(_) => "refuse",
            Look::Wait(_) => "wait",
            Look::Ask => "ask",
        };
        (name, tell)
    }

    /// What is looked up, by somebody who gives up asking at once.
    fn sees(&mut self, which: Which) -> &'static str {
        self.look(which).0
    }

    fn confirm(&mut self, which: Which) {
        let key = Arc::new(RecordKey::new(&Secret::from([1; 32])));
        self.kept.note(which, Ok(key), Monotonic(self.now));
    }

    fn refuse(&mut self, which: Which, why: KeyError) {
        self.kept.note(which, Err(why), Monotonic(self.now));
    }
}

fn disabled() -> KeyError {
    KeyError::Disabled {
        key: "arn:aws:kms:us-east-1:111111111111:key/1".to_owned(),
    }
}

#[test]
fn key_when_it_is_not_fresh_then_one_asks_and_the_others_wait() {
    let mut case = Case::default();
    let (look, tell) = case.look(ONE);
    assert_eq!((look, case.sees(ONE)), ("ask", "wait"));
    case.confirm(ONE);
    drop(tell);
    assert_eq!(case.sees(ONE), "use");
    case.pass(KEY_FRESH);
    let (look, tell) = case.look(ONE);
    assert_eq!((look, case.sees(ONE)), ("ask", "wait"));
    drop(tell);
    assert_eq!(
        case.sees(ONE),
        "ask",
        "whoever asked ended without an answer"
    );
}

#[test]
fn key_when_it_is_soon_not_fresh_then_one_asks_and_nobody_waits_until_it_is() {
    let mut case = Case::default();
    case.confirm(ONE);
    case.pass(ASKED_AGAIN_AFTER - Duration::from_millis(1));
    assert_eq!(case.sees(ONE), "use");
    case.pass(Duration::from_millis(1));
    let (look, tell) = case.look(ONE);
    assert_eq!((look, case.sees(ONE)), ("use and ask", "use"));
    case.pass(KEY_FRESH - ASKED_AGAIN_AFTER - Duration::from_millis(1));
    assert_eq!(case.sees(ONE), "use");
    case.pass(Duration::from_millis(1));
    assert_eq!(case.sees(ONE), "wait");
    drop(tell);
    case.confirm(ONE);
    case.pass(ASKED_AGAIN_AFTER);
    case.refuse(ONE, KeyError::Throttled);
    assert_eq!(case.sees(ONE), "use", "it was asked just now");
    case.pass(REFUSAL_KEPT);
    assert_eq!(case.sees(ONE), "use and ask");
    case.refuse(ONE, disabled());
    assert_eq!(case.sees(ONE), "refuse");
}

#[test]
fn key_when_refused_then_is_refused_without_a_question_for_a_while_and_then_asked_for() {
    let no = [
        disabled(),
        KeyError::OptInRequired,
        KeyError::NotFound { key: String::new() },
        KeyError::AccessDenied { key: String::new() },
        KeyError::InvalidState {
            key: String::new(),
            state: "PendingDeletion".to_owned(),
        },
    ];
    for why in no {
        let mut case = Case::default();
        case.confirm(ONE);
        case.pass(KEY_FRESH);
        case.refuse(ONE, why);
        assert_eq!(case.sees(ONE), "refuse");
        case.pass(REFUSAL_KEPT - Duration::from_millis(1));
        assert_eq!(case.sees(ONE), "refuse");
        case.pass(Duration::from_millis(1));
        assert_eq!(case.sees(ONE), "ask");
        case.confirm(ONE);
        assert_eq!(case.sees(ONE), "use");
    }
}

#[test]
fn key_when_the_service_does_not_answer_then_goes_on_for_its_grace_and_is_asked_for_meanwhile() {
    let unavailable = || KeyError::Unavailable {
        why: "it is gone".to_owned(),
    };
    for no_answer in [KeyError::Throttled, unavailable()] {
        let mut case = Case::default();
        case.confirm(ONE);
        case.pass(KEY_FRESH);
        assert_eq!(case.sees(ONE), "ask");
        case.refuse(ONE, no_answer.clone());
        assert_eq!(case.sees(ONE), "use");
        case.pass(REFUSAL_KEPT);
        let (look, tell) = case.look(ONE);
        assert_eq!((look, case.sees(ONE)), ("use and ask", "use"));
        case.refuse(ONE, no_answer.clone());
        drop(tell);
        case.pass(UNCONFIRMED_MAX - KEY_FRESH - REFUSAL_KEPT);
        assert_eq!(case.sees(ONE), "ask", "the grace is over");
        case.refuse(ONE, no_answer);
        assert_eq!(case.sees(ONE), "refuse");
        case.refuse(ONE, disabled());
        case.pass(REFUSAL_KEPT);
        assert_eq!(case.sees(ONE), "ask");
    }
}

#[test]
fn key_when_never_confirmed_then_is_not_used_though_the_service_does_not_answer() {
    let mut case = Case::default();
    case.refuse(ONE, KeyError::Throttled);
    assert_eq!(case.sees(ONE), "refuse");
    case.pass(REFUSAL_KEPT);
    assert_eq!(case.sees(ONE), "ask");
}

#[test]
fn keys_when_too_many_then_the_one_that_was_told_of_first_goes() {
    let mut case = Case::default();
    let (_, _tell) = case.look(ONE);
    for number in 0..DATA_KEYS_KEPT_MAX as u32 {
        case.confirm((8, number));
        case.pass(Duration::from_nanos(1));
    }
    assert_eq!(case.kept.0.len(), DATA_KEYS_KEPT_MAX);
    assert_eq!(case.sees(ONE), "wait", "it is being asked for");
    assert_eq!(case.sees((8, 1)), "use");
    assert_eq!(case.sees((8, 0)), "ask", "it went");
}

#[test]
fn stream_when_forgotten_then_has_no_keys_and_others_have() {
    let mut case = Case::default();
    for which in [ONE, (7, 2), (8, 1)] {
        case.confirm(which);
    }
    case.kept.retain(|stream| stream != 7);
    assert_eq!(case.sees((8, 1)), "use");
    assert_eq!(case.kept.0.len(), 1);
}
