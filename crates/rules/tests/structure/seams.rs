//! Doors that only some may use: the proof that no policy has to be asked, and the standard streams
//! of the process.

use crate::arrows::TESTERS;
use crate::{files, root, text};

/// The only constructor of an operator.
const OPERATOR: &str = "Operator::from_command_line";
/// Where it may be used, besides in tests: in the binary, and in the simulation, which is not part
/// of it.
const MAKERS: [&str; 2] = ["crates/millstream/src/", "crates/sim/"];

#[test]
fn operator_when_made_then_by_the_binary_and_by_tests_alone() {
    let mut makers = 0;
    for path in files(&root().join("crates"), "rs") {
        if !text(&path).contains(OPERATOR) {
            continue;
        }
        let path = path.strip_prefix(root()).unwrap_or(&path);
        let path = path.to_string_lossy();
        let is_maker = MAKERS.iter().any(|maker| path.starts_with(maker));
        assert!(
            is_maker || path.contains("/tests/"),
            "{path} makes an operator"
        );
        makers += usize::from(path.starts_with(MAKERS[0]));
    }
    assert_eq!(makers, 1, "the binary does, in one place");
}

/// What opens connections to others.
const CONNECTORS: [&str; 9] = [
    "TcpStream::connect",
    "TcpSocket",
    "UdpSocket",
    "UnixStream",
    "to_socket_addrs",
    "lookup_host",
    "hyper::client",
    "hyper_util::client",
    "hyper_rustls",
];
/// Through whose code a request goes.
const SERVING: [&str; 12] = [
    "auth",
    "env",
    "http",
    "journal",
    "kms",
    "memory",
    "model",
    "protocol",
    "replicated",
    "service",
    "store",
    "streams",
];

/// A URL, a host or an ARN in a request cannot make the server connect to anything.
#[test]
fn server_when_it_serves_a_request_then_has_no_way_to_connect_to_others() {
    let mut read = 0;
    for krate in SERVING {
        let sources = root().join("crates").join(krate).join("src");
        for path in files(&sources, "rs") {
            let text = text(&path);
            let code = text
                .split("\n#[cfg(test)]\nmod ")
                .next()
                .unwrap_or_default();
            let name = path.to_string_lossy();
            if name.contains("/tests/") || name.ends_with("/tests.rs") {
                continue;
            }
            let found = CONNECTORS.iter().find(|way| code.contains(*way));
            assert_eq!(found, None, "{}", path.display());
            read += 1;
        }
    }
    assert!(read > 100, "only {read} files were read");
}

/// The gate of all requests, and where the operator's own go in.
const GATES: [&str; 2] = [
    "crates/millstream/src/streams.rs",
    "crates/service/src/dispatch.rs",
];
/// Where a request is found to be authorized.
const PROVERS: [&str; 2] = [
    "crates/auth/src/authorize.rs",
    "crates/auth/src/authorized.rs",
];

/// The lines of code with a text, of all crates but their tests, by their files.
fn users_of(wanted: &str) -> Vec<String> {
    let mut users = Vec::new();
    for path in files(&root().join("crates"), "rs") {
        let text = text(&path);
        let path = path.strip_prefix(root()).unwrap_or(&path);
        let path = path.to_string_lossy().into_owned();
        let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
        let code = text.split("\n#[cfg(test)]\nmod tests").next();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let lines = code.unwrap_or_default().lines().filter(is_code);
        let found = lines.filter(|line| line.contains(wanted)).count();
        users.extend((0..found).filter(|_| !is_test).map(|_| path.clone()));
    }
    users.sort();
    users
}

/// No handler can be called without an authorized input, by its type; and one place makes those of
/// requests, behind the only question to the policies.
#[test]
fn operations_when_begun_then_behind_one_gate() {
    assert_eq!(users_of("::handle("), GATES);
    for handed_on in [".handle(", "::handle)", "::handle,", "::handle;"] {
        assert_eq!(users_of(handed_on), [""; 0], "{handed_on}");
    }
    assert_eq!(users_of("Authorized::new("), PROVERS);
    assert_eq!(users_of(".authorize("), [GATES[1]; 2]);
    assert_eq!(users_of("Authorized::by_operator("), [GATES[0]]);
    assert_eq!(users_of(".policies.judge("), [PROVERS[0]]);
}

/// What leads to a standard stream of the process.
const STREAMS: [&str; 6] = [
    "io::stdin()",
    "io::stdout()",
    "io::stderr()",
    "print!(",
    "println!(",
    "dbg!(",
];
/// Where they are used: by what the tools have of a terminal, by the log, for the line that says
/// that a server is ready, for an audit log, and for the flags of a certificate.
const WRITERS: [&str; 5] = [
    "crates/tools/src/terminal/",
    "crates/millstream/src/audit/destination.rs",
    "crates/millstream/src/logging.rs",
    "crates/millstream/src/run.rs",
    "crates/millstream/src/self_signed.rs",
];

#[test]
fn standard_streams_when_used_then_in_few_places() {
    let mut found = Vec::new();
    for path in files(&root().join("crates"), "rs") {
        let text = text(&path);
        let path = path.strip_prefix(root()).unwrap_or(&path);
        let path = path.to_string_lossy().into_owned();
        let code = text.split("\n#[cfg(test)]\nmod tests").next();
        let mut lines = code.unwrap_or_default().lines();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let is_used = |line: &str| STREAMS.iter().any(|stream| line.contains(stream));
        if path.starts_with("crates/") && lines.any(|line| is_code(&line) && is_used(line)) {
            found.push(path);
        }
    }
    let is_product = |path: &&String| {
        let krate = path.split('/').nth(1).unwrap_or_default();
        let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
        !TESTERS.contains(&krate) && !is_test && !path.contains("/examples/")
    };
    let is_allowed = |path: &&String| WRITERS.iter().any(|writer| path.starts_with(writer));
    let (allowed, wrong): (Vec<_>, Vec<_>) = found.iter().filter(is_product).partition(is_allowed);
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(
        allowed.len() >= WRITERS.len(),
        "only {allowed:?} were found"
    );
}
