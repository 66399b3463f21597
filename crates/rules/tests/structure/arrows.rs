//! Dependencies between our crates point one way.
//!
//! The tables are exact, not permissive: a new dependency is a decision and changes a table, and an
//! unused one is removed.

use crate::packages;
use serde_json::Value;
use std::collections::BTreeMap;

type Arrows = BTreeMap<String, Vec<String>>;

/// The dependencies of each crate's code.
const CODE: [(&str, &[&str]); 23] = [
    ("model", &[]),
    ("protocol-derive", &[]),
    ("env", &[]),
    ("memory", &[]),
    ("protocol", &["protocol-derive"]),
    ("store", &["env"]),
    ("journal", &["env", "memory", "store"]),
    ("replicated", &["env", "store"]),
    ("auth", &["env", "model", "protocol"]),
    ("kms", &["auth", "env", "model"]),
    ("kms-aws", &["auth", "kms", "model"]),
    ("client", &["env", "model", "protocol"]),
    ("tools", &["client", "env", "protocol"]),
    (
        "streams",
        &[
            "auth",
            "env",
            "kms",
            "memory",
            "model",
            "protocol",
            "replicated",
            "store",
        ],
    ),
    (
        "service",
        &[
            "auth", "env", "memory", "model", "protocol", "store", "streams",
        ],
    ),
    (
        "http",
        &[
            "auth", "env", "memory", "model", "protocol", "service", "streams",
        ],
    ),
    (
        "millstream",
        &[
            "auth", "client", "env", "http", "journal", "kms", "kms-aws", "model", "protocol",
            "store", "streams", "tools",
        ],
    ),
    // What tests the others. The judge knows none of the code that it judges.
    ("judge", &[]),
    ("crash", &["client", "env", "judge", "protocol"]),
    (
        "sim",
        &[
            "auth",
            "env",
            "journal",
            "judge",
            "kms",
            "model",
            "protocol",
            "replicated",
            "service",
            "store",
            "streams",
        ],
    ),
    ("rules", &[]),
    ("pages", &[]),
    // All that reads bytes from outside.
    (
        "fuzz",
        &[
            "auth",
            "client",
            "env",
            "journal",
            "model",
            "pages",
            "protocol",
            "replicated",
            "service",
            "store",
            "streams",
            "tools",
        ],
    ),
];
/// Additional dependencies of a crate's tests: a server needs a store and a client.
const TESTS: [(&str, &[&str]); 13] = [
    // `pages` to hold formats against their pages, `env`, `kms` and `store` for their doubles, the
    // journal for a store on a disk, the service to see answers as clients do.
    (
        "streams",
        &["env", "journal", "kms", "pages", "service", "store"],
    ),
    ("store", &["env"]),
    ("journal", &["env", "pages", "store"]),
    ("model", &["pages"]),
    ("protocol", &["pages"]),
    ("replicated", &["env", "store"]),
    // `kms` for its double.
    ("http", &["client", "env", "kms", "pages", "store"]),
    // `pages` to ask botocore what it does with the same.
    ("auth", &["env"]),
    ("kms", &["env", "pages"]),
    ("client", &["env", "pages"]),
    // `env` and `store` for their doubles, `pages` for AWS's service model, `replicated` for facts
    // that it is the cause of.
    ("service", &["env", "pages", "replicated", "store"]),
    ("tools", &["env"]),
    ("millstream", &["env", "fuzz"]),
];
/// What tests the others: nobody's code uses it.
pub const TESTERS: [&str; 6] = ["judge", "crash", "sim", "rules", "pages", "fuzz"];
/// Meaningless names.
const MEANINGLESS: [&str; 6] = ["common", "core", "helpers", "misc", "util", "utils"];

/// A package's name in the code.
fn short(name: &str) -> &str {
    name.strip_prefix("millstream-").unwrap_or(name)
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a package has a name")
}

/// The arrows of one kind: `null` for code, `"dev"` for tests, `"build"` for build scripts.
fn arrows(kind: &Value) -> Arrows {
    let packages = packages();
    let ours = |dependency: &&Value| dependency["path"].is_string() && dependency["kind"] == *kind;
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array();
            let all = all.expect("a package has dependencies").iter();
            let mut to: Vec<String> = all
                .filter(ours)
                .map(|dependency| short(name(dependency)).to_owned())
                .collect();
            to.sort();
            (short(name(package)).to_owned(), to)
        })
        .collect()
}

