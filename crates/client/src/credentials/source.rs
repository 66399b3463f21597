//! Which source credentials are to come from, in botocore's order.

use super::error::CredentialsError;
use super::profiles::Profile;
use super::sources::Sources;
use aws_credential_types::Credentials;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// The name of what provides these credentials, as AWS's crates report it.
pub(super) const PROVIDER: &str = "millstream-client";

/// A source of credentials. `Debug` shows no secrets: neither does that of [`Credentials`], and a
/// command may have some among its words.
#[derive(Clone)]
pub(super) enum Source {
    /// Credentials that stand in the environment or in a file.
    Given(Credentials),
    /// A process that prints credentials: its words, and the account that the profile names.
    Process {
        command: Vec<String>,
        account_id: Option<String>,
    },
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given(credentials) => credentials.fmt(f),
            Self::Process { .. } => f.write_str("credential_process"),
        }
    }
}

impl Source {
    /// The source that the environment names, or else the profile.
    pub(super) fn of_environment_or(
        sources: &Sources,
        profile: &Profile,
    ) -> Result<Self, CredentialsError> {
        if let Some(credentials) = of_environment(sources)? {
            return Ok(Self::Given(credentials));
        }
        let unsupported = |key| CredentialsError::Unsupported {
            place: "the environment".to_owned(),
            key,
        };
        let has_role = profile.get("role_arn").is_some();
        let web_identity = "AWS_WEB_IDENTITY_TOKEN_FILE";
        if !has_role && sources.variable(web_identity).is_some() {
            return Err(unsupported(web_identity));
        }
        let found = Self::of_profile(profile);
        let Err(CredentialsError::Missing { .. }) = found else {
            return found;
        };
        let container = [
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ];
        let named = container
            .into_iter()
            .find(|name| sources.variable(name).is_some());
        named.map_or(found, |key| Err(unsupported(key)))
    }

    /// The source that a profile names.
    pub(super) fn of_profile(profile: &Profile) -> Result<Self, CredentialsError> {
        let refuse = |keys: &[&'static str]| {
            let key = keys.iter().find(|key| profile.get(key).is_some());
            key.map_or(Ok(()), |key| {
                Err(CredentialsError::Unsupported {
                    place: place(profile),
                    key,
                })
            })
        };
        refuse(&[
            "role_arn",
            "web_identity_token_file",
            "sso_account_id",
            "sso_role_name",
        ])?;
        if let Some(credentials) = of_settings(profile, &profile.credentials)? {
            return Ok(Self::Given(credentials));
        }
        refuse(&["login_session"])?;
        if let Some(command) = profile.get("credential_process") {
            let words = shlex::split(command).filter(|words| !words.is_empty());
            let command = words.ok_or_else(|| CredentialsError::Command {
                place: place(profile),
            })?;
            let account_id = profile.get("aws_account_id").map(str::to_owned);
            return Ok(Self::Process {
                command,
                account_id,
            });
        }
        if let Some(credentials) = of_settings(profile, &profile.config)? {
            return Ok(Self::Given(credentials));
        }
        refuse(&[
            "sso_session",
            "sso_start_url",
            "credential_source",
            "source_profile",
        ])?;
        Err(CredentialsError::Missing {
            profile: profile.name.clone(),
        })
    }
}

fn place(profile: &Profile) -> String {
    format!("the profile `{}`", profile.name)
}

fn of_environment(sources: &Sources) -> Result<Option<Credentials>, CredentialsError> {
    const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
    let Some(id) = sources.variable("AWS_ACCESS_KEY_ID") else {
        return Ok(None);
    };
    let secret = sources
        .variable(SECRET)
        .ok_or_else(|| CredentialsError::Partial {
            place: "the environment".to_owned(),
            key: SECRET,
        })?;
    let mut credentials = Credentials::builder()
        .access_key_id(id)
        .secret_access_key(secret)
        .provider_name(PROVIDER);
    credentials.set_session_token(sources.first_of(&["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]));
    credentials.set_account_id(sources.variable("AWS_ACCOUNT_ID").map(Into::into));
    if let Some(instant) = sources.variable("AWS_CREDENTIAL_EXPIRATION") {
        credentials.set_expiry(Some(expiry(&instant).ok_or(CredentialsError::Expiry)?));
    }
    Ok(Some(credentials.build()))
}

fn of_settings(
    profile: &Profile,
    settings: &BTreeMap<String, String>,
) -> Result<Option<Credentials>, CredentialsError> {
    const SECRET: &str = "aws_secret_access_key";
    let get = |key: &str| settings.get(key).filter(|value| !value.is_empty());
    let Some(id) = get("aws_access_key_id") else {
        return Ok(None);
    };
    let secret = get(SECRET).ok_or_else(|| CredentialsError::Partial {
        place: place(profile),
        key: SECRET,
    })?;
    let mut credentials = Credentials::builder()
        .access_key_id(id)
        .secret_access_key(secret)
        .provider_name(PROVIDER);
    let token = get("aws_session_token").or_else(|| get("aws_security_token"));
    credentials.set_session_token(token.cloned());
    credentials.set_account_id(get("aws_account_id").cloned().map(Into::into));
    Ok(Some(credentials.build()))
}

/// Parses an instant in ISO 8601, with `Z` or an offset.
pub(super) fn expiry(text: &str) -> Option<SystemTime> {
    let instant = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(instant).ok()
}
