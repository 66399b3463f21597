//! AWS's examples of signatures, `aws-signing-test-suite` of its crate aws-sigv4: each request,
//! signed in the header and in the query, is rebuilt to the same texts and verified.

use crate::keys::{KeyStore, Validity};
use crate::signature::canonical::{self, tests::path_of};
use crate::signature::key::hash;
use crate::signature::signed_headers::{SignedHeaders, host_of};
use crate::signature::signing::{NOW, Signed, head_of, judge, keys, session};
use crate::signature::{TERMINATOR, Verifier, hex};
use crate::{Authenticator, Mode};
use http::{HeaderName, HeaderValue, Request};
use millstream_env::ManualClock;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Paths that no request can have as they are: of these the paths alone are compared.
const RAW: [&str; 2] = ["get-space-normalized", "get-space-unnormalized"];
/// Examples without credentials, of encoded paths.
const PATHS: [&str; 2] = ["double-encode-path", "double-url-encode"];
/// A token that is added after signing, which this service does not take.
const UNSIGNED_TOKEN: &str = "post-sts-header-after";

/// This machine, as the compiler names it.
fn host() -> String {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(compiler).arg("-vV").output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

/// The folder of the examples, below the sources of the crate. Packages that only other machines
/// need may not be there.
fn folder() -> PathBuf {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .args(["--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test, so it is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == "aws-sigv4");
    let manifest = package.unwrap()["manifest_path"].as_str().unwrap();
    Path::new(manifest).with_file_name("aws-signing-test-suite/v4")
}

fn text(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A request as the examples write it: a line of the head may go on in the next.
fn parse(text: &str) -> Signed {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let head = head.replace("\n ", " ");
    let mut lines = head.lines();
    let first = lines.next().unwrap();
    let (method, target) = first.split_once(' ').unwrap();
    let target = target.trim_end_matches(" HTTP/1.1");
    let mut request = Request::builder().method(method).uri(target);
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_str(value.trim()).unwrap();
        request = request.header(name, value);
    }
    request.body(body.as_bytes().to_vec()).unwrap()
}

/// The path of an unsigned example, however it is written.
fn path_line(folder: &Path) -> String {
    let signed = text(folder, "header-signed-request.txt");
    let line = signed.lines().next().unwrap();
    let (_, target) = line.split_once(' ').unwrap();
    path_of(target.trim_end_matches(" HTTP/1.1"))
}

/// The example's form: in the header or in the query.
fn check_form(folder: &Path, form: &str, context: &Value) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let request = parse(&text(folder, &format!("{form}-signed-request.txt")));
    let head = head_of(&request);
    let canonical_request = text(folder, &format!("{form}-canonical-request.txt"));
    let signed = canonical_request.lines().rev().nth(1).unwrap();
    let signed = SignedHeaders::parse(signed).unwrap();
    let body_hash = hex::encode(&hash(request.body()));
    let rebuilt = canonical::request(head, host_of(head).unwrap(), signed, &body_hash);
    let rebuilt = String::from_utf8(rebuilt).unwrap();
    let is_normalized = context["normalize"] == true;
    if !is_normalized && path_of(request.uri().path()) != request.uri().path() {
        // It was signed with the path as it is, as for S3.
        assert_ne!(rebuilt, canonical_request, "{name}");
        return;
    }
    let is_token_unsigned = name == UNSIGNED_TOKEN;
    if !(is_token_unsigned && form == "query") {
        assert_eq!(rebuilt, canonical_request, "{name} {form}");
        let scope = ["20150830", "us-east-1", "service", TERMINATOR];
        let hashed = hash(rebuilt.as_bytes());
        let string = canonical::string_to_sign("20150830T123600Z", scope, &hashed);
        let expected = text(folder, &format!("{form}-string-to-sign.txt"));
        assert_eq!(
            String::from_utf8(string).unwrap(),
            expected,
            "{name} {form}"
        );
    }
    let validity = match context["credentials"]["token"].as_str() {
        None => Validity::Lasting,
        Some(token) => session(token, None),
    };
    let clock = Arc::new(ManualClock::new(NOW));
    let verifier = Verifier::of_service(KeyStore::new(keys(validity)), clock, "service");
    let judged = judge(&Authenticator::new(Mode::Verified(verifier)), &request);
    assert_eq!(
        judged.is_ok(),
        !is_token_unsigned,
        "{name} {form}: {judged:?}"
    );
}

#[test]
fn examples_of_aws_when_rebuilt_then_have_the_same_texts_and_are_verified() {
    let mut count = 0;
    #[expect(
        clippy::disallowed_methods,
        reason = "the examples are on the real disk"
    )]
    let entries = std::fs::read_dir(folder()).unwrap();
    for entry in entries {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap();
        count += 1;
        if RAW.contains(&name) || PATHS.contains(&name) {
            let expected = text(&folder, "header-canonical-request.txt");
            assert_eq!(
                path_line(&folder),
                expected.lines().nth(1).unwrap(),
                "{name}"
            );
            continue;
        }
        let context: Value = serde_json::from_str(&text(&folder, "context.json")).unwrap();
        check_form(&folder, "header", &context);
        check_form(&folder, "query", &context);
    }
    assert_eq!(count, 40, "examples were added or lost");
}
