//! Flags and files in, settings or refusals out. The environment is tested on the real binary.

use super::*;
use crate::cli::{Limits, LogFormat, Run};
use std::time::Duration;

fn parse_words(words: &str) -> Result<Cli, clap::Error> {
    parse(words.split(' ').map(OsString::from))
}

/// Parses `words` with a `--config` file of this content.
fn parse_with(file: &str, words: &str) -> Result<Cli, clap::Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::io::Write::write_all(
        &mut std::fs::File::create_new(&path).unwrap(),
        file.as_bytes(),
    )
    .unwrap();
    let words = words.split(' ').map(OsString::from);
    parse(words.chain([OsString::from("--config"), path.into_os_string()]))
}

fn check_refused(parsed: Result<Cli, clap::Error>, said: &[&str]) {
    let error = parsed.expect_err(said[0]);
    let text = error.to_string();
    assert_eq!(error.exit_code(), 2, "{text}");
    for said in said {
        assert!(text.contains(said), "{said:?} is not in {text:?}");
    }
}

fn dev(cli: Cli) -> cli::Dev {
    match cli.command {
        Run::Dev(dev) => dev,
        other @ (Run::Serve(_)
        | Run::Cert(_)
        | Run::Check(_)
        | Run::Credentials(_)
        | Run::Keys(_)
        | Run::Policy(_)
        | Run::Repair(_)
        | Run::Tool(_)) => {
            panic!("not dev: {other:?}")
        }
    }
}

#[test]
fn flags_when_listed_then_each_has_its_variable_its_key_and_help() {
    let command = cli::command();
    let mut count = 0;
    let tools = |name: &str| !["dev", "serve", "cert"].contains(&name);
    for subcommand in command
        .get_subcommands()
        .filter(|sub| !tools(sub.get_name()))
    {
        for arg in subcommand
            .get_arguments()
            .filter(|arg| arg.get_action().takes_values() && !arg.is_positional())
        {
            count += 1;
            let flag = arg.get_long().expect("there are only long flags");
            let variable = arg.get_env().and_then(|name| name.to_str());
            assert_eq!(variable, Some(&*cli::variable(flag)), "{flag}");
            assert!(arg.get_help().is_some(), "{flag}");
            let has_file = subcommand
                .get_arguments()
                .any(|arg| arg.get_id() == "config");
            if has_file && flag != "config" {
                let words = format!("millstream {}", subcommand.get_name());
                let refused = parse_with(&format!("{flag} = true"), &words);
                check_refused(refused, &[flag, "expected a string or a number"]);
            }
        }
    }
    assert_eq!(count, 44, "a flag was added or lost");
    assert_eq!(cli::variable("data-dir"), "MILLSTREAM_DATA_DIR");
}

/// A setting in the environment of a server must not change what a tool does on the same machine.
#[test]
fn flags_of_tools_when_listed_then_have_help_and_neither_variable_nor_file() {
    let command = cli::command();
    let is_tool = |name: &str| <millstream_tools::Tool as clap::Subcommand>::has_subcommand(name);
    let tools: Vec<_> = command
        .get_subcommands()
        .filter(|sub| is_tool(sub.get_name()))
        .collect();
    assert!(tools.len() > 1, "{tools:?}");
    for tool in tools {
        assert!(tool.get_about().is_some() && tool.get_after_long_help().is_some());
        for arg in tool.get_arguments() {
            assert!(arg.get_env().is_none(), "{arg}");
            assert!(arg.get_help().is_some(), "{arg}");
            assert_ne!(arg.get_id(), "config");
        }
    }
}

#[test]
fn command_line_when_checked_by_clap_then_holds_together() {
    cli::command().debug_assert();
}

#[test]
fn dev_when_nothing_is_said_then_has_the_defaults() {
    let dev = dev(parse_words("millstream dev").unwrap());
    let shared = &dev.shared;
    assert_eq!(shared.listen.to_string(), "127.0.0.1:4567");
    assert_eq!(
        (shared.admin_listen, shared.data_dir.as_deref()),
        (None, None)
    );
    assert_eq!(
        (shared.limits, shared.log_format),
        (Limits::Aws, LogFormat::Human)
    );
    assert_eq!(
        (shared.transition_time, shared.segment_size),
        (Duration::ZERO, 128 << 20)
    );
    assert!(shared.shard_limit.is_none() && shared.durability.is_none());
    assert!(dev.streams.is_empty());
}

