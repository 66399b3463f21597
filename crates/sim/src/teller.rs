//! A client of the counters, a machine that lives beside streams on the same store.
//!
//! Each command is proposed under one id until its outcome is known, across crashes and restarts,
//! and must have been carried out once. Each counter's log must exist for as long as the counter
//! does; that of a removed counter must be gone after the next start.

use super::client::Client;
use super::server::Server;
use millstream_replicated::testing::{COUNTERS_MAX, Command, Refusal, log_of};
use millstream_replicated::{ProposalId, ProposeError, Unheard};
use millstream_store::{AppendError, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A teller that hears nothing gives up after this, and tries again.
const GIVE_UP_AFTER: Duration = Duration::from_secs(8);
/// A counter counts at most so much more at once.
const MORE_MAX: u64 = 100;

/// Whoever counts.
pub(super) struct Teller {
    client: Client,
    counters: BTreeMap<u64, Counter>,
    /// Counters that were made, though nobody knows their numbers.
    nameless: usize,
    /// Counters that were removed, and in which life of the server.
    removed: Vec<(u64, u64)>,
}

/// What a counter must be like.
#[derive(Default)]
struct Counter {
    value: u64,
    log: CounterLog,
}

/// What a counter's log must be like.
#[derive(Default)]
struct CounterLog {
    is_made: bool,
    /// Records that are there.
    records: u64,
    /// Records that may be there.
    unknown: u64,
}

/// What is known to have become of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Answer(u64),
    Refusal(Refusal),
    /// It was judged, and the result is not known any more.
    Judged,
}

