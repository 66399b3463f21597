//! Tasks: what runs beside the caller.
//!
//! A task spawned here is detached: it runs to its end whoever waits for it. If it panics that is
//! known (see [`Deaths`]), and what it held is dropped, so that whoever waits for it hears of it.
//! What is started for a request is done for it (see [`RequestContext`]).

#![expect(
    clippy::disallowed_methods,
    reason = "this is the door to the real runtime and its threads"
)]

use crate::{Deaths, RequestContext, Watched};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::mpsc;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// A future on the heap that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// Work that may block.
pub type Work = Box<dyn FnOnce() + Send + 'static>;

/// Where work runs.
pub trait Tasks: Send + Sync + 'static {
    /// Runs `task` beside the caller, detached. The process cannot do without it: if it panics,
    /// that is a death.
    fn spawn(&self, name: &'static str, task: BoxFuture<()>);
    /// Runs `task`, without which the process cannot do, on a thread that nobody else uses, so that
    /// it may block in disk calls. The runtime must outlive it.
    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>);
    /// Runs `task`, which serves one request or one connection, beside the caller, detached. If it
    /// panics, it alone ends, and is counted.
    fn spawn_request(&self, name: &'static str, task: BoxFuture<()>);
    /// Runs `work`, which may block, off the caller's thread; resolves when it is done.
    fn run_blocking(&self, work: Work) -> BoxFuture<()>;
    /// Runs `work` as [`Tasks::run_blocking`] does, with the processor time that nobody else wants.
    /// That can take long, so it must hold no lock for which others wait.
    fn run_unhurried(&self, work: Work) -> BoxFuture<()>;
    /// The panics of these tasks.
    fn deaths(&self) -> Deaths;
}

/// Tasks on a tokio runtime.
pub struct TokioTasks {
    runtime: Handle,
    deaths: Deaths,
}

impl TokioTasks {
    /// Tasks on the runtime that is current here.
    pub fn current() -> Self {
        Self {
            runtime: Handle::current(),
            deaths: Deaths::default(),
        }
    }

    fn start(&self, task: Watched) {
        // The handle is not needed: the task is detached by contract.
        match RequestContext::current() {
            None => drop(self.runtime.spawn(task)),
            Some(request) => drop(self.runtime.spawn(request.scope(task))),
        }
    }
}

impl Tasks for TokioTasks {
    fn spawn(&self, name: &'static str, task: BoxFuture<()>) {
        self.start(self.deaths.watch(name, task));
    }

    fn spawn_request(&self, _name: &'static str, task: BoxFuture<()>) {
        self.start(self.deaths.watch_request(task));
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>) {
        let runtime = self.runtime.clone();
        let task = self.deaths.watch(name, task);
        let body = move || runtime.block_on(task);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body);
        drop(thread.expect("the operating system starts a thread at start-up"));
    }

    fn run_blocking(&self, work: Work) -> BoxFuture<()> {
        let work: Work = match RequestContext::current() {
            None => work,
            Some(request) => Box::new(move || request.run(work)),
        };
        let done = self.runtime.spawn_blocking(work);
        Box::pin(async move {
            if let Err(error) = done.await
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        })
    }

    /// Each piece of work has a thread of its own: one whose priority was lowered may not raise it
    /// again.
    fn run_unhurried(&self, work: Work) -> BoxFuture<()> {
        let (give, given) = mpsc::sync_channel::<Work>(1);
        let body = move || {
            lower_priority();
            // Nothing comes if whoever was to give it has gone.
            given.iter().for_each(|work| work());
        };
        let thread = std::thread::Builder::new().name("unhurried".to_owned());
        if thread.spawn(body).is_err() {
            return self.run_blocking(work);
        }
        let (tell, told) = oneshot::channel();
        let work = move || drop(tell.send(catch_unwind(AssertUnwindSafe(work))));
        drop(give.send(Box::new(work)));
        Box::pin(async move {
            if let Ok(Err(panic)) = told.await {
                resume_unwind(panic);
            }
        })
    }

    fn deaths(&self) -> Deaths {
        self.deaths.clone()
    }
}

/// Gives the current thread the lowest priority.
fn lower_priority() {
    const LOWEST: i32 = 19;
    // Elsewhere it would be that of the whole process.
    if cfg!(target_os = "linux") {
        // Nobody is refused a lower one.
        let _ = rustix::process::setpriority_process(None, LOWEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI32, Ordering};

    /// The priority of the thread on which work runs.
    async fn priority(run: impl Fn(Work) -> BoxFuture<()>) -> i32 {
        let seen = Arc::new(AtomicI32::new(i32::MIN));
        let slot = Arc::clone(&seen);
        let work = move || {
            let priority = rustix::process::getpriority_process(None).unwrap();
            slot.store(priority, Ordering::Relaxed);
        };
        run(Box::new(work)).await;
        seen.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn unhurried_work_when_run_then_has_the_lowest_priority_and_lowers_nobody_elses() {
        let tasks = TokioTasks::current();
        let own = rustix::process::getpriority_process(None).unwrap();
        assert_eq!(priority(|work| tasks.run_blocking(work)).await, own);
        assert_eq!(priority(|work| tasks.run_unhurried(work)).await, 19);
        assert_eq!(priority(|work| tasks.run_blocking(work)).await, own);
        let still = rustix::process::getpriority_process(None).unwrap();
        assert_eq!(still, own);
    }

    #[tokio::test]
    async fn task_when_what_it_waits_for_panics_on_another_thread_then_dies_itself() {
        let tasks = Arc::new(TokioTasks::current());
        let own = Arc::clone(&tasks);
        let task = async move { own.run_blocking(Box::new(|| panic!("a bug"))).await };
        tasks.spawn_thread("writer", Box::pin(task));
        let death = tasks.deaths().wait().await;
        assert_eq!((death.task, &*death.said), ("writer", "a bug"));
    }

    #[tokio::test]
    #[should_panic(expected = "not as it should be")]
    async fn unhurried_work_when_it_panics_then_so_does_who_waits_for_it() {
        let work = || panic!("not as it should be");
        TokioTasks::current().run_unhurried(Box::new(work)).await;
    }
}
