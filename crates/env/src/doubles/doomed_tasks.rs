//! Tasks with a planted panic, for tests of the effects on other tasks.

use crate::{BoxFuture, Deaths, Tasks, Work};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

/// The message of the planted panic.
const SAID: &str = "planted";

/// A wrapper around tasks that makes one of them panic: the polls of all tasks with a given name
/// are counted together, and the last one counted panics.
pub struct DoomedTasks {
    inner: Arc<dyn Tasks>,
    victim: &'static str,
    /// Polls left until the panic.
    left: Arc<AtomicU32>,
}

impl DoomedTasks {
    /// Tasks of which one named `victim` panics after `polls` polls.
    pub fn new(inner: Arc<dyn Tasks>, victim: &'static str, polls: u32) -> Self {
        Self {
            inner,
            victim,
            left: Arc::new(AtomicU32::new(polls)),
        }
    }

    fn doom(&self, name: &'static str, task: BoxFuture<()>) -> BoxFuture<()> {
        if name != self.victim {
            return task;
        }
        let left = Arc::clone(&self.left);
        Box::pin(Doomed { task, left })
    }
}

struct Doomed {
    task: BoxFuture<()>,
    left: Arc<AtomicU32>,
}

impl Future for Doomed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        assert!(left != 0, "{SAID}");
        self.task.as_mut().poll(cx)
    }
}

impl Tasks for DoomedTasks {
    fn spawn(&self, name: &'static str, task: BoxFuture<()>) {
        self.inner.spawn(name, self.doom(name, task));
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>) {
        self.inner.spawn_thread(name, self.doom(name, task));
    }

    fn spawn_request(&self, name: &'static str, task: BoxFuture<()>) {
        self.inner.spawn_request(name, self.doom(name, task));
    }

    fn run_blocking(&self, work: Work) -> BoxFuture<()> {
        self.inner.run_blocking(work)
    }

    fn run_unhurried(&self, work: Work) -> BoxFuture<()> {
        self.inner.run_unhurried(work)
    }

    fn deaths(&self) -> Deaths {
        self.inner.deaths()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokioTasks;

    #[tokio::test]
    async fn victim_when_its_polls_are_over_then_dies_and_nobody_else() {
        let tasks = DoomedTasks::new(Arc::new(TokioTasks::current()), "victim", 2);
        for _ in 0..3 {
            tasks.spawn("other", Box::pin(async {}));
        }
        // Sequentially: the third request dies alone, and the test does not wait for it.
        let (told, mut hears) = tokio::sync::mpsc::channel(1);
        let tell =
            |told: tokio::sync::mpsc::Sender<()>| async move { told.send(()).await.unwrap() };
        tasks.spawn("victim", Box::pin(tell(told.clone())));
        hears.recv().await.unwrap();
        tasks.spawn_request("victim", Box::pin(tell(told)));
        hears.recv().await.unwrap();
        tasks.spawn_thread("victim", Box::pin(async {}));
        let death = tasks.deaths().wait().await;
        assert_eq!((death.task, &*death.said), ("victim", SAID));
        assert_eq!(tasks.deaths().requests(), 0);
    }
}
