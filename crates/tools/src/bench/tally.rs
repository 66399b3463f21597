//! What came of the requests, the records in them, and their deliveries.
//!
//! Each request that counts is either a success, whose latency is recorded, or a failure, whose
//! latency is recorded apart and which is counted by its code. Memory is bounded whatever the
//! endpoint says.

use super::latencies::Latencies;
use super::schedule::Turn;
use millstream_client::{Error, ErrorCode};
use millstream_env::Monotonic;
use serde::{Deserialize, Serialize};

/// Codes that are told apart; an endpoint may invent as many as it likes.
const CODES_MAX: usize = 32;
/// Stands for the others.
const OTHERS: &str = "others";
/// Characters of an error's text that are kept.
const TEXT_CHARS_MAX: usize = 300;

/// How often something failed with a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Failed {
    pub(super) code: String,
    pub(super) count: u64,
    /// The text of the first.
    pub(super) first: String,
}

/// Failures by their codes, the first that occurred first.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures(Vec<Failed>);

impl Failures {
    fn add(&mut self, code: &str, text: impl FnOnce() -> String) {
        let is_known = |code: &str| self.0.iter().position(|known| known.code == code);
        let is_full = self.0.len() >= CODES_MAX;
        let code = match is_known(code) {
            None if is_full => OTHERS,
            Some(_) | None => code,
        };
        match is_known(code) {
            Some(at) => self.0[at].count += 1,
            None => self.0.push(Failed {
                code: code.to_owned(),
                count: 1,
                first: text().chars().take(TEXT_CHARS_MAX).collect(),
            }),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|failed| failed.count).sum()
    }

    /// How many are no throttling.
    pub(super) fn unexpected(&self) -> u64 {
        let unexpected = self.0.iter().filter(|failed| !is_throttling(&failed.code));
        unexpected.map(|failed| failed.count).sum()
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Failed] {
        &self.0
    }
}

/// Whether a code says no more than that it was too much at a time.
fn is_throttling(code: &str) -> bool {
    ErrorCode::from_name(code).is_some_and(|code| {
        matches!(
            code,
            ErrorCode::ProvisionedThroughputExceededException
                | ErrorCode::LimitExceededException
                | ErrorCode::ThrottlingException
                | ErrorCode::KMSThrottlingException
        )
    })
}

/// What a request came to that the endpoint carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answered {
    /// Records that were stored or read.
    pub(super) records: u64,
    /// Their bytes: data and keys.
    pub(super) bytes: u64,
    /// Codes and texts of the records that were refused.
    pub(super) refused: Vec<(String, String)>,
}

/// The account of a run.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// Latencies of the requests that succeeded.
    pub(super) latencies: Latencies,
    /// Latencies of those that failed.
    pub(super) failed_latencies: Latencies,
    pub(super) failures: Failures,
    pub(super) records: u64,
    pub(super) bytes: u64,
    /// Records that were refused within requests that succeeded.
    pub(super) refused: Failures,
    /// Latencies from a record's put to its delivery to a consumer.
    pub(super) deliveries: Latencies,
    /// When the last request that counts had its outcome.
    pub(super) last: Monotonic,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            latencies: Latencies::new(),
            failed_latencies: Latencies::new(),
            failures: Failures::default(),
            records: 0,
            bytes: 0,
            refused: Failures::default(),
            deliveries: Latencies::new(),
            last: Monotonic::default(),
        }
    }

    /// Notes the outcome of a request, if it counts.
    pub(super) fn note(&mut self, turn: Turn, now: Monotonic, outcome: &Result<Answered, Error>) {
        if !turn.is_counted {
            return;
        }
        self.last = self.last.max(now);
        let latency = now.since(turn.from);
        match outcome {
            Ok(answered) => {
                self.latencies.record(latency);
                self.records += answered.records;
                self.bytes += answered.bytes;
                for (code, text) in &answered.refused {
                    self.refused.add(code, || text.clone());
                }
            }
            Err(error) => {
                self.failed_latencies.record(latency);
                self.failures.add(&code_of(error), || text_of(error));
            }
        }
    }

    /// Requests that count and have their outcome.
    pub(super) fn requests(&self) -> u64 {
        self.latencies.count() + self.failures.count()
    }
}

/// The service's code, or a word for what happened instead.
fn code_of(error: &Error) -> String {
    match error {
        Error::Service { remote, .. } if remote.name.is_empty() => {
            format!("Status{}", remote.status)
        }
        Error::Service { remote, .. } => remote.name.clone(),
        Error::Transport(_) => "NoAnswer".to_owned(),
        Error::NotSent(_) => "NotSent".to_owned(),
        Error::Invalid(_) => "Invalid".to_owned(),
        Error::Credentials(_) => "NoCredentials".to_owned(),
    }
}

/// What the service said, or what happened instead.
fn text_of(error: &Error) -> String {
    error
        .message()
        .map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_client::RemoteError;
    use std::time::Duration;

    fn at(millis: u64) -> Monotonic {
        Monotonic(Duration::from_millis(millis))
    }

    fn service(name: &str) -> Error {
        Error::Service {
            remote: RemoteError {
                status: 400,
                name: name.to_owned(),
                message: Some("too much".to_owned()),
            },
            request_id: None,
            is_after_unknown: false,
        }
    }

    #[test]
    fn requests_when_noted_then_successes_and_failures_add_up_without_the_warm_up() {
        let mut tally = Tally::new();
        let answered = Answered {
            records: 2,
            bytes: 20,
            refused: vec![("ProvisionedThroughputExceededException".into(), "s".into())],
        };
        let counted = Turn {
            from: at(1),
            is_counted: true,
        };
        let warm_up = Turn {
            from: at(0),
            is_counted: false,
        };
        tally.note(warm_up, at(9), &Ok(answered.clone()));
        tally.note(counted, at(3), &Ok(answered.clone()));
        tally.note(counted, at(2), &Ok(answered));
        tally.note(counted, at(4), &Err(service("ThrottlingException")));
        tally.note(counted, at(4), &Err(service("")));
        tally.note(counted, at(4), &Err(Error::Transport("reset".to_owned())));
        assert_eq!((tally.requests(), tally.latencies.count()), (5, 2));
        assert_eq!(tally.failed_latencies.count(), 3);
        assert_eq!((tally.records, tally.bytes), (4, 40));
        assert_eq!((tally.refused.count(), tally.refused.unexpected()), (2, 0));
        assert_eq!(
            (tally.failures.count(), tally.failures.unexpected()),
            (3, 2)
        );
        let codes: Vec<_> = tally.failures.all().iter().map(|it| &*it.code).collect();
        assert_eq!(codes, ["ThrottlingException", "Status400", "NoAnswer"]);
        assert_eq!(tally.failures.all()[0].first, "too much");
        assert_eq!(tally.failures.all()[2].first, "no answer: reset");
        assert_eq!(tally.last, at(4));
    }

    #[test]
    fn codes_when_an_endpoint_invents_them_then_are_bounded_and_none_is_lost() {
        let mut failures = Failures::default();
        for number in 0..1000 {
            failures.add(&format!("Code{number}"), || "x".repeat(1000));
        }
        failures.add("Code1", String::new);
        assert_eq!(failures.all().len(), CODES_MAX + 1);
        assert_eq!(failures.count(), 1001);
        assert_eq!(failures.all()[1].count, 2);
        assert!(
            failures
                .all()
                .iter()
                .all(|it| it.first.len() <= TEXT_CHARS_MAX)
        );
    }
}
