//! A look at files that are followed, on a thread that may block.

use millstream_env::Env;
use tokio::sync::oneshot;

/// Lets a follower look, and gives it back with what it found; `None` if the process is ending.
pub async fn look<F: Send + 'static, T: Send + 'static>(
    mut follower: F,
    look: fn(&mut F) -> T,
    env: &Env,
) -> Option<(F, T)> {
    let (tell, told) = oneshot::channel();
    let work = move || {
        let found = look(&mut follower);
        // The receiver is gone only when the process is ending.
        drop(tell.send((follower, found)));
    };
    env.tasks.run_blocking(Box::new(work)).await;
    told.await.ok()
}
