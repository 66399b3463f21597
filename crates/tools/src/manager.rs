//! What the tools have in common that manage streams, shards and consumers.

use crate::terminal::{Progress, Table};
use crate::{Connection, Failure, Surroundings, connect};
use millstream_client::types::StreamDescriptionSummary;
use millstream_client::{Client, WaitError};
use serde::Serialize;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// One JSON document, with AWS's member names.
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
    pub fn new(
        connection: &Connection,
        form: Form,
        surroundings: &'a Surroundings,
    ) -> Result<Self, Failure> {
        let client = connect(connection, surroundings)?;
        Ok(Self {
            client,
            form,
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