#[test]
fn strict_auth_when_given_with_and_without_a_value_then_is_on_or_off() {
    use crate::cli::StrictAuth::{self, Off, On};
    let strict = |parsed: Result<Cli, _>| -> StrictAuth { dev(parsed.unwrap()).shared.strict_auth };
    for (words, expected) in [
        ("millstream dev", Off),
        ("millstream dev --strict-auth", On),
        ("millstream dev --strict-auth --limits off", On),
        ("millstream dev --strict-auth on", On),
        ("millstream dev --strict-auth=off", Off),
    ] {
        assert_eq!(strict(parse_words(words)), expected, "{words}");
    }
    let file = "strict-auth = \"on\"";
    assert_eq!(strict(parse_with(file, "millstream dev")), On);
    let words = "millstream dev --strict-auth off";
    assert_eq!(strict(parse_with(file, words)), Off);
}

#[test]
fn addresses_when_they_are_names_then_are_looked_up() {
    let words = "millstream dev --listen localhost:1 --admin-listen localhost:2";
    let shared = dev(parse_words(words).unwrap()).shared;
    let addresses = [shared.listen, shared.admin_listen.unwrap()];
    assert!(addresses.iter().all(|address| address.ip().is_loopback()));
    assert_eq!(addresses.map(|address| address.port()), [1, 2]);
    let refused = parse_words("millstream dev --listen localhost:65536");
    check_refused(refused, &["--listen", "a port is a number from 0 to 65535"]);
}

#[test]
fn file_when_it_has_settings_then_they_hold_unless_a_flag_says_otherwise() {
    let file = r#"
        listen = "127.0.0.1:1"
        limits = "off"
        shard-limit = 7
        transition-time = "500ms"
        segment-size = "1MiB"
        stream = ["a:2", "b"]
    "#;
    let from_file = dev(parse_with(file, "millstream dev").unwrap());
    let shared = &from_file.shared;
    assert_eq!(shared.listen.port(), 1);
    assert_eq!((shared.limits, shared.shard_limit), (Limits::Off, Some(7)));
    assert_eq!(shared.transition_time, Duration::from_millis(500));
    assert_eq!(shared.segment_size, 1 << 20);
    let streams: Vec<_> = from_file
        .streams
        .iter()
        .map(|s| (s.name.as_str(), s.shards))
        .collect();
    assert_eq!(streams, [("a", 2), ("b", 1)]);

    let words = "millstream dev --listen 127.0.0.1:2 --stream c,d:3 --limits aws";
    let over = dev(parse_with(file, words).unwrap());
    assert_eq!(
        (over.shared.listen.port(), over.shared.limits),
        (2, Limits::Aws)
    );
    assert_eq!(over.shared.shard_limit, Some(7));
    let streams: Vec<_> = over
        .streams
        .iter()
        .map(|s| (s.name.as_str(), s.shards))
        .collect();
    assert_eq!(streams, [("c", 1), ("d", 3)]);
}

#[test]
fn file_when_it_is_wrong_then_is_refused_by_name() {
    for (file, said) in [
        (
            "colour = 1",
            &["settings.toml", "colour", "dev has no such setting"][..],
        ),
        ("config = \"a\"", &["config", "dev has no such setting"]),
        ("help = \"a\"", &["help", "dev has no such setting"]),
        ("auth = \"off\"", &["auth", "dev has no such setting"]),
        (
            "limits = \"none\"",
            &["settings.toml", "--limits", "'none'"],
        ),
        (
            "limits = [\"off\"]",
            &["limits", "expected a string or a number"],
        ),
        ("shard-limit = 0", &["settings.toml", "--shard-limit"]),
        (
            "stream = [\"a:x\"]",
            &["settings.toml", "--stream", "whole number"],
        ),
        ("listen = ", &["--config", "settings.toml"]),
    ] {
        check_refused(parse_with(file, "millstream dev"), said);
    }
    check_refused(
        parse_with("limits = \"none\"", "millstream dev --limits off"),
        &["settings.toml", "--limits", "'none'"],
    );
    check_refused(
        parse_words("millstream dev --config /nowhere.toml"),
        &["--config", "nowhere"],
    );
}

