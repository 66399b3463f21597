//! The commands that change a keyring.

use crate::process::millstream;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

/// A folder with a keyring.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("keyring.json")
    }

    /// Runs `millstream keys ACTION FILE …`.
    fn run(&self, action: &str, more: &[&str]) -> Output {
        let mut command = millstream();
        command.args(["keys", action]).arg(self.file()).args(more);
        command.output().unwrap()
    }

    /// The same, and what it prints.
    fn keys(&self, action: &str, more: &[&str]) -> String {
        let output = self.run(action, more);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same, and why it fails.
    fn refused(&self, action: &str, more: &[&str]) -> String {
        let output = self.run(action, more);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(output.stdout, b"");
        String::from_utf8(output.stderr).unwrap()
    }

    fn create(&self, more: &[&str]) -> String {
        self.keys("create", more).trim_end().to_owned()
    }

    fn list(&self) -> Vec<Value> {
        let listed = self.keys("list", &["--json"]);
        let lines = listed.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn state(&self) -> String {
        self.list()[0]["KeyState"].as_str().unwrap().to_owned()
    }

    /// All secrets that the file has.
    fn secrets(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file()).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let keys = file["keys"].as_array().unwrap().iter();
        let materials = keys.flat_map(|key| key["materials"].as_array().unwrap());
        let secret = |material: &Value| material["secret"].as_str().unwrap().to_owned();
        materials.map(secret).collect()
    }
}

