//! Tasks that all run on the target's own thread, in an order that is the same every time.

use millstream_env::{BoxFuture, Deaths, Tasks, Work};
use tokio::runtime::Handle;

/// Everything on the current thread; what blocks does so where it stands.
#[derive(Default)]
pub(super) struct InlineTasks {
    deaths: Deaths,
}

impl Tasks for InlineTasks {
    #[expect(clippy::disallowed_methods, reason = "these are the tasks of a world")]
    fn spawn(&self, name: &'static str, task: BoxFuture<()>) {
        drop(Handle::current().spawn(self.deaths.watch(name, task)));
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

    fn deaths(&self) -> Deaths {
        self.deaths.clone()
    }
}