impl Teller {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            counters: BTreeMap::new(),
            nameless: 0,
            removed: Vec::new(),
        }
    }

    /// Counts until the work is over, and then looks whether everything is as it must be.
    pub(super) async fn run(mut self) {
        while !self.client.machine.is_over() {
            let nth = self.client.rng.usize(..self.counters.len().max(1));
            let any = self.counters.keys().nth(nth).copied();
            match (self.client.rng.u8(..10), any) {
                (_, None) | (0, Some(_)) => self.create().await,
                (1, Some(counter)) if self.counters.len() > 1 => self.remove(counter).await,
                (2..5, Some(counter)) => self.write(counter).await,
                (_, Some(counter)) => self.add(counter).await,
            }
            self.client.think().await;
        }
        self.check().await;
    }

    async fn create(&mut self) {
        match self.propose(Command::Create).await {
            Heard::Answer(counter) => {
                self.counters.insert(counter, Counter::default());
            }
            Heard::Refusal(Refusal::Full)
                if self.counters.len() + self.nameless >= COUNTERS_MAX => {}
            Heard::Judged => self.nameless += 1,
            wrong @ Heard::Refusal(_) => self.complain(format!("no counter is made: {wrong:?}")),
        }
    }

    async fn add(&mut self, counter: u64) {
        let more = self.client.rng.u64(1..MORE_MAX);
        let heard = self.propose(Command::Add(counter, more)).await;
        let Some(known) = self.counters.get_mut(&counter) else {
            return;
        };
        known.value += more;
        let value = known.value;
        if heard != Heard::Answer(value) && heard != Heard::Judged {
            self.complain(format!("counter {counter} is at {value}, not {heard:?}"));
        }
    }

    async fn remove(&mut self, counter: u64) {
        let heard = self.propose(Command::Remove(counter)).await;
        let Some(known) = self.counters.remove(&counter) else {
            return;
        };
        let value = known.value;
        if heard != Heard::Answer(value) && heard != Heard::Judged {
            self.complain(format!("counter {counter} ends at {value}, not {heard:?}"));
        }
        let generation = self.client.machine.generation();
        self.removed.push((counter, generation));
    }

    /// Puts a record into a counter's log, which is made if there is none yet.
    async fn write(&mut self, counter: u64) {
        let (Some(server), log) = (self.server().await, log_of(counter)) else {
            return;
        };
        let Some(known) = self.counters.get(&counter) else {
            return;
        };
        if !known.log.is_made {
            let made = self.hear(server.make_log(log)).await;
            let is_made = matches!(made, Some(Ok(()) | Err(StoreError::Exists(_))));
            if let Some(known) = self.counters.get_mut(&counter) {
                known.log.is_made = is_made;
            }
            return;
        }
        let written = self.hear(server.write(log)).await;
        let Some(known) = self.counters.get_mut(&counter) else {
            return;
        };
        match written {
            Some(Ok(_)) => known.log.records += 1,
            None | Some(Err(AppendError::Unknown(_))) => known.log.unknown += 1,
            Some(Err(AppendError::NoSuchLog(_))) => self.complain(format!("log {log} has gone")),
            Some(Err(error @ (AppendError::Sealed(_) | AppendError::Fenced))) => {
                self.complain(format!("log {log}, of which nobody said so: {error}"));
            }
            Some(Err(AppendError::Full | AppendError::TooLarge | AppendError::NotApplied(_))) => {}
        }
    }

    /// Proposes a command until it is known what became of it.
    async fn propose(&mut self, command: Command) -> Heard {
        let mut id = [0; 16];
        self.client.rng.fill(&mut id);
        let id = ProposalId(id);
        loop {
            let Some(server) = self.server().await else {
                return Heard::Judged;
            };
            let heard = self.hear(server.count(id, command.clone())).await;
            match heard {
                Some(Ok(answer)) => return Heard::Answer(answer),
                Some(Err(ProposeError::Refused(refusal))) => return Heard::Refusal(refusal),
                Some(Err(ProposeError::Unknown {
                    cause: Unheard::JudgedBefore,
                })) => return Heard::Judged,
                None
                | Some(Err(ProposeError::NotApplied { .. }))
                | Some(Err(ProposeError::Unknown {
                    cause: Unheard::Store(_) | Unheard::ResultLost,
                })) => {
                    self.client.change_over();
                    self.client.pause().await;
                }
            }
        }
    }

    /// What a server answers, if it does.
    async fn hear<T>(&self, answer: tokio::sync::oneshot::Receiver<T>) -> Option<T> {
        tokio::select! {
            biased;
            answer = answer => answer.ok(),
            () = self.client.clock.sleep(GIVE_UP_AFTER) => None,
        }
    }

    async fn server(&mut self) -> Option<Arc<Server>> {
        self.client.server().await
    }

    async fn check(&mut self) {
        let Some(server) = self.server().await else {
            return;
        };
        if !matches!(self.hear(server.catch_up()).await, Some(Ok(()))) {
            return self.complain("the counters do not catch up".to_owned());
        }
        let state = server.counters();
        let count = state.len();
        if count > self.counters.len() + self.nameless {
            self.complain(format!("there are {count} counters: {state:?}"));
        }
        for (counter, known) in &self.counters {
            if state.get(counter) != Some(&known.value) {
                let (found, value) = (state.get(counter), known.value);
                self.complain(format!("counter {counter} is at {value}, not {found:?}"));
            }
            if known.log.is_made {
                let end = self.hear(server.log_end(log_of(*counter))).await;
                let (least, most) = (known.log.records, known.log.records + known.log.unknown);
                let is_right = matches!(&end, Some(Ok(end)) if (least..=most).contains(end));
                if !is_right {
                    let what = format!("counter {counter} has {least} to {most} records");
                    self.complain(format!("{what}, not {end:?}"));
                }
            }
        }
        let Some(Ok(logs)) = self.hear(server.logs()).await else {
            return self.complain("the logs cannot be listed".to_owned());
        };
        for (counter, generation) in &self.removed {
            let log = log_of(*counter);
            if *generation < server.generation && logs.contains(&log) {
                self.complain(format!("log {log} is still there"));
            }
        }
    }

    fn complain(&self, what: String) {
        self.client.machine.complain(what);
    }
}
