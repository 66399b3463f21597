//! Which endpoint a tool talks to, in which region, and with which credentials.
//!
//! Flags come before environment variables. Secrets have no flags: other users of the machine see a
//! process's arguments.

use crate::{Failure, Surroundings};
use clap::{Args, ValueEnum, ValueHint};
use http::Uri;
use millstream_client::credentials::{CredentialsError, Sources};
use millstream_client::{Builder, Client, LoadError};
use millstream_protocol::Protocol;
use std::path::PathBuf;

/// The flags about an endpoint. They may also follow the commands of a tool.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The endpoint [default: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, the
    /// profile's, or AWS's own in the region]
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url, value_parser = parse_endpoint)]
    pub endpoint_url: Option<Uri>,
    /// The region [default: AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// The profile of ~/.aws/config and ~/.aws/credentials [default: AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Certificates in PEM that the endpoint's is checked against [default: AWS_CA_BUNDLE]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ca_bundle: Option<PathBuf>,
    /// How requests and responses are encoded
    #[arg(long, global = true, value_enum, value_name = "json|cbor", hide_possible_values = true, default_value_t = Encoding::Json)]
    pub protocol: Encoding,
}

/// How bodies are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// JSON 1.1
    #[default]
    Json,
    /// CBOR 1.1: a third smaller, and faster
    Cbor,
}

/// A client for the endpoint.
///
/// # Errors
/// If flags, variables and shared files name neither an endpoint nor a region, or no credentials.
pub fn connect(connection: &Connection, surroundings: &Surroundings) -> Result<Client, Failure> {
    connect_with(connection, surroundings, |builder| builder)
}

/// A client for the endpoint, after a last change to its settings.
///
/// # Errors
/// As [`connect`].
pub(crate) fn connect_with(
    connection: &Connection,
    surroundings: &Surroundings,
    change: impl FnOnce(Builder) -> Builder,
) -> Result<Client, Failure> {
    let variables = surroundings.variables.clone();
    let sources = Sources::of_variables(move |name| variables.get(name));
    let loaded = Builder::load(&sources, connection.profile.as_deref(), &surroundings.env);
    let mut builder = loaded.map_err(refuse)?.protocol(match connection.protocol {
        Encoding::Json => Protocol::Json,
        Encoding::Cbor => Protocol::Cbor,
    });
    if let Some(url) = &connection.endpoint_url {
        builder = builder.endpoint(url.to_string());
    }
    if let Some(region) = &connection.region {
        builder = builder.region(region);
    }
    if !builder.has_server() {
        return Err(Failure::usage("no endpoint is given, and no region of AWS").with_advice(
            "Give --endpoint-url URL or --region REGION, or set AWS_ENDPOINT_URL or AWS_REGION.",
        ));
    }
    if let Some(path) = &connection.ca_bundle {
        let pem = surroundings.env.disk.read_whole(path, CA_BUNDLE_BYTES_MAX);
        builder = builder.ca_bundle(pem.map_err(|error| Failure::of_file("read", path, &error))?);
    }
    let built = change(builder).build_in(surroundings.env.clone());
    built.map_err(|error| Failure::usage(error.to_string()))
}

fn refuse(error: LoadError) -> Failure {
    let failure = Failure::usage(error.to_string());
    if let LoadError::Credentials(CredentialsError::Missing { .. }) = error {
        return failure.with_advice("`millstream dev` takes any");
    }
    failure
}

/// Maximum size of a CA bundle: five times the system's own.
const CA_BUNDLE_BYTES_MAX: u64 = 1024 * 1024;

/// The URL of an endpoint: `http://` or `https://`, and a host.
///
/// # Errors
/// If it is none.
pub fn parse_endpoint(text: &str) -> Result<Uri, String> {
    let uri: Uri = text
        .parse()
        .map_err(|error| format!("not a URL: {error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err("an endpoint is a URL such as http://127.0.0.1:4567".to_owned()),
    }
}
