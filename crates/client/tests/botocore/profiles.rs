//! Shared files and variables: what they come to, compared with botocore where it agrees with AWS's
//! other SDKs, and with their rules where it does not.

use millstream_client::credentials::{
    CredentialsError, ProvideCredentials, Settings, SettingsError, Sources,
};
use millstream_client::endpoint::{AccountIdMode, Endpoint, EndpointParams};
use millstream_env::{Env, ManualClock, Timestamp};
use millstream_pages::ask_botocore::ask;
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const PROGRAM: &str = include_str!("profiles.py");

/// Variables, both files, and the profile that is asked for.
#[derive(Clone, Copy, Default)]
struct Case {
    variables: &'static [(&'static str, &'static str)],
    config: &'static str,
    credentials: &'static str,
    profile: Option<&'static str>,
}

impl Case {
    const fn files(config: &'static str, credentials: &'static str) -> Self {
        Self {
            variables: &[],
            config,
            credentials,
            profile: None,
        }
    }

    const fn with(self, variables: &'static [(&'static str, &'static str)]) -> Self {
        Self { variables, ..self }
    }

    const fn of(self, profile: &'static str) -> Self {
        Self {
            profile: Some(profile),
            ..self
        }
    }

    fn load(self) -> Result<Settings, SettingsError> {
        let variable = move |name: &str| {
            let mut variables = self.variables.iter();
            let found = variables.find(|(key, _)| *key == name);
            let home = (name == "HOME").then(|| "/home/me".to_owned());
            found.map(|(_, value)| (*value).to_owned()).or(home)
        };
        let file = move |path: &Path| match path.to_str() {
            Some("/home/me/.aws/config") => Ok(self.config.to_owned()),
            Some("/home/me/.aws/credentials") => Ok(self.credentials.to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        Settings::load(&Sources::new(variable, file), self.profile)
    }

    fn json(self) -> Value {
        let variables: serde_json::Map<String, Value> = self
            .variables
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
            .collect();
        json!({
            "variables": variables,
            "config": self.config,
            "credentials": self.credentials,
            "profile": self.profile,
        })
    }

    /// What we make of it, as the program prints it.
    async fn outcome(self) -> Value {
        let settings = match self.load() {
            Ok(settings) => settings,
            Err(SettingsError::ProfileMissing(_)) => return json!({"error": "ProfileNotFound"}),
            Err(SettingsError::Syntax { .. }) => return json!({"error": "ConfigParseError"}),
            Err(SettingsError::ServicesMissing { .. }) => {
                return json!({"error": "InvalidConfigError"});
            }
            Err(other) => panic!("{other}"),
        };
        let keys = match settings.provider(&Env::real()) {
            Ok(provider) => match provider.provide_credentials().await {
                Ok(keys) => Some(keys),
                Err(_) => return json!({"error": "CredentialRetrievalError"}),
            },
            Err(CredentialsError::Missing { .. }) => None,
            Err(CredentialsError::Partial { .. }) => {
                return json!({"error": "PartialCredentialsError"});
            }
            Err(other) => panic!("{other}"),
        };
        let keys = keys.as_ref();
        json!({
            "region": settings.region,
            "endpoint": endpoint(&settings),
            "ca_bundle": settings.ca_bundle,
            "access_key": keys.map(|keys| keys.access_key_id()),
            "secret_key": keys.map(|keys| keys.secret_access_key()),
            "token": keys.and_then(|keys| keys.session_token()),
            "account": keys.and_then(|keys| keys.account_id()).map(|id| id.as_str()),
        })
    }
}

/// The endpoint of a client; none for a test of certificates, or without a region.
fn endpoint(settings: &Settings) -> Option<String> {
    let params = EndpointParams {
        region: settings.region.as_deref(),
        endpoint: settings.endpoint_url.as_deref(),
        use_fips: settings.use_fips,
        use_dual_stack: settings.use_dual_stack,
        ..EndpointParams::default()
    };
    if settings.region.is_none() || settings.ca_bundle.is_some() {
        return None;
    }
    let uri = Endpoint::resolve(&params).unwrap().uri.to_string();
    Some(uri.trim_end_matches('/').to_owned())
}

const KEYS: &str = "[default]\naws_access_key_id = AKID\naws_secret_access_key = secret\n";
const ENVIRONMENT: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "ENVID"),
    ("AWS_SECRET_ACCESS_KEY", "envsecret"),
    ("AWS_SESSION_TOKEN", "envtoken"),
];
const SERVICES: &str = "[default]\nregion = eu-west-1\nendpoint_url = http://all:1\n\
                        services = mine\n\n[services mine]\ns3 =\n  endpoint_url = http://s3:1\n\
                        kinesis =\n  retries = 4\n  endpoint_url = http://kinesis:1\n";

