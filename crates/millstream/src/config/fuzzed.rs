//! Settings files and values that hold anything: a target of `millstream-fuzz`, which stands here
//! because nobody depends on a binary.

use super::*;
use crate::values;

/// A file for each command that has one, and a value of each kind. It is accepted or refused with
/// a message that names the file. Addresses are left out: names in them are looked up.
fn settings(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    for name in ["dev", "serve"] {
        if let Ok(table) = text.parse::<toml::Table>() {
            take(name, table);
        }
    }
    if let Ok(size) = values::parse_segment_size(text) {
        let again = values::parse_segment_size(&format!("{size}B"));
        assert_eq!(again, Ok(size));
    }
    if let Ok(pace) = values::parse_scaling_pace(text) {
        assert_eq!(values::parse_duration(text), Ok(pace));
        assert_eq!(values::parse_scaling_idle(text), Ok(pace));
    }
    if let Ok(host) = values::parse_host(text) {
        assert_eq!(host, text);
    }
    if let Ok(level) = values::parse_log_level(text) {
        assert_eq!(level, text);
    }
    if let Ok(spec) = text.parse::<values::StreamSpec>() {
        let again = format!("{}:{}", spec.name, spec.shards);
        assert_eq!(again.parse(), Ok(spec));
    }
}

fn take(name: &str, mut table: toml::Table) {
    table.retain(|key, _| !key.ends_with("listen"));
    let path = Path::new("settings.toml");
    let mut command = cli::command();
    let subcommand = command.find_subcommand_mut(name).unwrap();
    let result = flags(subcommand, table, path)
        .and_then(|flags| check(&OsString::from("millstream"), name, &flags, path));
    if let Err(error) = result {
        let said = error.to_string();
        assert!(said.contains("in settings.toml: "), "{said}");
        assert_eq!(error.exit_code(), 2, "{said}");
    }
}

#[test]
fn settings_when_they_are_anything_then_are_taken_or_refused() {
    millstream_fuzz::fuzz("settings", settings);
}
