//! Tasks that all run on the test's own thread, in an order that is the same every time: for tests
//! that count calls or bytes, or that repeat a run by its seed.

use millstream_env::{BoxFuture, Deaths, Tasks, Work};
use tokio::runtime::Handle;

/// Everything on the current thread; what blocks does so where it stands.
pub(crate) struct InlineTasks;

impl Tasks for InlineTasks {
    #[expect(clippy::disallowed_methods, reason = "these are the tasks of a world")]
    fn spawn(&self, _name: &'static str, task: BoxFuture<()>) {
        drop(Handle::current().spawn(task));
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>) {
        self.spawn(name, task);
    }

    fn spawn_request(&self, name: &'static str, task: BoxFuture<()>) {
        self.spawn(name, task);
    }

    fn run_blocking(&self, work: Work) -> BoxFuture<()> {
        Box::pin(async move { work() })
    }

    fn run_unhurried(&self, work: Work) -> BoxFuture<()> {
        self.run_blocking(work)
    }

    /// None is noted: a panic fails the test that waits for what it was to do.
    fn deaths(&self) -> Deaths {
        Deaths::default()
    }
}