#[test]
fn key_when_made_then_is_named_and_listed_and_its_file_is_its_owners_alone() {
    let world = World::new();
    let arn = world.create(&["--account", "111122223333", "--region", "eu-west-1"]);
    assert!(
        arn.starts_with("arn:aws:kms:eu-west-1:111122223333:key/"),
        "{arn}"
    );
    let mode = world.file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let made = world.keys("create", &["--alias", "alias/orders", "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let metadata = &made["KeyMetadata"];
    let id = metadata["KeyId"].as_str().unwrap();
    let expected = format!("arn:aws:kms:us-east-1:000000000000:key/{id}");
    assert_eq!(metadata["Arn"], expected);
    assert_eq!(metadata["AWSAccountId"], "000000000000");
    assert_eq!(metadata["KeyState"], "Enabled");
    let listed = world.list();
    assert_eq!(listed.len(), 2);
    assert_eq!(&listed[0], metadata);
    assert_eq!(listed[1]["Arn"], arn);
    let table = world.keys("list", &[]);
    for said in [
        "111122223333",
        "eu-west-1",
        id,
        "alias/orders",
        "Enabled",
        "000000000000",
    ] {
        assert!(table.contains(said), "{said}: {table}");
    }
}

#[test]
fn key_when_taken_through_its_states_then_is_listed_in_each_and_refuses_the_rest() {
    let world = World::new();
    let arn = world.create(&["--alias", "alias/orders"]);
    let id = arn.rsplit('/').next().unwrap();
    let alias_arn = "arn:aws:kms:us-east-1:000000000000:alias/orders";
    assert_eq!(world.keys("disable", &["alias/orders"]), "");
    assert_eq!(world.state(), "Disabled");
    let said = world.refused("rotate", &[id]);
    assert_eq!(
        said,
        format!("millstream: {arn} is Disabled: it has to be Enabled.\n")
    );
    assert_eq!(world.keys("enable", &[&arn]), "");
    assert_eq!(world.state(), "Enabled");
    assert_eq!(world.keys("rotate", &[alias_arn]), "");
    let listed = world.list();
    assert_eq!(listed[0]["Materials"], 2);
    assert!(listed[0]["RotationDate"].is_string(), "{listed:?}");

    let said = world.keys("delete", &[id, "--days", "7"]);
    let due = listed_date(&world, "DeletionDate");
    assert_eq!(said, format!("{arn} is gone on {due}\n"));
    assert_eq!(world.state(), "PendingDeletion");
    assert!(
        world
            .keys("list", &[])
            .contains(&format!("PendingDeletion {due}"))
    );
    let said = world.refused("enable", &[id]);
    assert!(
        said.ends_with("is PendingDeletion: it has to be Enabled or Disabled.\n"),
        "{said}"
    );
    assert_eq!(world.keys("cancel-deletion", &[id]), "");
    assert_eq!(world.state(), "Disabled");
    let said = world.refused("cancel-deletion", &[id]);
    assert!(
        said.ends_with("is Disabled: it has to be PendingDeletion.\n"),
        "{said}"
    );
}

fn listed_date(world: &World, member: &str) -> String {
    world.list()[0][member].as_str().unwrap().to_owned()
}

#[test]
fn alias_when_given_moved_and_removed_then_is_that_of_one_key() {
    let world = World::new();
    let [first, second] = [(); 2].map(|()| world.create(&[]));
    let holder = || {
        let listed = world.list();
        let holds = |key: &&Value| key["Aliases"] == serde_json::json!(["alias/orders"]);
        let mut holders = listed.iter().filter(holds);
        let holder = holders
            .next()
            .map(|key| key["Arn"].as_str().unwrap().to_owned());
        assert!(holders.next().is_none());
        holder
    };
    world.keys("alias", &["alias/orders", &first]);
    assert_eq!(holder().as_ref(), Some(&first));
    world.keys("alias", &["alias/orders", &second]);
    assert_eq!(holder().as_ref(), Some(&second));
    let said = world.refused("create", &["--alias", "alias/orders"]);
    let expected = format!("alias/orders is that of {second}; `millstream keys alias` moves it");
    assert_eq!(said, format!("millstream: {expected}.\n"));
    assert_eq!(world.list().len(), 2);
    world.keys("alias", &["alias/orders", "--remove"]);
    assert_eq!(holder(), None);
    for (action, more, expected) in [
        (
            "alias",
            &["alias/orders", "--remove"][..],
            "there is no alias alias/orders",
        ),
        ("rotate", &["alias/orders"], "there is no key alias/orders"),
        (
            "alias",
            &["alias/aws/s3", &first],
            "alias/aws/s3: of the aliases that begin with aws/ there is only alias/aws/kinesis",
        ),
        (
            "alias",
            &[&first, &second],
            &format!("{first} is no alias: write alias/NAME, or an alias's ARN"),
        ),
        (
            "alias",
            &["arn:aws:kms:eu-west-1:000000000000:alias/a", &first],
            &format!(
                "arn:aws:kms:eu-west-1:000000000000:alias/a cannot be that of {first}: they are \
                 of different accounts or regions"
            ),
        ),
    ] {
        let said = world.refused(action, more);
        assert_eq!(said, format!("millstream: {expected}.\n"));
    }
}

#[test]
fn keyring_when_it_cannot_be_used_then_is_refused_as_it_is_and_quoted_by_nobody() {
    let world = World::new();
    let missing = world.refused("list", &[]);
    let file = world.file();
    let name = file.display();
    let expected = format!("there is no keyring {name}; `millstream keys create` makes one");
    assert_eq!(missing, format!("millstream: {expected}.\n"));
    assert_eq!(world.refused("rotate", &["alias/orders"]), missing);
    world.create(&["--alias", "alias/orders"]);
    let text = std::fs::read_to_string(&file).unwrap();
    let secret = world.secrets().remove(0);
    for (broken, said) in [
        (String::new(), "it is empty"),
        (
            text.replace("Enabled", "Disabled"),
            "it is damaged, or no keyring",
        ),
        (secret.clone(), "it is damaged, or no keyring"),
        (
            text[..text.len() / 2].to_owned(),
            "it is damaged, or no keyring",
        ),
    ] {
        write(&world, &broken);
        for (action, more) in [
            ("list", &[][..]),
            ("create", &[]),
            ("rotate", &["alias/orders"]),
        ] {
            let refused = world.refused(action, more);
            assert!(
                refused.contains(said) && refused.contains("keyring.json: "),
                "{refused}"
            );
            assert!(
                !refused.contains(&secret) && refused.lines().count() == 1,
                "{refused}"
            );
            assert_eq!(std::fs::read_to_string(&file).unwrap(), broken);
        }
    }
    write(&world, &text);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = world.refused("list", &[]);
    assert!(refused.contains("(mode 640); chmod 600 it"), "{refused}");
}

#[expect(clippy::disallowed_methods, reason = "the keyring is on the real disk")]
fn write(world: &World, text: &str) {
    std::fs::write(world.file(), text).unwrap();
}

#[test]
fn material_when_keys_are_made_rotated_and_listed_then_is_printed_by_no_command() {
    let world = World::new();
    let mut said = String::new();
    let mut run = |action: &str, more: &[&str]| {
        let output = world.run(action, more);
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        said.push_str(&String::from_utf8_lossy(&output.stderr));
    };
    run("create", &["--alias", "alias/orders"]);
    run("create", &["--json"]);
    run("rotate", &["alias/orders"]);
    run("list", &[]);
    run("list", &["--json"]);
    run("disable", &["alias/orders"]);
    run("rotate", &["alias/orders"]);
    run("delete", &["alias/orders"]);
    run("alias", &["alias/other", "alias/orders"]);
    let secrets = world.secrets();
    assert_eq!(secrets.len(), 3);
    for secret in secrets {
        assert!(!said.contains(&secret[..8]), "{said}");
    }
}

/// None of them undoes another's change: each is done, or says that it was not.
#[test]
fn commands_when_many_run_at_once_then_the_keyring_has_what_each_told() {
    let world = World::new();
    world.create(&[]);
    let start = |number: usize| {
        let mut command = millstream();
        let alias = format!("alias/{number}");
        let command = command.args(["keys", "create", "--alias", &alias]);
        let command = command
            .arg(world.file())
            .stdout(std::process::Stdio::piped());
        command
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..12).map(start).collect();
    let mut told = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) => told.push(
                String::from_utf8(output.stdout)
                    .unwrap()
                    .trim_end()
                    .to_owned(),
            ),
            Some(1) => assert!(said.contains("try again in a moment"), "{said}"),
            status => panic!("{status:?}: {said}"),
        }
    }
    let mut listed: Vec<String> = world.list().iter().map(arn_of).collect();
    listed.retain(|arn| told.contains(arn));
    assert_eq!(listed.len(), told.len());
    assert_eq!(world.list().len(), told.len() + 1);
}

fn arn_of(key: &Value) -> String {
    key["Arn"].as_str().unwrap().to_owned()
}

#[test]
fn command_when_its_words_are_wrong_then_says_what_is_expected() {
    let world = World::new();
    for (action, more, expected) in [
        (
            "create",
            &["--account", "1"][..],
            "an account has twelve digits",
        ),
        (
            "create",
            &["--region", "?"],
            "a region is written as eu-west-1",
        ),
        (
            "create",
            &["--alias", "orders"],
            "an alias is alias/ followed by",
        ),
        (
            "rotate",
            &["a/b"],
            "a key is its id, its ARN, an alias such as alias/orders",
        ),
        ("delete", &["alias/a", "--days", "6"], "7..=30"),
        ("alias", &["alias/a"], "<KEY>"),
        (
            "alias",
            &["alias/a", "alias/b", "--remove"],
            "cannot be used with",
        ),
    ] {
        let output = world.run(action, more);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(!world.file().exists());
    }
}
