//! Files before and after a change.

use super::*;
use crate::credentials::reader::tests::{READS, one_key, write};
use std::os::unix::fs::PermissionsExt;

fn issued(id: &str) -> Issued {
    Issued {
        id: id.to_owned(),
        secret: Zeroizing::new("a secret of forty letters".replace(' ', "+")),
    }
}

fn created() -> Datetime {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

fn owner(name: &str) -> Owner {
    Owner::new(&AccountId::parse("111122223333").unwrap(), name)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn file_when_a_key_is_added_and_removed_then_its_comments_and_order_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let before = format!(
        "# ours\nregions = [ \"eu-west-1\" ] # here\n\n{}# after ann\n",
        one_key("AKID").replace("name = ", "# who\nname   = ")
    );
    write(&path, &before);
    let add = |name, id| {
        edit(&path, Missing::Refused, |file| {
            add_key(file, &owner(name), &issued(id), created())
        })
    };
    add("ann", "NEW1").unwrap();
    add("bob", "NEW2").unwrap();
    let after = text(&path);
    for line in before.lines() {
        assert!(after.contains(line), "{line}\n{after}");
    }
    assert_eq!(after.matches("[[users]]").count(), 2, "{after}");
    assert_eq!(reader::read(&path).unwrap().keys.len(), 3);
    assert!(add("ann", "NEW2").is_err());
    assert_eq!(text(&path), after);

    let remove = |id| edit(&path, Missing::Refused, |file| remove_key(file, id));
    assert_eq!(remove("NEW2").unwrap(), owner("bob"));
    assert_eq!(remove("NEW1").unwrap(), owner("ann"));
    let said = format!("{:#}", remove("NEW1").unwrap_err());
    assert_eq!(said, "there is no access key NEW1");
    let after = text(&path);
    for line in before.lines() {
        assert!(after.contains(line), "{line}\n{after}");
    }
    assert_eq!(reader::read(&path).unwrap().keys.len(), 1);
}

#[test]
fn policies_when_added_then_are_there_once_and_say_what_the_user_may_do() {
    const AWS: &str = "arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let policy = folder.path().join("reads.json");
    write(&policy, READS);
    let add = |name, given: &[&str]| {
        let entries = given.iter().map(|given| entry_of(given, &path).unwrap());
        let entries: Vec<_> = entries.collect();
        edit(&path, Missing::Made, |file| {
            let may = add_policies(file, &owner(name), &entries)?;
            add_key(file, &owner(name), &issued(name), created())?;
            Ok(may)
        })
    };
    let given = policy.to_str().unwrap();
    assert_eq!(add("bob", &[]).unwrap(), May::Nothing);
    assert!(!text(&path).contains("policies"));
    assert_eq!(add("ann", &[given]).unwrap(), May::Something);
    assert_eq!(add("root", &[]).unwrap(), May::Everything);
    let more = |given: &[&str]| {
        let entries: Vec<_> = given.iter().map(|one| (*one).to_owned()).collect();
        edit(&path, Missing::Refused, |file| {
            add_policies(file, &owner("ann"), &entries)
        })
    };
    assert_eq!(more(&[AWS, "reads.json"]).unwrap(), May::Something);
    assert_eq!(more(&[]).unwrap(), May::Something);
    let expected = format!("policies = [\"reads.json\", \"{AWS}\"]");
    assert!(text(&path).contains(&expected), "{}", text(&path));
    let before = text(&path);
    let said = format!("{:#}", more(&["none.json"]).unwrap_err());
    assert!(said.contains("none.json: No such file"), "{said}");
    let said = format!("{:#}", add("root", &[AWS]).unwrap_err());
    assert!(said.contains("remove its policies"), "{said}");
    assert_eq!(text(&path), before);
}

/// A server that is given the link reads the names from there.
#[test]
fn policy_when_elsewhere_or_behind_a_link_then_is_named_from_the_root() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [folder, other] = [folder.path(), other.path()].map(|path| path.canonicalize().unwrap());
    let (path, link) = (folder.join("keys.toml"), other.join("link"));
    write(&path, "");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let entry = |given: PathBuf, file: &Path| entry_of(given.to_str().unwrap(), file).unwrap();
    let sub = folder.join("policies/a.json");
    assert_eq!(entry(sub.clone(), &path), "policies/a.json");
    assert_eq!(
        entry(folder.join("a.json"), &folder.join("new.toml")),
        "a.json"
    );
    for (given, file) in [
        (sub, &link),
        (other.join("a.json"), &link),
        (other.join("a.json"), &path),
    ] {
        assert_eq!(entry(given.clone(), file), given.to_str().unwrap());
    }
}

#[test]
fn file_when_missing_then_is_made_for_its_owner_alone_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let add = |missing| {
        edit(&path, missing, |file| {
            add_key(file, &owner("ann"), &issued("NEW1"), created())
        })
    };
    assert!(add(Missing::Refused).is_err());
    assert!(!path.exists());
    add(Missing::Made).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(text(&path).starts_with("# Access keys of Millstream"));
    // Nothing else is left in the folder.
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn file_when_behind_a_link_then_is_changed_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("keys.toml"), folder.path().join("link"));
    write(&path, &one_key("AKID"));
    std::os::unix::fs::symlink("keys.toml", &link).unwrap();
    edit(&link, Missing::Refused, |file| remove_key(file, "AKID")).unwrap();
    assert!(link.is_symlink() && !path.is_symlink());
    assert!(!text(&path).contains("AKID"));
}

#[test]
fn file_when_wrong_or_being_changed_then_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let add = || {
        edit(&path, Missing::Refused, |file| {
            add_key(file, &owner("ann"), &issued("NEW1"), created())
        })
    };
    for (before, said) in [
        ("users = 1", "users: expected an array of tables"),
        ("regions = [", "line 1: "),
        ("users = []", "write users as [[users]]"),
        (
            "[[users]]\naccount = \"111122223333\"\nname = \"ann\"\nkeys = []\n",
            "write the user's keys as [[users.keys]]",
        ),
    ] {
        write(&path, before);
        let complaint = format!("{:#}", add().unwrap_err());
        assert!(complaint.contains(said), "{complaint}");
        assert_eq!(text(&path), before);
    }
    write(&path, "");
    let place = Place::of(&path).unwrap();
    let lock = place.lock().unwrap();
    let complaint = format!("{:#}", add().unwrap_err());
    assert!(
        complaint.contains("another command changes credentials"),
        "{complaint}"
    );
    drop(lock);
    add().unwrap();
}