/// What botocore and AWS's other SDKs agree on.
const AGREED: &[Case] = &[
    Case::files("", ""),
    Case::files("[default]\nregion = eu-west-1\n", KEYS),
    Case::files("[default]\nregion=eu-west-1\n", KEYS).with(ENVIRONMENT),
    Case::files("[profile a]\nregion = eu-west-2\n", "[a]\naws_access_key_id=A\n\
                 aws_secret_access_key=s=/+#;e\naws_session_token = t\naws_account_id = 123456789012\n")
        .of("a"),
    Case::files("", KEYS).with(ENVIRONMENT).of("default"),
    Case::files("", KEYS).of("absent"),
    Case::files("", KEYS).with(&[("AWS_PROFILE", "absent")]),
    Case::files("[profile b]\nregion = us-west-1\n", KEYS).with(&[("AWS_PROFILE", "b")]),
    Case::files("[profile b]\nregion = us-west-1\n", KEYS).with(&[("AWS_DEFAULT_PROFILE", "b")]),
    Case::files("", KEYS).with(&[("AWS_DEFAULT_REGION", "sa-east-1")]),
    Case::files("[default]\nregion = eu-west-1\n", KEYS)
        .with(&[("AWS_DEFAULT_REGION", "sa-east-1")]),
    Case::files("[default]\naws_access_key_id = C\naws_secret_access_key = c\n", KEYS),
    Case::files("[default]\naws_access_key_id = C\naws_secret_access_key = c\n", ""),
    Case::files("", "[default]\naws_access_key_id = C\n"),
    Case::files("", "").with(&[("AWS_ACCESS_KEY_ID", "ENVID")]),
    Case::files("", KEYS).with(&[("AWS_SECRET_ACCESS_KEY", "alone")]),
    Case::files("", "").with(&[
        ("AWS_ACCESS_KEY_ID", "E"),
        ("AWS_SECRET_ACCESS_KEY", "e"),
        ("AWS_SECURITY_TOKEN", "old"),
        ("AWS_ACCOUNT_ID", "123456789012"),
    ]),
    Case::files(SERVICES, KEYS),
    Case::files(SERVICES, KEYS).with(&[("AWS_ENDPOINT_URL", "http://env:1")]),
    Case::files(SERVICES, KEYS).with(&[
        ("AWS_ENDPOINT_URL", "http://env:1"),
        ("AWS_ENDPOINT_URL_KINESIS", "http://env-kinesis:1"),
    ]),
    Case::files(SERVICES, KEYS).with(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]),
    Case::files(SERVICES, KEYS).with(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "1")]),
    Case::files("[default]\nregion = eu-west-1\nendpoint_url = http://all:1\n\
                 ignore_configured_endpoint_urls = true\n", KEYS),
    Case::files("[default]\nregion = eu-west-1\nendpoint_url = http://all:1/base\n", KEYS),
    Case::files("[default]\nregion = eu-west-1\nservices = absent\n", KEYS),
    Case::files("[default]\nregion = us-east-1\nuse_fips_endpoint = true\n", KEYS),
    Case::files("[default]\nregion = us-east-1\nuse_dualstack_endpoint = True\n", KEYS),
    Case::files("[default]\nregion = us-east-1\nuse_fips_endpoint = true\n", KEYS)
        .with(&[("AWS_USE_FIPS_ENDPOINT", "false"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")]),
    Case::files("[default]\nregion = us-east-1\nca_bundle = /etc/bundle.pem\n", KEYS),
    Case::files("[default]\nregion = us-east-1\n", KEYS).with(&[("AWS_CA_BUNDLE", "/b.pem")]),
    Case::files("[profile \"two words\"]\nregion = eu-north-1\n", KEYS).of("two words"),
    Case::files("[profile 'one']\nregion = eu-north-1\n", KEYS).of("one"),
    Case::files("# first\n; second\n[default]\n# third\nREGION = eu-west-3\n  # indented\n", KEYS),
    Case::files("[default]\r\nregion = eu-west-1\r\n", KEYS),
    Case::files("[default]\nregion = eu-west-1\n[other]\nregion = x\n[plugins]\na = b\n", KEYS),
    Case::files("region = eu-west-1\n", KEYS),
    Case::files("[default\nregion = eu-west-1\n", KEYS),
    Case::files("[default]\nregion\n", KEYS),
    Case::files("[default]\nregion = eu-west-1\ns3 =\n  broken\n", KEYS),
    Case::files("[default]\nregion = eu-west-1\ns3 =\n  a = b\n\n  c = d\noutput = json\n", KEYS),
    Case::files("[profile p]\ncredential_process = printf '%s' '{\"Version\": 1, \
                 \"AccessKeyId\": \"P\", \"SecretAccessKey\": \"p q\", \"SessionToken\": \"t\"}'\n\
                 aws_account_id = 123456789012\n", "").of("p"),
    Case::files("[profile p]\ncredential_process = printf \"{\\\"Version\\\": 1, \
                 \\\"AccessKeyId\\\": \\\"P\\\", \\\"SecretAccessKey\\\": \\\"p\\\", \
                 \\\"Expiration\\\": \\\"2099-01-01T00:00:00Z\\\"}\"\n", "").of("p"),
    Case::files("[profile p]\ncredential_process = printf '{\"Version\": 2}'\n", "").of("p"),
    Case::files("[profile p]\ncredential_process = printf '{\"Version\": 1}'\n", "").of("p"),
    Case::files("[profile p]\ncredential_process = false\n", "").of("p"),
    Case::files("[default]\ncredential_process = false\n", KEYS),
    Case::files("[default]\ncredential_process = printf '{\"Version\": 1, \"AccessKeyId\": \"P\", \
                 \"SecretAccessKey\": \"p\"}'\naws_access_key_id = C\n\
                 aws_secret_access_key = c\n", ""),
];

#[tokio::test]
async fn files_when_read_then_come_to_what_botocore_makes_of_them() {
    let cases = Value::from_iter(AGREED.iter().map(|case| case.json()));
    let theirs = ask(PROGRAM, &[&cases.to_string()]);
    let mut compared = 0;
    for (case, line) in AGREED.iter().zip(theirs) {
        let theirs: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(case.outcome().await, theirs, "{}", case.json());
        compared += 1;
    }
    assert_eq!(compared, AGREED.len());
}

/// Where botocore differs from AWS's other SDKs, or has no answer without a network.
#[test]
fn region_when_both_variables_are_set_then_is_that_of_the_sdks() {
    let case = Case::files("[default]\nregion = c\n", "");
    const BOTH: &[(&str, &str)] = &[("AWS_REGION", "a"), ("AWS_DEFAULT_REGION", "b")];
    let region = |case: Case| case.load().unwrap().region;
    assert_eq!(region(case.with(BOTH)).as_deref(), Some("a"));
    assert_eq!(
        region(case.with(&[("AWS_REGION", "a")])).as_deref(),
        Some("a")
    );
    assert_eq!(
        region(case.with(&[("AWS_REGION", "")])).as_deref(),
        Some("c")
    );
}

#[test]
fn value_when_a_comment_follows_then_ends_before_it() {
    for (config, expected) in [
        ("[default]\nregion = a # comment\n", "a"),
        ("[default]\nregion = a ; comment # b\n", "a"),
        ("[default] # comment\nregion = a\n", "a"),
        ("[default];comment\nregion = a#b\n", "a#b"),
        ("[default]\nregion = a;b\n", "a;b"),
        ("[ default\t]\nregion\t=\ta\t\n", "a"),
        ("[default]\nregion = a\nregion = b\n", "b"),
        ("[default]\nregion = a\n[default]\nRegion = b\n", "b"),
        ("[default]\nregion = a\n -b # c\n", "a\n-b # c"),
        (
            "[profile default]\nregion = a\n[default]\nregion = b\n",
            "a",
        ),
        (
            "[default]\nregion = b\n[profile default]\nregion = a\n",
            "a",
        ),
        ("\u{feff}[default]\nregion = a\n", "a"),
        ("[profile\tdefault]\nregion = a=b\n", "a=b"),
        (
            "[profile \"#\"] # comment\nx = y\n[default]\nregion = a\n",
            "a",
        ),
    ] {
        let found = Case::files(config, "").load().unwrap().region;
        assert_eq!(found.as_deref(), Some(expected), "{config}");
    }
}

#[test]
fn line_when_wrong_then_is_told_by_its_number_alone() {
    for (config, expected) in [
        (
            "[default]\nsecret\n",
            "line 2: a setting has the form `name = value`",
        ),
        (
            "[default]\n= secret\n",
            "line 2: a setting has a name before its equals sign",
        ),
        (
            "\n secret\n",
            "line 2: a setting stands in a section, such as [default]",
        ),
        (
            "[default]\n secret\n",
            "line 2: an indented line continues a setting",
        ),
        (
            "[default]\na = b\n[x]\n secret\n",
            "line 4: an indented line continues a setting",
        ),
        ("[secret\n", "line 1: a section ends with ']'"),
        (
            "[default]\ns3 =\n secret\n",
            "line 3: a setting has the form `name = value`",
        ),
        (
            "[default]\ns3 =\n = secret\n",
            "line 3: a setting has a name before",
        ),
    ] {
        let error = Case::files(config, "").load().unwrap_err().to_string();
        let expected = format!("/home/me/.aws/config, {expected}");
        assert!(error.starts_with(&expected), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn source_when_not_followed_then_is_named_with_what_to_do_instead() {
    const ROLE: &str = "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\n\
                        source_profile = other\n";
    const FOR_CONTAINER: &[(&str, &str)] = &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x")];
    const TOKEN: &[(&str, &str)] = &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")];
    for (case, key) in [
        (Case::files(ROLE, KEYS), "role_arn"),
        (
            Case::files("[default]\nsso_session = s\nsso_account_id = 1\n", ""),
            "sso_account_id",
        ),
        (
            Case::files("[default]\nsso_start_url = s\n", ""),
            "sso_start_url",
        ),
        (
            Case::files("[default]\nlogin_session = s\n", ""),
            "login_session",
        ),
        (
            Case::files("[default]\nweb_identity_token_file = /t\n", ""),
            "web_identity_token_file",
        ),
        (
            Case::files("", "").with(TOKEN),
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
        (
            Case::files("", "").with(FOR_CONTAINER),
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        ),
    ] {
        let error = case.load().unwrap().provider(&Env::real()).unwrap_err();
        assert!(
            matches!(&error, CredentialsError::Unsupported { key: found, .. } if *found == key),
            "{error:?}"
        );
        let text = error.to_string();
        let says = text.contains(key) && text.contains("aws configure export-credentials");
        assert!(says, "{text}");
    }
    let provider = Case::files("", KEYS).with(FOR_CONTAINER).load().unwrap();
    assert!(provider.provider(&Env::real()).is_ok());
    let none = Case::files("", "").load().unwrap().provider(&Env::real());
    let expected = "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run \
                    `aws configure` (the profile `default` has none)";
    assert_eq!(none.unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn process_when_it_fails_or_prints_anything_else_then_says_so_and_shows_nothing_of_it() {
    for (command, expected) in [
        ("/does/not/exist", "credential_process cannot be started: "),
        (
            "sh -c 'echo secret; exit 3'",
            "credential_process failed: exit status: 3",
        ),
        (
            "echo secret",
            "credential_process printed no JSON of credentials, at line 1, column 1",
        ),
        (
            "echo '[\"secret\"]'",
            "credential_process printed no JSON of credentials, at line 1",
        ),
        (
            "echo '{\"Version\": \"secret\"}'",
            "credential_process printed no JSON of credentials",
        ),
        (
            "echo '{\"AccessKeyId\": \"secret\"}'",
            "credential_process printed no Version",
        ),
        (
            "echo '{\"Version\": 1, \"AccessKeyId\": \"secret\"}'",
            "credential_process printed no SecretAccessKey",
        ),
        (
            "echo '{\"Version\": 1, \"AccessKeyId\": \"secret\", \
             \"SecretAccessKey\": \"secret\", \"Expiration\": \"secret\"}'",
            "Expiration, as printed by credential_process, is no instant in ISO 8601",
        ),
        (
            "yes secret",
            "credential_process printed more than 65536 bytes",
        ),
    ] {
        let config = format!("[default]\ncredential_process = {command}\n");
        let case = Case::files(config.leak(), "");
        let settings = case.load().unwrap();
        assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
        let provider = settings.provider(&Env::real()).unwrap();
        let error = provider.provide_credentials().await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.starts_with(expected), "{source}");
        assert!(
            !format!("{provider:?} {error:?} {source}").contains("secret"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn process_when_it_does_not_end_then_is_killed_after_two_minutes() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    let env = Env {
        clock: clock.clone(),
        ..Env::real()
    };
    let case = Case::files("[default]\ncredential_process = sleep 86400\n", "");
    let provider = case.load().unwrap().provider(&env).unwrap();
    let mut provided = std::pin::pin!(provider.provide_credentials());
    let is_ready = std::future::poll_fn(|context| {
        std::task::Poll::Ready(provided.as_mut().poll(context).is_ready())
    });
    assert!(!is_ready.await);
    clock.advance(Duration::from_secs(120));
    let error = provided.await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "credential_process did not end within 120 seconds");
}

#[tokio::test]
async fn credentials_when_they_expire_then_say_when() {
    const INSTANT: &str = "2030-01-02T03:04:05+01:00";
    const VARIABLES: &[(&str, &str)] = &[
        ("AWS_ACCESS_KEY_ID", "E"),
        ("AWS_SECRET_ACCESS_KEY", "e"),
        ("AWS_CREDENTIAL_EXPIRATION", INSTANT),
    ];
    let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_549_845);
    let process = "[default]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"P\", \
                   \"SecretAccessKey\": \"p\", \"Expiration\": \"2030-01-02T02:04:05Z\"}'\n";
    for case in [
        Case::files("", "").with(VARIABLES),
        Case::files(process, ""),
    ] {
        let provider = case.load().unwrap().provider(&Env::real()).unwrap();
        let keys = provider.provide_credentials().await.unwrap();
        assert_eq!(keys.expiry(), Some(expected));
    }
}

#[test]
fn settings_when_printed_then_keep_their_secrets() {
    let secret = "[default]\naws_access_key_id = AKID\naws_secret_access_key = hidden\n\
                  aws_session_token = hidden\n";
    let printed = format!("{:?}", Case::files("", secret).load().unwrap());
    assert!(printed.contains("AKID"), "{printed}");
    assert!(!printed.contains("hidden"), "{printed}");
}

#[test]
fn account_id_mode_when_set_then_is_one_of_three() {
    let mode = |value| {
        let config = format!("[default]\naccount_id_endpoint_mode = {value}\n");
        Case::files(config.leak(), "")
            .load()
            .map(|settings| settings.account_id_mode)
    };
    assert_eq!(mode("required").unwrap(), AccountIdMode::Required);
    assert_eq!(mode("disabled").unwrap(), AccountIdMode::Disabled);
    assert_eq!(mode("preferred").unwrap(), AccountIdMode::Preferred);
    let error = mode("always").unwrap_err().to_string();
    let expected = "account_id_endpoint_mode of the profile `default` is preferred, disabled or \
                    required";
    assert_eq!(error, expected);
}

#[test]
fn files_when_named_by_variables_then_are_read_from_there() {
    let variable = |name: &str| match name {
        "AWS_CONFIG_FILE" => Some("~/mine".to_owned()),
        "AWS_SHARED_CREDENTIALS_FILE" => Some("/etc/keys".to_owned()),
        "HOME" => Some("/home/me".to_owned()),
        _ => None,
    };
    let file = |path: &Path| match path.to_str() {
        Some("/home/me/mine") => Ok("[default]\nregion = a\nca_bundle = ~/b.pem\n".to_owned()),
        Some("/etc/keys") => Err(io::ErrorKind::NotFound.into()),
        _ => panic!("{}", path.display()),
    };
    let settings = Settings::load(&Sources::new(variable, file), None).unwrap();
    assert_eq!(settings.region.as_deref(), Some("a"));
    assert_eq!(
        settings.ca_bundle.as_deref(),
        Some(Path::new("/home/me/b.pem"))
    );
    let refused = |_: &Path| Err(io::ErrorKind::PermissionDenied.into());
    let error = Settings::load(&Sources::new(variable, refused), None).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /home/me/mine");
}
