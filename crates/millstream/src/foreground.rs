//! Runs a command in the foreground until it is done or interrupted: everything but the servers.
//!
//! The first signal asks the command to stop, another ends the process at once. The command's own
//! future runs on the main thread, which may block on standard output; signals are handled on
//! another.

use crate::cli;
use crate::signals::Signals;
use millstream_env::Env;
use millstream_tools::terminal::Terminal;
use millstream_tools::{Failure, Look, Status, Stop, Surroundings, Variables};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::signal::unix::SignalKind;

/// Signals within this time of the first count as the same request: `timeout` sends two at once. A
/// person who presses Ctrl-C twice is slower.
const ONE_WISH: Duration = Duration::from_millis(100);

/// The signal that stops the process, once there is one.
type Stopped = Arc<OnceLock<SignalKind>>;

/// Runs a command, says why it failed, and gives the exit status.
pub fn run(look: Look, work: impl AsyncFnOnce(&Surroundings) -> Result<(), Failure>) -> Status {
    let terminal = Terminal::of_process(look.color);
    if look.verbose {
        terminal.show_messages();
    }
    let stopped = Stopped::default();
    let worked = work_on_threads(&terminal, &stopped, work);
    let worked = worked.and_then(|()| terminal.output().flush());
    let status = match worked {
        Ok(()) => Status::Done,
        Err(failure) => {
            say(&terminal, &failure);
            failure.status()
        }
    };
    stopped.get().map_or(status, |kind| by_signal(*kind))
}

fn say(terminal: &Terminal, failure: &Failure) {
    // What was printed before it explains it.
    let _ = terminal.output().flush();
    if let Some(line) = failure.line() {
        terminal.say(line);
    }
}

fn work_on_threads(
    terminal: &Terminal,
    stopped: &Stopped,
    work: impl AsyncFnOnce(&Surroundings) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.thread_name("millstream").enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::new(format!("cannot start threads: {error}")))?;
    let begin = || runtime.block_on(begin(terminal.clone(), Arc::clone(stopped), work));
    // Nothing of it is used after a panic, which has printed itself.
    let ended = catch_unwind(AssertUnwindSafe(begin));
    // Leaked on purpose: dropping it would wait for threads that read standard input.
    std::mem::forget(runtime);
    ended.unwrap_or_else(|_| Err(bug("it panicked")))
}

async fn begin(
    terminal: Terminal,
    stopped: Stopped,
    work: impl AsyncFnOnce(&Surroundings) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let surroundings = Surroundings {
        env: Env::real(),
        terminal,
        stop: Stop::default(),
        variables: Variables::of_process(),
        program: Arc::new(cli::command()),
    };
    catch_signals(&surroundings, stopped)?;
    let deaths = surroundings.env.tasks.deaths();
    tokio::select! {
        biased;
        death = deaths.wait() => Err(bug(&death.to_string())),
        worked = work(&surroundings) => worked,
    }
}

fn catch_signals(surroundings: &Surroundings, stopped: Stopped) -> Result<(), Failure> {
    let signals = Signals::catch();
    let mut signals =
        signals.map_err(|error| Failure::new(format!("cannot catch signals: {error}")))?;
    let (stop, clock) = (
        surroundings.stop.clone(),
        Arc::clone(&surroundings.env.clock),
    );
    let watch = async move {
        let kind = signals.next().await;
        // There is no other task that sets it.
        let _ = stopped.set(kind);
        stop.ask();
        let kind = signals.insist(&*clock, ONE_WISH).await;
        std::process::exit(by_signal(kind).code().into());
    };
    surroundings.env.tasks.spawn("signals", Box::pin(watch));
    Ok(())
}

fn by_signal(kind: SignalKind) -> Status {
    Status::Stopped(u8::try_from(kind.as_raw_value()).unwrap_or_default())
}

fn bug(what: &str) -> Failure {
    Failure::new(what)
        .with_advice("This is a bug, please report it.")
        .with_status(Status::Died)
}

#[cfg(test)]
mod tests;
