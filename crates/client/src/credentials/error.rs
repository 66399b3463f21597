//! Why there are no settings or no credentials. Errors name places and keys, never values.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why settings cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file is there and cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of a file is wrong.
    #[error("{}, line {line}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: SyntaxProblem,
    },
    /// The profile that was asked for is in neither file.
    #[error(
        "the profile `{0}` is neither in the config file nor in the credentials file: \
         add it with `aws configure --profile {0}`, or name another in AWS_PROFILE"
    )]
    ProfileMissing(String),
    /// A profile refers to a section of services that is not there.
    #[error("the profile `{profile}` names the section [services {section}], which is missing")]
    ServicesMissing {
        /// The profile.
        profile: String,
        /// The section's name.
        section: String,
    },
    /// `account_id_endpoint_mode` has a value that it does not take.
    #[error("account_id_endpoint_mode of the profile `{0}` is preferred, disabled or required")]
    AccountIdMode(String),
}

/// What is wrong with a line of a shared file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxProblem {
    /// A section's name does not end.
    #[error("a section ends with ']'")]
    SectionUnclosed,
    /// A setting precedes all sections.
    #[error("a setting stands in a section, such as [default]")]
    OutsideSection,
    /// An indented line follows no setting.
    #[error("an indented line continues a setting, and there is none above it")]
    ContinuesNothing,
    /// A setting has no equals sign.
    #[error("a setting has the form `name = value`")]
    EqualsMissing,
    /// A setting has no name.
    #[error("a setting has a name before its equals sign")]
    NameMissing,
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// Half of an access key is given.
    #[error("{place} has an access key's id, and no {key}")]
    Partial {
        /// Where.
        place: String,
        /// The variable or setting that is missing.
        key: &'static str,
    },
    /// Credentials are to come from a source that is not followed here.
    #[error(
        "{place} has {key}, which is not supported: run \
         `aws configure export-credentials --format env` and set what it prints, name that command \
         without --format as the profile's credential_process, or pass the provider of the crate \
         aws-config"
    )]
    Unsupported {
        /// Where.
        place: String,
        /// The variable or setting.
        key: &'static str,
    },
    /// The instant at which credentials expire cannot be read.
    #[error("AWS_CREDENTIAL_EXPIRATION is not an instant such as 2030-01-01T00:00:00Z")]
    Expiry,
    /// The command of `credential_process` cannot be parted into words.
    #[error("credential_process of {place} has an unclosed quotation, or no command")]
    Command {
        /// Where.
        place: String,
    },
    /// Nothing names credentials.
    #[error(
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure` \
         (the profile `{profile}` has none)"
    )]
    Missing {
        /// The profile.
        profile: String,
    },
}

/// Why `credential_process` gave no credentials. What it printed is in no error: it may be secret.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It cannot be started.
    #[error("credential_process cannot be started: {0}")]
    Start(#[source] io::Error),
    /// Its output cannot be read.
    #[error("credential_process broke off: {0}")]
    Output(#[source] io::Error),
    /// It took too long, and was killed.
    #[error("credential_process did not end within {} seconds", .0.as_secs())]
    Slow(Duration),
    /// It printed more than credentials have.
    #[error("credential_process printed more than {0} bytes")]
    Long(usize),
    /// It failed.
    #[error("credential_process failed: {0}")]
    Failed(ExitStatus),
    /// What it printed is not the JSON of credentials.
    #[error("credential_process printed no JSON of credentials, at line {line}, column {column}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// What it printed has another version.
    #[error("credential_process printed version {0}, and version 1 is supported")]
    Version(i64),
    /// What it printed lacks a member.
    #[error("credential_process printed no {0}")]
    MemberMissing(&'static str),
    /// The instant at which the credentials expire cannot be read.
    #[error("Expiration, as printed by credential_process, is no instant in ISO 8601")]
    Expiration,
}
