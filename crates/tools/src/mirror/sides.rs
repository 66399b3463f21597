//! The two streams of a mirror: where they are, and what they are.

use super::copies::Targets;
use crate::identity::{Identity, record_bytes_max_of};
use crate::origin::Placing;
use crate::{Connection, Failure, Surroundings, connect};
use clap::ValueHint;
use http::Uri;
use millstream_client::routing::Router;
use millstream_client::types::{Shard, StreamDescriptionSummary, StreamMode};
use millstream_client::{Client, ErrorCode};
use std::path::PathBuf;

/// The flags about the endpoint of TO.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection of TO")]
pub(super) struct ToFlags {
    /// The endpoint of TO [default: that of FROM]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, value_parser = crate::connection::parse_endpoint)]
    to_endpoint_url: Option<Uri>,
    /// The region of TO [default: that of FROM]
    #[arg(long, value_name = "REGION")]
    to_region: Option<String>,
    /// The profile of TO, with credentials of its own [default: that of FROM]
    #[arg(long, value_name = "NAME")]
    to_profile: Option<String>,
    /// Certificates in PEM that the endpoint's of TO is checked against [default: those of FROM]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    to_ca_bundle: Option<PathBuf>,
}

impl ToFlags {
    /// The connection of TO: what its own flags do not say, those of FROM do.
    fn connection(&self, from: &Connection) -> Connection {
        let from = from.clone();
        let Self {
            to_endpoint_url,
            to_region,
            to_profile,
            to_ca_bundle,
        } = self.clone();
        Connection {
            endpoint_url: to_endpoint_url.or(from.endpoint_url),
            region: to_region.or(from.region),
            profile: to_profile.or(from.profile),
            ca_bundle: to_ca_bundle.or(from.ca_bundle),
            protocol: from.protocol,
        }
    }
}

/// A stream and its endpoint.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) client: Client,
    /// Its name or ARN.
    pub(super) stream: String,
    /// The flags that lead to it.
    pub(super) connection: Connection,
}

/// A stream that is there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) summary: StreamDescriptionSummary,
    /// All shards that are listed.
    pub(super) shards: Vec<Shard>,
}

/// The places of both streams.
///
/// # Errors
/// If either has no endpoint, region or credentials.
pub(super) fn places(
    names: [&str; 2],
    connection: &Connection,
    to: &ToFlags,
    surroundings: &Surroundings,
) -> Result<[Place; 2], Failure> {
    let connections = [connection.clone(), to.connection(connection)];
    let place = |name: &str, connection: Connection| {
        Ok::<_, Failure>(Place {
            client: connect(&connection, surroundings)?,
            stream: name.to_owned(),
            connection,
        })
    };
    let [from, to] = connections;
    Ok([place(names[0], from)?, place(names[1], to)?])
}

impl Place {
    /// What is there; `None` if there is no such stream.
    ///
    /// # Errors
    /// If the endpoint does not tell.
    pub(super) async fn find(&self) -> Result<Option<Found>, Failure> {
        let described = self.client.describe_stream_summary(&self.stream).await;
        let summary = match described {
            Ok(output) => output.stream_description_summary,
            Err(error) if error.code() == Some(ErrorCode::ResourceNotFoundException) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Found {
            place: self.clone(),
            summary,
            shards: self.shards().await?,
        }))
    }

    /// All shards that are listed.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub(super) async fn shards(&self) -> Result<Vec<Shard>, Failure> {
        Ok(self.client.list_shards(&self.stream).pages().all().await?)
    }

    /// The stream's name, whether it is given by name or by ARN.
    pub(super) fn name(&self) -> &str {
        let name = self.stream.rsplit('/').next();
        name.unwrap_or(&self.stream)
    }

    /// The command that makes this stream like another.
    pub(super) fn create_like(&self, other: &StreamDescriptionSummary) -> String {
        let mut command = format!("millstream streams create {}", self.name());
        match other.stream_mode_details.as_ref() {
            Some(details) if details.stream_mode == StreamMode::OnDemand => {
                command.push_str(" --on-demand");
            }
            Some(_) | None => command.push_str(&format!(" --shards {}", other.open_shard_count)),
        }
        let Connection {
            endpoint_url,
            region,
            profile,
            ca_bundle,
            protocol: _,
        } = &self.connection;
        let flags = [
            ("--endpoint-url", endpoint_url.as_ref().map(Uri::to_string)),
            ("--region", region.clone()),
            ("--profile", profile.clone()),
            (
                "--ca-bundle",
                ca_bundle.as_ref().map(|path| path.display().to_string()),
            ),
        ];
        for (flag, value) in flags {
            if let Some(value) = value {
                command.push_str(&format!(" {flag} {value}"));
            }
        }
        command + " --wait"
    }
}

impl Found {
    pub(super) fn identity(&self) -> Identity {
        Identity::of_summary(&self.summary)
    }

    /// Who decides about the shards of its records.
    pub(super) fn placing(&self) -> Placing {
        Placing::of(&self.summary)
    }

    /// The shards that are open.
    pub(super) fn open_shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter(|shard| is_open(shard))
    }

    /// Where records go that are put into it.
    ///
    /// # Errors
    /// If its shards make no sense.
    pub(super) fn targets(&self) -> Result<Targets, Failure> {
        Ok(Targets {
            placing: self.placing(),
            router: router(&self.shards)?,
            record_bytes_max: record_bytes_max_of(&self.summary),
        })
    }
}

/// Whether a shard takes records.
pub(super) fn is_open(shard: &Shard) -> bool {
    let numbers = &shard.sequence_number_range;
    numbers.ending_sequence_number.is_none()
}

/// A router to the open shards.
///
/// # Errors
/// If they overlap or have no ranges.
pub(super) fn router(shards: &[Shard]) -> Result<Router, Failure> {
    Router::new(shards).map_err(|error| Failure::new(error.to_string()))
}
