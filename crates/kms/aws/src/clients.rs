//! The clients of AWS KMS: one for each region that keys are in.

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{BehaviorVersion, Builder, ProvideCredentials, Region as AwsRegion};
use millstream_kms::{BUILT_IN_ALIAS, KeyId, Place};
use millstream_model::Region;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How long a try may take, and a call with all its tries: less than a request waits.
const TRY_TIME: Duration = Duration::from_secs(2);
const CALL_TIME: Duration = Duration::from_secs(4);
/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(1);
/// The tries of a call.
const TRIES: u32 = 3;
/// Maximum number of regions with a client.
const REGIONS_MAX: usize = 64;

/// AWS KMS, or what speaks its API.
pub struct AwsKms {
    /// What all clients have in common.
    config: aws_sdk_kms::Config,
    /// The region of all keys, if it is not that of each key.
    region: Option<Region>,
    /// What `alias/aws/kinesis` means.
    built_in: KeyId,
    clients: Mutex<BTreeMap<Region, Client>>,
}

impl fmt::Debug for AwsKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AwsKms");
        let shown = shown.field("region", &self.region);
        shown.field("built_in", &self.built_in).finish()
    }
}

/// Where a call goes, and what it names.
pub(crate) struct Called {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl AwsKms {
    /// A key service that calls with these credentials.
    pub fn new(credentials: impl ProvideCredentials + 'static, built_in: KeyId) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIME)
            .operation_attempt_timeout(TRY_TIME)
            .operation_timeout(CALL_TIME)
            .build();
        let config = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(credentials)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .build();
        Self {
            config,
            region: None,
            built_in,
            clients: Mutex::default(),
        }
    }

    /// The same at another endpoint than AWS's.
    #[must_use]
    pub fn at(mut self, endpoint: &str) -> Self {
        self.config = self.config.to_builder().endpoint_url(endpoint).build();
        self.clients = Mutex::default();
        self
    }

    /// The same with all keys in one region, whatever region streams are in.
    #[must_use]
    pub fn within(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// The same over other connections, with a single try.
    #[cfg(test)]
    pub(crate) fn over(mut self, http: impl aws_sdk_kms::config::HttpClient + 'static) -> Self {
        let config = self.config.to_builder().http_client(http);
        self.config = config.retry_config(RetryConfig::disabled()).build();
        self
    }

    /// The number of regions with a client.
    #[cfg(test)]
    pub(crate) fn regions(&self) -> usize {
        self.clients.lock().len()
    }

    /// The client and the name for a key that somebody at a place means.
    pub(crate) fn called(&self, place: &Place, key: &KeyId) -> Called {
        let is_built_in = match key {
            KeyId::Alias(alias) | KeyId::AliasArn(_, alias) => alias == BUILT_IN_ALIAS,
            KeyId::Id(_) | KeyId::Arn(_) => false,
        };
        let key = if is_built_in { &self.built_in } else { key };
        let region = match key {
            KeyId::Id(_) | KeyId::Alias(_) => &place.region,
            KeyId::Arn(arn) => &arn.place().region,
            KeyId::AliasArn(at, _) => &at.region,
        };
        Called {
            client: self.client(region),
            name: key.to_string(),
        }
    }

    /// The client of a region.
    pub(crate) fn client(&self, region: &Region) -> Client {
        let region = self.region.as_ref().unwrap_or(region);
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(region) {
            return client.clone();
        }
        if clients.len() >= REGIONS_MAX {
            // Clients of the server name regions. One that is used again is made again.
            clients.pop_first();
        }
        let config = self.config.to_builder();
        let config = config.region(AwsRegion::new(region.as_str().to_owned()));
        let client = Client::from_conf(config.build());
        clients.insert(region.clone(), client.clone());
        client
    }
}