fn expected(rows: &[(&str, &[&str])]) -> Arrows {
    let row = |(from, to): &(&str, &[&str])| {
        let to = to.iter().map(|to| (*to).to_owned()).collect();
        ((*from).to_owned(), to)
    };
    rows.iter().map(row).collect()
}

#[test]
fn crates_when_they_depend_on_each_other_then_only_along_the_arrows() {
    let code = arrows(&Value::Null);
    assert_eq!(code, expected(&CODE), "left: found, right: allowed");
}

#[test]
fn tests_when_they_need_other_crates_then_only_those_allowed() {
    let mut tests = arrows(&Value::from("dev"));
    tests.retain(|_, to| !to.is_empty());
    assert_eq!(tests, expected(&TESTS), "left: found, right: allowed");
}

#[test]
fn build_scripts_when_there_are_any_then_use_none_of_our_crates() {
    let mut scripts = arrows(&Value::from("build"));
    scripts.retain(|_, to| !to.is_empty());
    assert_eq!(scripts, Arrows::new());
}

/// Everything that a crate depends on, itself included.
fn reached(code: &Arrows, from: &str) -> Vec<String> {
    let mut reached = vec![from.to_owned()];
    let mut next = 0;
    while let Some(from) = reached.get(next) {
        reached.extend(code[from].clone());
        next += 1;
    }
    reached
}

/// Nothing that a request says can make the server call another one: it has nothing to do it with.
#[test]
fn server_when_its_arrows_are_followed_then_none_leads_to_a_client() {
    let code = expected(&CODE);
    for server in ["http", "service", "streams", "auth", "journal", "kms"] {
        let reached = reached(&code, server);
        for client in ["client", "kms-aws", "tools"] {
            assert!(
                !reached.contains(&client.to_owned()),
                "{server} can use {client}"
            );
        }
    }
}

#[test]
fn arrows_when_followed_then_never_lead_to_testers_nor_from_below_to_kinesis() {
    let code = expected(&CODE);
    for (from, to) in &code {
        let is_tester = TESTERS.contains(&from.as_str());
        let tester = to.iter().find(|to| TESTERS.contains(&to.as_str()));
        assert!(
            is_tester || tester.is_none(),
            "{from} depends on {tester:?}"
        );
    }
    for below in ["journal", "replicated", "store", "env", "memory"] {
        let reached = reached(&code, below);
        for above in ["model", "protocol", "auth", "streams", "service", "http"] {
            assert!(
                !reached.contains(&above.to_owned()),
                "{below} knows {above}"
            );
        }
    }
}

#[test]
fn crates_when_named_then_say_what_they_are() {
    for package in packages() {
        let name = short(name(&package));
        assert!(!MEANINGLESS.contains(&name), "{name}");
    }
    for path in crate::files(&crate::root().join("crates"), "rs") {
        let parts = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        for part in parts {
            let stem = part.trim_end_matches(".rs");
            assert!(!MEANINGLESS.contains(&stem), "{}", path.display());
        }
    }
}

/// The feature of a crate that has what only its users' tests need.
const FOR_TESTS: &str = "testing";

#[test]
fn release_when_it_is_built_then_has_no_double() {
    let of_release = tree(&["--edges", "normal,build"]);
    assert!(of_release.contains("millstream-env "), "{of_release}");
    let doubles: Vec<&str> = of_release.lines().filter(has_doubles).collect();
    assert!(doubles.is_empty(), "{doubles:#?}");
    // What is looked for can be found.
    let of_tests = tree(&["--edges", "normal,build,dev"]);
    let count = of_tests.lines().filter(has_doubles).count();
    assert!(count > 0, "{of_tests}");
}

/// A crate's line has its features at the end.
fn has_doubles(line: &&str) -> bool {
    let line = line.trim_end_matches(" (*)");
    let features = line.rsplit(' ').next().unwrap_or_default();
    line.starts_with("millstream") && features.split(',').any(|feature| feature == FOR_TESTS)
}

/// What the binary is built from, a crate and its features a line.
fn tree(options: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--package", "millstream", "--offline", "--locked"])
        .args(["--prefix", "none", "--format", "{p} {f}"])
        .args(options)
        .current_dir(crate::root())
        .output()
        .expect("cargo runs this test, so it is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
