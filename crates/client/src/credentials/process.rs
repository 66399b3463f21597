//! `credential_process`: a command that prints credentials as JSON.
//!
//! It is run without a shell, as botocore runs it. What it prints, and how long it takes, have
//! bounds; it is killed when a bound is reached or the caller has gone. Its standard error is that
//! of this process, so that it can ask for a password or say what is wrong.
//!
//! AWS's description:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>.

use super::error::ProcessError;
use super::source::{PROVIDER, expiry};
use aws_credential_types::Credentials;
use millstream_env::Env;
use serde::Deserialize;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdout, Command};

/// How long a process may take: it may ask a person for a second factor.
const DURATION_MAX: Duration = Duration::from_secs(120);
/// Maximum size of what it prints. Session tokens have a few kibibytes.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// Runs a command and reads the credentials that it prints.
pub(super) async fn run(
    env: &Env,
    command: &[String],
    account_id: Option<&str>,
) -> Result<Credentials, ProcessError> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| ProcessError::Start(std::io::ErrorKind::InvalidInput.into()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(ProcessError::Start)?;
    let output = child.stdout.take();
    let ended = async {
        let printed = match output {
            Some(output) => read(output).await?,
            None => Vec::new(),
        };
        let status: ExitStatus = child.wait().await.map_err(ProcessError::Output)?;
        Ok::<_, ProcessError>((printed, status))
    };
    let (printed, status) = tokio::select! {
        biased;
        ended = ended => ended?,
        () = env.clock.sleep(DURATION_MAX) => return Err(ProcessError::Slow(DURATION_MAX)),
    };
    if !status.success() {
        return Err(ProcessError::Failed(status));
    }
    credentials(&printed, account_id)
}

async fn read(output: ChildStdout) -> Result<Vec<u8>, ProcessError> {
    let mut printed = Vec::new();
    let mut output = output.take(OUTPUT_BYTES_MAX as u64 + 1);
    output
        .read_to_end(&mut printed)
        .await
        .map_err(ProcessError::Output)?;
    if printed.len() > OUTPUT_BYTES_MAX {
        return Err(ProcessError::Long(OUTPUT_BYTES_MAX));
    }
    Ok(printed)
}

/// What a process prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: Option<i64>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    expiration: Option<String>,
    account_id: Option<String>,
}

fn credentials(printed: &[u8], account_id: Option<&str>) -> Result<Credentials, ProcessError> {
    let printed: Printed = serde_json::from_slice(printed).map_err(|error| ProcessError::Json {
        line: error.line(),
        column: error.column(),
    })?;
    let version = printed
        .version
        .ok_or(ProcessError::MemberMissing("Version"))?;
    if version != 1 {
        return Err(ProcessError::Version(version));
    }
    let id = printed.access_key_id;
    let secret = printed.secret_access_key;
    let mut credentials = Credentials::builder()
        .access_key_id(id.ok_or(ProcessError::MemberMissing("AccessKeyId"))?)
        .secret_access_key(secret.ok_or(ProcessError::MemberMissing("SecretAccessKey"))?)
        .provider_name(PROVIDER);
    credentials.set_session_token(printed.session_token);
    let account_id = printed
        .account_id
        .filter(|id| !id.is_empty())
        .or(account_id.map(Into::into));
    credentials.set_account_id(account_id.map(Into::into));
    if let Some(instant) = printed.expiration {
        credentials.set_expiry(Some(expiry(&instant).ok_or(ProcessError::Expiration)?));
    }
    Ok(credentials.build())
}
