//! A file that changes, look by look.

use super::*;
use crate::credentials::reader::tests::{READS, one_key, write};

struct World {
    _folder: tempfile::TempDir,
    follower: Follower,
}

impl World {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        write(&path, text);
        let Read { keys, print, .. } = reader::read(&path).unwrap();
        Self {
            _folder: folder,
            follower: Follower {
                path,
                store: KeyStore::new(keys),
                in_force: Some(print),
                bad: 0,
                said: String::new(),
            },
        }
    }

    fn write(&self, text: &str) {
        write(&self.follower.path, text);
    }

    fn look(&mut self) -> Option<Found> {
        self.follower.look()
    }

    fn keys(&self) -> usize {
        self.follower.store.len()
    }
}

#[test]
fn file_when_it_changes_then_is_in_force_at_the_next_look_and_said_once() {
    let mut world = World::new(&one_key("AKID"));
    assert_eq!(world.look(), None);
    world.write(&format!(
        "{}{}",
        one_key("AKID"),
        one_key("AKID2").replace("ann", "bob")
    ));
    assert_eq!(world.look(), Some(Found::Taken(2, 2)));
    assert_eq!((world.look(), world.keys()), (None, 2));
    world.write("");
    assert_eq!(world.look(), Some(Found::Taken(0, 0)));
    assert_eq!((world.look(), world.keys()), (None, 0));
}

#[test]
fn policy_when_its_file_changes_then_is_in_force_and_once_it_is_none_everybody_is_refused() {
    let mut world = World::new("");
    let policy = world.follower.path.with_file_name("reads.json");
    write(&policy, READS);
    let text = one_key("AKID");
    world.write(&text.replace(
        "[[users.keys]]",
        "policies = [\"reads.json\"]\n[[users.keys]]",
    ));
    assert_eq!(world.look(), Some(Found::Taken(1, 1)));
    assert_eq!(world.look(), None);
    write(&policy, &READS.replace("Get", "Put"));
    assert_eq!(world.look(), Some(Found::Taken(1, 1)));
    for broken in ["", "{}", "{\"Statement\":[]}"] {
        write(&policy, broken);
        assert_eq!((world.look(), world.keys()), (None, 1), "{broken}");
        let Some(Found::Refusing(said)) = world.look() else {
            panic!("{broken} is no policy");
        };
        assert!(said.contains("users[0].policies[0]: "), "{said}");
        assert_eq!(world.keys(), 0);
        write(&policy, READS);
        assert_eq!(world.look(), Some(Found::Taken(1, 1)));
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "credentials are on the real disk"
)]
fn file_when_it_cannot_be_used_then_everybody_is_refused_after_a_second_look() {
    let breaks: [fn(&World); 3] = [
        |world| world.write("users = 1"),
        |world| std::fs::remove_file(&world.follower.path).unwrap(),
        |world| {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            std::fs::set_permissions(&world.follower.path, permissions).unwrap();
        },
    ];
    for broken in breaks {
        let mut world = World::new(&one_key("AKID"));
        broken(&world);
        // It may be in the middle of being written.
        assert_eq!((world.look(), world.keys()), (None, 1));
        assert!(matches!(world.look(), Some(Found::Refusing(_))));
        assert_eq!((world.look(), world.keys()), (None, 0));
        // Also with the text that it had before.
        let _ = std::fs::remove_file(&world.follower.path);
        world.write(&one_key("AKID"));
        assert_eq!(world.look(), Some(Found::Taken(1, 1)));
        assert_eq!(world.keys(), 1);
        broken(&world);
        assert_eq!((world.look(), world.keys()), (None, 1));
    }
}
