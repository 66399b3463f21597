//! Files in, tables or complaints out. No complaint quotes the file.

use super::*;
use crate::credentials::policies::POLICIES_MAX;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

/// A policy that permits reading.
pub const READS: &str =
    r#"{"Statement":{"Effect":"Allow","Action":"kinesis:Get*","Resource":"*"}}"#;
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
    for (name, text) in [
        ("reads.json", READS),
        ("shared.json", READS),
        ("broken.json", "{}"),
        ("lines.json", "{\"a\\nb\":1}"),
        ("large.json", &" ".repeat(65_537)),
    ] {
        write(&folder.path().join(name), text);
    }
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(folder.path().join("shared.json"), everybody).unwrap();
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
            &format!("{USER}policies = \"a\""),
            "users[0].policies: expected an array of texts",
        ),
        (
            &format!("{}policies = []", USER.replace("ann", "root")),
            "users[0].policies: the user called root may do everything",
        ),
        (
            &format!("{USER}policies = [{}]", "\"reads.json\",".repeat(21)),
            "users[0].policies: a user has at most 20 policies",
        ),
        (&two, "the access key AKID is there twice"),
    ] {
        check_wrong(text, said);
    }
}

#[test]
fn file_when_its_users_have_policies_then_each_is_read_from_its_folder() {
    for policies in [
        "",
        "policies = []",
        "policies = [\"reads.json\", \"arn:aws:iam::aws:policy/AmazonKinesisFullAccess\"]",
        &format!("policies = [{}]", "\"reads.json\",".repeat(20)),
    ] {
        let read = read_text(&format!("{USER}{policies}"));
        assert_eq!(read.unwrap().users, 1, "{policies}");
    }
}

#[test]
fn file_when_a_policy_is_wrong_then_is_refused_with_its_place() {
    for (policy, said) in [
        ("none.json", "FOLDER/none.json: No such file"),
        ("broken.json", "FOLDER/broken.json: no Statement"),
        ("lines.json", "FOLDER/lines.json: a b is no part of Policy"),
        ("secret", "FOLDER/secret: not JSON"),
        ("large.json", "FOLDER/large.json: larger than 65536 bytes"),
        (
            "shared.json",
            "others than its owner can change it (mode 666); chmod go-w it",
        ),
        (".", "not a regular file"),
        ("", "not a regular file"),
        (
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "expected one of arn:aws:iam::aws:policy/AmazonKinesisFullAccess, \
             arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess, or the name of a file",
        ),
    ] {
        let text = format!("{USER}policies = [\"reads.json\", \"{policy}\"]");
        check_wrong(&text, "users[0].policies[1]: ");
        check_wrong(&text, said);
    }
}

/// Policies are counted once, however many users have them, and there are not too many.
#[test]
fn policies_when_there_are_too_many_then_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    write(&folder.path().join("reads.json"), READS);
    let mut named = tempfile::Builder::new();
    let _a = named.prefix("a").rand_bytes(0).tempdir_in(folder.path());
    for (more, is_read) in [(0, true), (1, false)] {
        let mut text = String::new();
        for number in 0..POLICIES_MAX + more {
            // The same file by another name is another policy.
            let name = format!("{}reads.json", "a/../".repeat(number));
            text += &USER.replace("ann", &format!("u{number}"));
            text += &format!("policies = [\"reads.json\", \"{name}\"]\n");
        }
        write(&path, &text);
        let read = read(&path).map(|read| read.users);
        match read {
            Ok(users) => assert!(is_read && users == POLICIES_MAX),
            Err(error) => {
                let said = "there are more than 512 different policies";
                assert!(
                    !is_read && format!("{error:#}").ends_with(said),
                    "{error:#}"
                );
            }
        }
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
    let policy = folder.path().join("reads.json");
    let by_file = by_file.replace(
        "[[users.keys]]",
        "policies = [\"reads.json\"]\n[[users.keys]]",
    );
    write(&path, &by_file);
    write(&policy, READS);
    write(&other, SECRET_TEXT);
    let before = read(&path).unwrap().print;
    assert!(print(&path, &before).unwrap() == before);
    write(&other, "another secret of this key");
    assert!(print(&path, &before).unwrap() != before);
    write(&other, SECRET_TEXT);
    write(&policy, &READS.replace("Get", "Put"));
    assert!(print(&path, &before).unwrap() != before);
    write(&policy, READS);
    write(&path, &format!("{by_file}\n"));
    assert!(print(&path, &before).unwrap() != before);
}
