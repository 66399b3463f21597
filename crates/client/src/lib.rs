//! A client of Amazon Kinesis Data Streams: of AWS's, of Millstream's, of any endpoint that speaks
//! its API.
//!
//! [`Client`] has a method for each operation. It takes what the operation requires, and returns a
//! [`Call`] whose setters add the rest; awaiting the call sends it. Refused and failed calls are
//! retried with jittered backoff, within a budget that all calls of the client share
//! ([`Retries`]). An [`Error`] has AWS's code and text, and says whether a retry may help and
//! whether the call may have been applied.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use millstream_client::{Client, Credentials};
//!
//! let client = Client::builder()
//!     .endpoint("http://127.0.0.1:4567")
//!     .credentials(Credentials::new("AKID", "secret", None))
//!     .build()?;
//!
//! client.create_stream("orders").shard_count(2).await?;
//! client.wait_until_stream_exists("orders").await?;
//! let put = client.put_record("orders", r#"{"order": 42}"#).partition_key("customer-7").await?;
//! println!("{} in {}", put.sequence_number, put.shard_id);
//! # Ok(())
//! # }
//! ```
//!
//! A list that comes in pages is read with [`Call::pages`], a change that takes its time is waited
//! for with the methods whose names begin with `wait_until`. A [`producer::Producer`] puts many
//! records, a [`consumer::Consumer`] reads all of a stream's.

#![warn(missing_docs)]

pub mod aggregation;
pub mod consumer;
pub mod credentials;
pub mod endpoint;
pub mod producer;
pub mod regions;
pub mod routing;

mod access_key;
mod builder;
mod call;
mod client;
mod connection;
mod error;
mod events;
mod identity;
mod methods;
mod pages;
mod partitions;
mod retry;
mod routes;
mod server_clock;
mod settings;
mod sign;
mod stream_ref;
mod waiters;

pub use access_key::Credentials;
pub use builder::Builder;
pub use call::{Call, Sending};
pub use client::Client;
pub use error::Error;
pub use events::{EventStream, Events};
pub use methods::Tags;
pub use pages::{Pages, Paginated};
pub use retry::Retries;
pub use settings::{BuildError, HttpVersion, LoadError};
pub use stream_ref::StreamRef;
pub use waiters::WaitError;

pub use aws_credential_types::provider::ProvideCredentials;
pub use http::Uri;
pub use millstream_env::Env;
pub use millstream_protocol::{
    Blob, ErrorCode, Operation, Protocol, RemoteError, Timestamp, operations, types,
};

/// Compiles the code of the front page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FrontPage;

/// Compiles the code of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/client.md")]
struct Guide;
