//! What the tools have in common that manage streams, shards and consumers.

use crate::terminal::{Progress, Table};
use crate::{Connection, Failure, Look, Surroundings, connect};
use millstream_client::types::StreamDescriptionSummary;
use millstream_client::{Client, WaitError};
use serde::Serialize;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs: JSON.
    Json,
}

impl Form {
    /// As the flag `--json` says.
    pub fn of_flag(json: bool) -> Self {
        match json {
            true => Self::Json,
            false => Self::Text,
        }
    }
}

/// The flags of a tool that manages.
#[derive(Debug, clap::Args)]
pub struct Managing {
    /// Print one JSON document, with AWS's member names
    #[arg(long, global = true)]
    json: bool,
    /// The endpoint.
    #[command(flatten)]
    connection: Connection,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// Whether a tool waits until what it asked for has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It ends once the endpoint has accepted.
    No,
    /// It ends once it has happened.
    Yes,
}

impl Wait {
    /// As the flag `--wait` says.
    pub fn of_flag(wait: bool) -> Self {
        match wait {
            true => Self::Yes,
            false => Self::No,
        }
    }
}

/// A tool that manages: its client, and where its results go.
pub struct Manager<'a> {
    /// The client.
    pub client: Client,
    /// How results are printed.
    pub form: Form,
    /// The rest of the world.
    pub surroundings: &'a Surroundings,
}

impl<'a> Manager<'a> {
    /// A manager of what is at an endpoint.
    ///
    /// # Errors
    /// As [`connect`]'s.
    pub fn new(flags: &Managing, surroundings: &'a Surroundings) -> Result<Self, Failure> {
        Ok(Self {
            client: connect(&flags.connection, surroundings)?,
            form: Form::of_flag(flags.json),
            surroundings,
        })
    }

    /// A stream, by name or ARN.
    ///
    /// # Errors
    /// If it cannot be described.
    pub async fn summary(&self, stream: &str) -> Result<StreamDescriptionSummary, Failure> {
        let described = self.client.describe_stream_summary(stream).await?;
        Ok(described.stream_description_summary)
    }

    /// The result of calls that change nothing, unless the person stops them.
    ///
    /// # Errors
    /// If they fail or are stopped.
    pub async fn look<T>(
        &self,
        calls: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let looked = self.surroundings.stop.unless_asked(calls).await;
        looked.unwrap_or_else(|| Err(Failure::new("stopped; nothing was changed")))
    }

    /// Waits, with a spinner. What was begun goes on if the wait ends early.
    ///
    /// # Errors
    /// If it did not happen in time, cannot be looked at, or the person stops waiting.
    pub async fn until<T>(
        &self,
        what: &str,
        wait: impl Future<Output = Result<T, WaitError>>,
    ) -> Result<T, Failure> {
        let spinner = Progress::spinner(&self.surroundings.terminal, what);
        let waited = self.surroundings.stop.unless_asked(wait).await;
        drop(spinner);
        let stopped = || Failure::new(format!("stopped while {what}, which goes on"));
        waited.ok_or_else(stopped)?.map_err(|error| {
            let late = error.to_string();
            if let WaitError::Call(error) = error {
                return error.into();
            }
            Failure::new(late).with_advice("It may still happen.")
        })
    }

    /// Prints a result: a table, or a document.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn show(&self, table: Table, document: &impl Serialize) -> Result<(), Failure> {
        let output = self.surroundings.terminal.output();
        match self.form {
            Form::Text => output.table(table),
            Form::Json => output.document(document),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Recorded;
    use crate::{Status, Stop, Variables};
    use millstream_client::Credentials;
    use millstream_env::Env;
    use std::future::pending;
    use std::sync::Arc;
    use std::time::Duration;

    fn surroundings(recorded: &Recorded) -> Surroundings {
        Surroundings {
            env: Env::real(),
            terminal: recorded.terminal().clone(),
            stop: Stop::default(),
            variables: Variables::new(|_| None),
            program: Arc::new(clap::Command::new("test")),
        }
    }

    #[tokio::test]
    async fn wait_when_it_is_late_or_stopped_then_fails_and_says_that_it_goes_on() {
        let recorded = Recorded::on_terminal(80);
        let surroundings = surroundings(&recorded);
        let client = Client::builder().endpoint("http://127.0.0.1:1");
        let client = client.credentials(Credentials::new("any", "any", None));
        let manager = Manager {
            client: client.build_in(surroundings.env.clone()).unwrap(),
            form: Form::Text,
            surroundings: &surroundings,
        };
        let late = async {
            Err::<(), _>(WaitError::TimedOut {
                what: "stream a did not become ACTIVE".to_owned(),
                waited: Duration::from_secs(180),
            })
        };
        let failure = manager.until("scaling a", late).await.unwrap_err();
        let expected =
            "millstream: stream a did not become ACTIVE within 180 s. It may still happen.";
        assert_eq!(failure.line().as_deref(), Some(expected));
        assert_eq!(failure.status(), Status::Failed);
        assert!(recorded.drawn().contains("scaling a"));

        surroundings.stop.ask();
        let wait = pending::<Result<(), WaitError>>();
        let failure = manager.until("scaling a", wait).await.unwrap_err();
        let expected = "millstream: stopped while scaling a, which goes on.";
        assert_eq!(failure.line().as_deref(), Some(expected));
    }
}
