//! A record of panicked tasks.
//!
//! A task that is essential to the process leaves its name and its panic message here, and the code
//! that runs the process shuts it down gracefully. A task that serves a request or a connection is
//! only counted: it alone ends. Nothing is logged here, and nothing is restarted.

use crate::BoxFuture;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::sync::watch;

/// The panic of an essential task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the background task {task} has died: {said}")]
pub struct Death {
    /// The task's name.
    pub task: &'static str,
    /// The panic message.
    pub said: String,
}

/// The panics of one environment's tasks. Clones share the same record.
#[derive(Clone, Debug, Default)]
pub struct Deaths(Arc<Known>);

#[derive(Debug)]
struct Known {
    /// Later deaths are usually consequences.
    first: watch::Sender<Option<Death>>,
    requests: AtomicU64,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            first: watch::Sender::new(None),
            requests: AtomicU64::new(0),
        }
    }
}

impl Deaths {
    /// The first death, if there was one.
    pub fn first(&self) -> Option<Death> {
        self.0.first.borrow().clone()
    }

    /// Whether any essential task has died.
    pub fn are_any(&self) -> bool {
        self.0.first.borrow().is_some()
    }

    /// Resolves at the first death; immediately if there was one already.
    pub async fn wait(&self) -> Death {
        let mut first = self.0.first.subscribe();
        let seen = first.wait_for(Option::is_some).await;
        let death = seen.ok().and_then(|seen| seen.clone());
        death.expect("the sender lives as long as this")
    }

    /// How many requests and connections have panicked.
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Counts a request whose panic was caught by the code that serves it.
    pub fn note_request(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Records the panic of an essential task.
    pub fn note(&self, task: &'static str, panic: &(dyn Any + Send)) {
        self.0.first.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert_with(|| Death {
                task,
                said: text_of(panic),
            });
            is_first
        });
    }

    /// Wraps an essential task: its panic is a death.
    pub fn watch(&self, name: &'static str, task: BoxFuture<()>) -> Watched {
        self.watch_as(Role::Vital(name), task)
    }

    /// Wraps a task that serves a request: its panic is counted.
    pub fn watch_request(&self, task: BoxFuture<()>) -> Watched {
        self.watch_as(Role::Request, task)
    }

    fn watch_as(&self, role: Role, task: BoxFuture<()>) -> Watched {
        Watched {
            role,
            deaths: self.clone(),
            task: Some(task),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Role {
    Vital(&'static str),
    Request,
}

/// A task that ends when it panics. Its state is dropped then, so that its waiters are notified.
pub struct Watched {
    role: Role,
    deaths: Deaths,
    /// `None` once it has ended.
    task: Option<BoxFuture<()>>,
}

impl Watched {
    fn note(&self, panic: &(dyn Any + Send)) {
        match self.role {
            Role::Vital(name) => self.deaths.note(name, panic),
            Role::Request => self.deaths.note_request(),
        }
    }
}

impl Future for Watched {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(task) = &mut self.task else {
            return Poll::Ready(());
        };
        // The task is not used after a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => {}
            Err(panic) => self.note(&*panic),
        }
        let ended = self.task.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(ended))) {
            self.note(&*panic);
        }
        Poll::Ready(())
    }
}

/// The message of a panic.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    fn run(mut task: Watched) {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut task).poll(&mut cx).is_ready());
        assert!(Pin::new(&mut task).poll(&mut cx).is_ready(), "it has ended");
    }

    #[test]
    fn task_when_it_panics_then_the_first_is_known_by_name_and_what_it_held_is_dropped() {
        let deaths = Deaths::default();
        let held = Arc::new(());
        let own = Arc::clone(&held);
        run(deaths.watch("well", Box::pin(async {})));
        assert!(!deaths.are_any());
        let task = async move {
            let _own = own;
            panic!("a bug in {}", "the keeper");
        };
        run(deaths.watch("keeper", Box::pin(task)));
        run(deaths.watch("cleaner", Box::pin(async { panic!("a consequence") })));
        let death = deaths.first().unwrap();
        assert_eq!(
            (death.task, &*death.said),
            ("keeper", "a bug in the keeper")
        );
        let text = "the background task keeper has died: a bug in the keeper";
        assert_eq!(death.to_string(), text);
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn request_when_it_panics_then_is_counted_and_no_death() {
        let deaths = Deaths::default();
        run(deaths.watch_request(Box::pin(async { panic!("a bug") })));
        run(deaths.watch_request(Box::pin(async {})));
        assert_eq!((deaths.requests(), deaths.first()), (1, None));
    }

    #[tokio::test]
    async fn death_when_waited_for_then_is_told_whenever_it_was() {
        let deaths = Deaths::default();
        let waiting = deaths.wait();
        deaths.note("keeper", &"a bug");
        assert_eq!(waiting.await, deaths.wait().await);
    }
}
