//! Credentials and settings from where AWS's SDKs look for them: the environment and the shared
//! files `~/.aws/config` and `~/.aws/credentials`.
//!
//! [`Settings::load`] reads both, by what botocore and AWS's SDKs agree on. A source that it does
//! not follow, such as a role to assume, is an error that names the key and says what to do
//! instead; never is another source taken in its place. Whatever implements [`ProvideCredentials`]
//! can stand in for [`Provider`]: the chain of the crate `aws-config`, or, for an access key that a
//! program has anyway, `aws_credential_types::Credentials`.
//!
//! No value of a file or a variable that may be secret is in an error or in what `Debug` prints.
//!
//! AWS's description: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>.

mod error;
mod file_format;
mod process;
mod profiles;
mod provider;
mod settings;
mod source;
mod sources;

pub use aws_credential_types::provider::ProvideCredentials;
pub use error::{CredentialsError, ProcessError, SettingsError, SyntaxProblem};
pub use provider::Provider;
pub use settings::Settings;
pub use sources::Sources;
