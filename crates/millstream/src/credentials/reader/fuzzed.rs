//! Credentials files that hold anything: a target of `millstream-fuzz`, which stands here because
//! nobody depends on a binary.

use super::*;

/// A file is taken or refused in one line; one that is taken is still right after it was parsed and
/// printed by the commands. Names of other files are left out: they are on this machine.
fn credentials(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let refers = text.contains("-file") || text.contains("policies");
    if refers && !text.contains("arn:aws:iam::aws:policy/") || text.contains('\\') {
        return;
    }
    let path = Path::new("keys.toml");
    match check(path, text) {
        Ok(()) => {
            let again = layout::parse(text).unwrap().to_string();
            assert_eq!(check(path, &again), Ok(()));
        }
        Err(Wrong(said)) => {
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(
                !said.contains("CANARY") || !text.contains("secret = \"CANARY"),
                "{said}"
            );
        }
    }
}

#[test]
fn credentials_when_they_are_anything_then_are_taken_or_refused() {
    millstream_fuzz::fuzz("credentials", credentials);
}
