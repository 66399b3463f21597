//! A question to the person at the terminal, before something that cannot be undone.

use crate::{Failure, Surroundings};
use std::io::{BufRead, Read};
use tokio::sync::oneshot;

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 1024;

/// Asks whether to go on. Only `y` and `yes` say so.
///
/// # Errors
/// If the answer is no, or nobody is there to answer.
pub async fn confirm(question: &str, surroundings: &Surroundings) -> Result<(), Failure> {
    let terminal = surroundings.terminal.clone();
    if !terminal.is_input_typed() {
        let failure = Failure::usage("this asks first, and standard input is not a terminal");
        return Err(failure.with_advice("--yes does it without asking."));
    }
    terminal.say(format!("{question} [y/N]"));
    let (tell, told) = oneshot::channel();
    let read = move || {
        let mut answer = String::new();
        let input = terminal.input();
        // What cannot be read is no yes.
        let _ = input.take(ANSWER_BYTES_MAX).read_line(&mut answer);
        let _ = tell.send(answer);
    };
    let read = surroundings.env.tasks.run_blocking(Box::new(read));
    let answered = surroundings.stop.unless_asked(read).await;
    answered.ok_or_else(|| Failure::new("nothing was done"))?;
    let answer = told.await.unwrap_or_default();
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new("nothing was done: the answer was not yes")),
    }
}
