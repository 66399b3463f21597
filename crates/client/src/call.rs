//! A call before it is sent: its input, to which setters add.

use crate::{Client, Error, Events};
use millstream_protocol::Operation;
use millstream_protocol::operations::SubscribeToShard;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

/// A call of an operation. Awaiting it sends it, and retries it as the client is told to.
///
/// Each member of the input that is optional has a setter of its name.
#[must_use = "a call does nothing unless it is awaited"]
pub struct Call<O: Operation> {
    client: Client,
    pub(crate) input: O::Input,
}

/// The future of a call.
pub type Sending<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl<O: Operation> Call<O> {
    pub(crate) fn new(client: &Client, input: O::Input) -> Self {
        let client = client.clone();
        Self { client, input }
    }

    /// The input, for what no setter does.
    pub fn input_mut(&mut self) -> &mut O::Input {
        &mut self.input
    }

    /// The client and the input.
    pub(crate) fn into_parts(self) -> (Client, O::Input) {
        (self.client, self.input)
    }
}

impl<O: Operation> Call<O>
where
    O::Input: Sync,
{
    /// Sends the call, and retries it as the client is told to.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn send(self) -> Result<O::Output, Error> {
        self.client.call_with_retries::<O>(&self.input).await
    }
}

impl<O: Operation> IntoFuture for Call<O>
where
    O::Input: Sync,
{
    type Output = Result<O::Output, Error>;
    type IntoFuture = Sending<O::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl Call<SubscribeToShard> {
    /// Subscribes, and returns the events once the service has accepted.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn subscribe(self) -> Result<Events, Error> {
        self.client.subscribe_with_retries(&self.input).await
    }
}

impl<O: Operation> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({}, {:?})", O::NAME, self.client)
    }
}