#[test]
fn flags_when_wrong_then_are_refused_by_name() {
    for (flag, value) in [
        ("--listen", "4567"),
        ("--admin-listen", "localhost"),
        ("--durability", "maybe"),
        ("--stream", "a b"),
        ("--limits", "none"),
        ("--strict-auth", "maybe"),
        ("--shard-limit", "0"),
        ("--transition-time", "soon"),
        ("--segment-size", "1KiB"),
        ("--log-format", "xml"),
        ("--log-level", "a=b=c"),
        ("--tls", "on"),
        ("--days", "0"),
        ("--host", "a..b"),
    ] {
        let run = match flag {
            "--tls" => "serve",
            "--days" | "--host" => "cert",
            _ => "dev",
        };
        let words = ["millstream", run, flag, value].map(OsString::from);
        check_refused(parse(words), &[flag, value]);
    }
}

#[test]
fn serve_when_unsafe_or_homeless_then_is_refused_by_name() {
    let settings = |words: &str| match parse_words(words).unwrap().command {
        Run::Serve(serve) => crate::serve::settings(serve),
        other @ (Run::Dev(_)
        | Run::Cert(_)
        | Run::Check(_)
        | Run::Credentials(_)
        | Run::Keys(_)
        | Run::Policy(_)
        | Run::Repair(_)
        | Run::Tool(_)) => {
            panic!("not serve: {other:?}")
        }
    };
    let refused = |words: &str, said: &str| {
        let error = settings(words).expect_err(words);
        assert!(
            error.exit_code() == 2 && error.to_string().contains(said),
            "{error}"
        );
    };
    refused("millstream serve", "--data-dir");
    let local = settings("millstream serve --data-dir d --durability os").unwrap();
    assert_eq!(local.durability, cli::Durability::Os);
    assert_eq!(
        local.server.admin_listen.unwrap().to_string(),
        "127.0.0.1:4568"
    );
}

/// Where it listens, whether it verifies, and whether it encrypts: what comes of each.
#[test]
fn serve_when_others_can_connect_then_needs_credentials_and_a_certificate_or_a_word_about_it() {
    const CREDENTIALS: &str = "--credentials c";
    const CERTIFICATE: &str = "--tls-cert a --tls-key b";
    let no_credentials = |address| format!("--listen {address}: without --credentials <FILE>");
    let no_certificate = |address| format!("--listen {address}: without a certificate");
    for (address, is_local) in [
        ("127.0.0.1:1", true),
        ("127.9.9.9:1", true),
        ("[::1]:1", true),
        ("0.0.0.0:1", false),
        ("[::]:1", false),
        ("192.0.2.1:1", false),
    ] {
        for credentials in ["", CREDENTIALS] {
            for tls in [
                "",
                CERTIFICATE,
                "--tls off",
                "--tls off --tls-cert a --tls-key b",
            ] {
                let words =
                    format!("millstream serve --data-dir d --listen {address} {credentials} {tls}");
                let words: Vec<_> = words.split_whitespace().collect();
                let Run::Serve(serve) = parse_words(&words.join(" ")).unwrap().command else {
                    panic!("it is serve");
                };
                let said = match crate::serve::settings(serve) {
                    Ok(settings) => {
                        assert_eq!(settings.credentials.is_some(), !credentials.is_empty());
                        String::new()
                    }
                    Err(error) => error.to_string(),
                };
                let expected = match (is_local, credentials, tls) {
                    (_, _, tls) if tls.starts_with("--tls off -") => {
                        "--tls off contradicts --tls-cert and --tls-key".to_owned()
                    }
                    (true, _, _) | (false, CREDENTIALS, CERTIFICATE | "--tls off") => String::new(),
                    (false, CREDENTIALS, _) => no_certificate(address),
                    (false, _, _) => no_credentials(address),
                };
                assert_eq!(said.is_empty(), expected.is_empty(), "{words:?}: {said}");
                assert!(said.contains(&expected), "{words:?}: {said}");
            }
        }
    }
}

#[test]
fn certificate_when_without_its_key_or_the_key_alone_then_is_refused_by_name() {
    for (flag, missing) in [("--tls-cert", "--tls-key"), ("--tls-key", "--tls-cert")] {
        let words = format!("millstream dev {flag} file");
        let refused = crate::dev::settings(dev(parse_words(&words).unwrap()));
        let error = refused.map(drop).expect_err(flag).to_string();
        assert!(
            error.contains(&format!("{missing} <FILE> is missing")),
            "{error}"
        );
    }
    let words = "millstream dev --tls-cert a --tls-key b";
    let both = crate::dev::settings(dev(parse_words(words).unwrap())).unwrap();
    assert!(both.certificate.is_some());
}
