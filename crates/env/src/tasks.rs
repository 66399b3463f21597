//! Tasks: concurrent work.
//!
//! A spawned task is detached: it runs to completion whether or not anything waits for it. A panic
//! is recorded (see [`Deaths`]) and the task's state is dropped, which notifies its waiters. Tasks
//! that are spawned during a request belong to it (see [`RequestContext`]).

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

/// A boxed future that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A closure that may block.
pub type Work = Box<dyn FnOnce() + Send + 'static>;

/// An executor of tasks and blocking work.
pub trait Tasks: Send + Sync + 'static {
    /// Spawns `task`, detached. It is essential: a panic is a death.
    fn spawn(&self, name: &'static str, task: BoxFuture<()>);
    /// Spawns the essential `task` on a dedicated thread, so that it may block in disk calls. The
    /// runtime must outlive it.
    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>);
    /// Spawns `task`, which serves one request or one connection, detached. If it panics, it alone
    /// ends, and is counted.
    fn spawn_request(&self, name: &'static str, task: BoxFuture<()>);
    /// Runs blocking `work` off the caller's thread; resolves when it is done.
    fn run_blocking(&self, work: Work) -> BoxFuture<()>;
    /// Runs `work` as [`Tasks::run_blocking`] does, at the lowest CPU priority. It may be starved
    /// for long, so it must not hold a lock that others need.
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
    /// Tasks on the current runtime.
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

    /// Uses a new thread for each piece of work: an unprivileged thread cannot raise its priority
    /// again.
    fn run_unhurried(&self, work: Work) -> BoxFuture<()> {
        let (give, given) = mpsc::sync_channel::<Work>(1);
        let body = move || {
            lower_priority();
            // Nothing arrives if the sender was dropped.
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

/// Lowers the current thread to the lowest priority.
fn lower_priority() {
    const LOWEST: i32 = 19;
    // Elsewhere this would affect the whole process.
    if cfg!(target_os = "linux") {
        // Lowering the priority is always permitted.
        let _ = rustix::process::setpriority_process(None, LOWEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI32, Ordering};

    /// The priority of the thread that runs the work.
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
