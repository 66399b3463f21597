//! Tasks: what runs beside the caller.
//!
//! A task spawned here is detached: it runs to its end whoever waits for it.

use std::future::Future;
use std::pin::Pin;
use tokio::runtime::Handle;

/// A future on the heap that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// Where work runs.
pub trait Tasks: Send + Sync + 'static {
    /// Runs `task` beside the caller, detached.
    fn spawn(&self, name: &'static str, task: BoxFuture<()>);
    /// Runs `task` on a thread that nobody else uses, so that it may block in disk calls.
    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>);
    /// Runs `work`, which may block, off the caller's thread; resolves when it is done.
    fn run_blocking(&self, work: Box<dyn FnOnce() + Send + 'static>) -> BoxFuture<()>;
}

/// Tasks on a tokio runtime.
pub struct TokioTasks {
    runtime: Handle,
}

impl TokioTasks {
    /// Tasks on the runtime that is current here.
    pub fn current() -> Self {
        Self {
            runtime: Handle::current(),
        }
    }
}

impl Tasks for TokioTasks {
    fn spawn(&self, _name: &'static str, task: BoxFuture<()>) {
        // The handle is not needed: the task is detached by contract.
        drop(self.runtime.spawn(task));
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>) {
        let runtime = self.runtime.clone();
        let body = move || runtime.block_on(task);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body);
        drop(thread.expect("the operating system starts a thread at start-up"));
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send + 'static>) -> BoxFuture<()> {
        let done = self.runtime.spawn_blocking(work);
        Box::pin(async move {
            if let Err(error) = done.await
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        })
    }
}
