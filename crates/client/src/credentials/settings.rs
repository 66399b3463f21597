//! Settings of a client from the environment and the shared files.

use super::error::{CredentialsError, SettingsError};
use super::profiles::{DEFAULT, Profile};
use super::provider::Provider;
use super::source::Source;
use super::sources::Sources;
use crate::endpoint::AccountIdMode;
use millstream_env::Env;
use std::path::PathBuf;

/// Settings of a client, as the environment and the shared files have them. Variables go before
/// files.
///
/// ```no_run
/// use millstream_client::credentials::{Settings, Sources};
///
/// let settings = Settings::load(&Sources::of_process(), None)?;
/// println!("{:?} {:?}", settings.region, settings.endpoint_url);
/// # Ok::<(), millstream_client::credentials::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The profile: the one asked for, else `AWS_PROFILE`, else `AWS_DEFAULT_PROFILE`, else
    /// `default`.
    pub profile: String,
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `region`. AWS's SDKs read the first variable,
    /// boto3 the second.
    pub region: Option<String>,
    /// `AWS_ENDPOINT_URL_KINESIS`, else `AWS_ENDPOINT_URL`, else `endpoint_url` of `kinesis` in the
    /// profile's `services`, else `endpoint_url`; nothing if `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`
    /// or `ignore_configured_endpoint_urls` is true.
    pub endpoint_url: Option<String>,
    /// A file of certificates to trust: `AWS_CA_BUNDLE`, else `ca_bundle`.
    pub ca_bundle: Option<PathBuf>,
    /// `AWS_USE_FIPS_ENDPOINT`, else `use_fips_endpoint`.
    pub use_fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`, else `use_dualstack_endpoint`.
    pub use_dual_stack: bool,
    /// `AWS_ACCOUNT_ID_ENDPOINT_MODE`, else `account_id_endpoint_mode`.
    pub account_id_mode: AccountIdMode,
    source: Result<Source, CredentialsError>,
}

impl Settings {
    /// Reads the variables and the files. A profile that is asked for goes before `AWS_PROFILE`,
    /// and its credentials before those of the environment.
    ///
    /// # Errors
    /// If a file cannot be read or has a wrong line, or the profile is missing.
    pub fn load(sources: &Sources, profile: Option<&str>) -> Result<Self, SettingsError> {
        let named = || sources.first_of(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]);
        let name = profile.map(str::to_owned).or_else(named);
        let is_explicit = profile.is_some();
        let profile = Profile::load(sources, name.unwrap_or_else(|| DEFAULT.to_owned()))?;
        let lookup = Lookup {
            sources,
            profile: &profile,
        };
        let source = if is_explicit {
            Source::of_profile(&profile)
        } else {
            Source::of_environment_or(sources, &profile)
        };
        Ok(Self {
            region: lookup.text(&["AWS_REGION", "AWS_DEFAULT_REGION"], "region"),
            endpoint_url: lookup.endpoint_url()?,
            ca_bundle: lookup
                .text(&["AWS_CA_BUNDLE"], "ca_bundle")
                .map(|path| sources.path(&path)),
            use_fips: lookup.is_true("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            use_dual_stack: lookup.is_true("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
            account_id_mode: lookup.account_id_mode()?,
            source,
            profile: profile.name,
        })
    }

    /// The provider of the credentials that were found.
    ///
    /// # Errors
    /// If none were found, or only such as are not supported.
    pub fn provider(&self, env: &Env) -> Result<Provider, CredentialsError> {
        let source = self.source.clone()?;
        Ok(Provider::new(source, env.clone()))
    }
}

struct Lookup<'a> {
    sources: &'a Sources,
    profile: &'a Profile,
}

impl Lookup<'_> {
    fn text(&self, variables: &[&str], key: &str) -> Option<String> {
        let variable = self.sources.first_of(variables);
        variable.or_else(|| self.profile.get(key).map(str::to_owned))
    }

    fn is_true(&self, variable: &str, key: &str) -> bool {
        let value = self.text(&[variable], key);
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn endpoint_url(&self) -> Result<Option<String>, SettingsError> {
        const IGNORE: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
        if self.is_true(IGNORE, "ignore_configured_endpoint_urls") {
            return Ok(None);
        }
        let variables = ["AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL"];
        if let Some(url) = self.sources.first_of(&variables) {
            return Ok(Some(url));
        }
        let of_service = self.profile.of_service("endpoint_url")?;
        let url = of_service.or_else(|| self.profile.get("endpoint_url"));
        Ok(url.map(str::to_owned))
    }

    fn account_id_mode(&self) -> Result<AccountIdMode, SettingsError> {
        let text = self.text(
            &["AWS_ACCOUNT_ID_ENDPOINT_MODE"],
            "account_id_endpoint_mode",
        );
        Ok(match text.as_deref() {
            None | Some("preferred") => AccountIdMode::Preferred,
            Some("disabled") => AccountIdMode::Disabled,
            Some("required") => AccountIdMode::Required,
            Some(_) => return Err(SettingsError::AccountIdMode(self.profile.name.clone())),
        })
    }
}
