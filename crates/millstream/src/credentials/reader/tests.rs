//! Files in, tables or complaints out. No complaint quotes the file.

use super::*;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

const SECRET_TEXT: &str = "CANARYwJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLE";

/// Writes a file that only its owner can read.
#[expect(
    clippy::disallowed_methods,
    reason = "credentials are on the real disk"
)]
pub fn write(path: &Path, text: &str) {
    let mut options = std::fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

/// A file with one key of this id.
pub fn one_key(id: &str) -> String {
    format!(
        "[[users]]\naccount = \"111122223333\"\nname = \"ann\"\n\
         [[users.keys]]\nid = \"{id}\"\nsecret = \"{SECRET_TEXT}\"\n"
    )
}

fn read_text(text: &str) -> Result<Read, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    write(&path, text);
    write(&folder.path().join("secret"), &format!("{SECRET_TEXT}\n"));
    write(&folder.path().join("short"), "CANARYshort");
    read(&path).map_err(|error| {
        let said = format!("{error:#}");
        said.replace(&folder.path().display().to_string(), "FOLDER")
    })
}

#[test]
fn file_when_it_is_right_then_has_its_users_and_keys() {
    for (text, users, keys) in [
        ("", 0, 0),
        ("# nothing\n", 0, 0),
        ("regions = [\"eu-west-1\", \"local\"]\n", 0, 0),
        (&one_key("AKIDEXAMPLE"), 1, 1),
        (
            "users = [{ account = \"111122223333\", name = \"a\", keys = [] }]",
            1,
            0,
        ),
        (
            &format!(
                "{}secret-file = \"secret\"\n[[users.keys]]\nid = \"two\"\nsecret = \"{SECRET_TEXT}\"\n\
                 created = 2026-11-30T12:00:00Z\nsession-token = \"t\"\nexpires = 2030-01-01T00:00:00+02:00\n",
                one_key("AKIDEXAMPLE").replace(&format!("secret = \"{SECRET_TEXT}\"\n"), "")
            ),
            1,
            2,
        ),
    ] {
        let read = read_text(text).unwrap_or_else(|said| panic!("{text}: {said}"));
        assert_eq!((read.users, read.keys.len()), (users, keys), "{text}");
    }
}

const USER: &str = "[[users]]\naccount = \"111122223333\"\nname = \"ann\"\n";

/// A user's key with these members.
fn key(members: &str) -> String {
    format!("{USER}[[users.keys]]\nid = \"AKID\"\n{members}")
}

#[track_caller]
fn check_wrong(text: &str, said: &str) {
    let complaint = read_text(text).map(|_| ()).expect_err(text);
    assert!(complaint.contains(said), "{text}\n{complaint}");
    let begins = "--credentials FOLDER/keys.toml: ";
    assert!(complaint.starts_with(begins), "{complaint}");
    assert!(!complaint.contains("CANARY"), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
}

#[test]
fn file_when_its_users_are_wrong_then_the_place_is_named() {
    let two = one_key("AKID") + &one_key("AKID").replace("ann", "bob");
    for (text, said) in [
        ("users = 1", "users: expected an array of tables"),
        ("users = [1]", "users: expected an array of tables"),
        (
            "a = 1",
            "the file has a member that is none of regions, users",
        ),
        ("regions = \"a\"", "regions: expected an array of texts"),
        ("regions = []", "regions: an empty list serves no region"),
        ("[[users]]\nname = \"a\"", "users[0].account is missing"),
        (
            "[[users]]\naccount = \"1\"",
            "users[0].account: expected twelve digits",
        ),
        (
            &USER.replace("ann", "a b"),
            "users[0].name: expected 1 to 64 letters",
        ),
        (
            &USER.repeat(2),
            "users[1].name: the account has a user of this name",
        ),
        (
            &format!("{USER}policies = []"),
            "users[0].policies: policies are not enforced",
        ),
        (&two, "the access key AKID is there twice"),
    ] {
        check_wrong(text, said);
    }
}

#[test]
fn file_when_its_keys_are_wrong_then_the_place_is_named_and_no_secret() {
    for (members, said) in [
        ("", "users[0].keys[0].secret or secret-file is missing"),
        (
            "secret = 5",
            "users[0].keys[0].secret: expected a text in quotes",
        ),
        (
            "secret = \"CANARYshort\"",
            "expected 16 to 256 visible ASCII characters",
        ),
        (
            "secret-file = \"short\"",
            "expected 16 to 256 visible ASCII characters",
        ),
        (
            "secret-file = \"none\"",
            "secret-file: FOLDER/none: No such file",
        ),
    ] {
        check_wrong(&key(members), said);
    }
    for (members, said) in [
        (
            "secret-file = \"secret\"",
            "secret: give it or secret-file, not both",
        ),
        (
            "id2 = 1",
            "users[0].keys[0] has a member that is none of id, secret,",
        ),
        (
            "expires = 2030-01-01T00:00:00Z",
            "expires: only a session expires",
        ),
        ("created = \"today\"", "created: expected a time such as"),
        ("created = 2030-01-01", "created: expected a time such as"),
        ("session-token = \"\"", "expected 1 to 8192 visible"),
        ("CANARY", "line 7: "),
        ("secret = \"CANARYagain\"", "line 7: "),
        ("x = \"CANARY", "line 7: "),
    ] {
        check_wrong(
            &key(&format!("secret = \"{SECRET_TEXT}\"\n{members}")),
            said,
        );
    }
}

#[test]
fn file_when_others_have_access_then_is_refused_and_so_is_one_it_refers_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let other = folder.path().join("secret");
    let by_file = one_key("AKID").replace(
        &format!("secret = \"{SECRET_TEXT}\""),
        "secret-file = \"secret\"",
    );
    write(&path, &by_file);
    write(&other, SECRET_TEXT);
    assert!(read(&path).is_ok());
    for exposed in [&other, &path] {
        let mode = |mode| {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
            std::fs::set_permissions(exposed, permissions).unwrap();
        };
        mode(0o640);
        let said = format!("{:#}", read(&path).map(|_| ()).unwrap_err());
        assert!(said.contains("(mode 640); chmod 600 it"), "{said}");
        mode(0o600);
    }
}

#[test]
fn fingerprint_when_any_of_the_files_changes_then_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let other = folder.path().join("secret");
    let by_file = one_key("AKID").replace(
        &format!("secret = \"{SECRET_TEXT}\""),
        "secret-file = \"secret\"",
    );
    write(&path, &by_file);
    write(&other, SECRET_TEXT);
    let before = read(&path).unwrap().print;
    assert!(print(&path, &before).unwrap() == before);
    write(&other, "another secret of this key");
    assert!(print(&path, &before).unwrap() != before);
    write(&other, SECRET_TEXT);
    write(&path, &format!("{by_file}\n"));
    assert!(print(&path, &before).unwrap() != before);
}
