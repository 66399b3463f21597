//! The client's examples, as a newcomer runs them: with the usual variables, and with a profile and
//! a certificate.

use crate::server::{Server, binary, server, server_with};
use std::path::{Path, PathBuf};
use std::process::Command;

const EXAMPLES: [&str; 3] = ["orders", "producer", "consumer"];

/// An example that was built beside this test.
fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.ancestors().nth(2).unwrap();
    let path = built.join("examples").join(name);
    let how = "build it: cargo build --workspace --all-targets";
    assert!(path.is_file(), "{}: {how}", path.display());
    path
}

fn run(name: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(example(name));
    command.env_clear().envs(variables.iter().copied());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
}

#[test]
fn examples_when_told_by_variables_then_do_what_they_say() {
    let server = server();
    for name in EXAMPLES {
        run(
            name,
            &[
                ("AWS_ENDPOINT_URL", &server.url),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "any"),
                ("AWS_SECRET_ACCESS_KEY", "any"),
            ],
        );
    }
}

/// A server with TLS, whose certificate is in the folder.
fn tls_server(folder: &Path) -> Server {
    let mut command = Command::new(binary());
    command.args(["cert", "--out"]).arg(folder);
    assert!(command.output().unwrap().status.success());
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    server_with(&["--tls-cert", &cert, "--tls-key", &key])
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the files of a profile")]
fn examples_when_told_by_a_profile_with_a_certificate_then_do_it_through_tls() {
    let folder = tempfile::tempdir().unwrap();
    let server = tls_server(folder.path());
    let url = server.url.replace("http://", "https://");
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let config = format!(
        "[profile test]\nregion = eu-west-1\nendpoint_url = {url}\nca_bundle = {}\n",
        path("cert.pem")
    );
    let credentials = "[test]\naws_access_key_id = any\naws_secret_access_key = any\n";
    std::fs::write(path("config"), config).unwrap();
    std::fs::write(path("credentials"), credentials).unwrap();
    for name in EXAMPLES {
        run(
            name,
            &[
                ("AWS_PROFILE", "test"),
                ("AWS_CONFIG_FILE", &path("config")),
                ("AWS_SHARED_CREDENTIALS_FILE", &path("credentials")),
            ],
        );
    }
}
