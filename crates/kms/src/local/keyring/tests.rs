//! Changes of keys, state by state.

use super::*;
use millstream_env::SeededRandom;
use millstream_model::{AccountId, Region};

const NOW: Timestamp = Timestamp(1_764_511_200_000);
const DAY: Duration = Duration::from_hours(24);

pub fn place(account: &str, region: &str) -> Place {
    Place {
        account: AccountId::parse(account).unwrap(),
        region: Region::parse(region).unwrap(),
    }
}

fn here() -> Place {
    place("111122223333", "eu-west-1")
}

struct World {
    random: SeededRandom,
    keyring: Keyring,
}

impl World {
    fn new() -> Self {
        Self {
            random: SeededRandom::new(1),
            keyring: Keyring::default(),
        }
    }

    fn create(&mut self, place: Place) -> KeyArn {
        let change = Change {
            now: NOW,
            random: &self.random,
        };
        self.keyring.create(place, change).unwrap()
    }

    fn rotate(&mut self, arn: &KeyArn, now: Timestamp) -> Result<(), ChangeError> {
        let change = Change {
            now,
            random: &self.random,
        };
        self.keyring.rotate(arn, change)
    }
}

/// What may be done to a key, and with which result.
const OPERATIONS: [&str; 6] = ["rotate", "enable", "disable", "delete", "cancel", "alias"];

fn operate(
    world: &mut World,
    arn: &KeyArn,
    operation: &str,
    now: Timestamp,
) -> Result<(), ChangeError> {
    let keyring = &mut world.keyring;
    match operation {
        "rotate" => world.rotate(arn, now),
        "enable" => keyring.set_state(arn, Usable::Yes, now),
        "disable" => keyring.set_state(arn, Usable::No, now),
        "delete" => keyring.schedule_deletion(arn, 30, now).map(drop),
        "cancel" => keyring.cancel_deletion(arn, now),
        "alias" => keyring.set_alias(arn, "orders", now),
        other => panic!("{other}"),
    }
}

#[test]
fn key_when_in_any_state_then_takes_the_operations_of_that_state_alone() {
    let pending = KeyState::PendingDeletion {
        due: NOW.plus(30 * DAY),
    };
    let (enabled, disabled) = (KeyState::Enabled, KeyState::Disabled);
    // The state after each operation; none if it is refused.
    let table = [
        (
            enabled,
            [
                Some(enabled),
                Some(enabled),
                Some(disabled),
                Some(pending),
                None,
                Some(enabled),
            ],
        ),
        (
            disabled,
            [
                None,
                Some(enabled),
                Some(disabled),
                Some(pending),
                None,
                Some(disabled),
            ],
        ),
        (pending, [None, None, None, None, Some(disabled), None]),
    ];
    for (state, after) in table {
        for (operation, after) in OPERATIONS.into_iter().zip(after) {
            let mut world = World::new();
            let arn = world.create(here());
            world.keyring.keys.get_mut(&arn).unwrap().state = state;
            let before = world.keyring.clone();
            let done = operate(&mut world, &arn, operation, NOW);
            match after {
                Some(after) => {
                    assert_eq!(done, Ok(()), "{operation} {state:?}");
                    assert_eq!(
                        world.keyring.keys[&arn].state, after,
                        "{operation} {state:?}"
                    );
                }
                None => {
                    let said = done.unwrap_err().to_string();
                    let expected = format!("{arn} is {}: it has to be ", state.name());
                    assert!(said.starts_with(&expected), "{operation}: {said}");
                    assert_eq!(world.keyring, before, "{operation} {state:?}");
                }
            }
        }
    }
}

#[test]
fn key_when_its_deletion_is_due_then_is_gone_for_everyone_and_leaves_with_the_next_change() {
    let mut world = World::new();
    let arn = world.create(here());
    world.keyring.set_alias(&arn, "orders", NOW).unwrap();
    let due = world.keyring.schedule_deletion(&arn, 7, NOW).unwrap();
    assert_eq!(due, NOW.plus(7 * DAY));
    let before = due.minus(Duration::from_millis(1));
    assert!(world.keyring.key(&arn, before).is_some());
    assert_eq!(world.keyring.aliased(&here(), "orders", before), Some(&arn));

    assert!(world.keyring.key(&arn, due).is_none());
    assert_eq!(world.keyring.aliased(&here(), "orders", due), None);
    for operation in OPERATIONS {
        let done = operate(&mut world, &arn, operation, due);
        assert_eq!(
            done,
            Err(ChangeError::NoSuchKey(arn.to_string())),
            "{operation}"
        );
    }
    assert_eq!(world.keyring.keys().count(), 1);
    let change = Change {
        now: due,
        random: &world.random,
    };
    assert_eq!(world.keyring.remove_gone(due), [arn]);
    let other = world.keyring.create(here(), change).unwrap();
    assert_eq!(
        world.keyring.keys().map(|(arn, _)| arn).collect::<Vec<_>>(),
        [&other]
    );
    for days in [0, 6, 31] {
        let refused = world.keyring.schedule_deletion(&other, days, due);
        assert_eq!(refused, Err(ChangeError::Days));
    }
    let said = ChangeError::Days.to_string();
    assert_eq!(said, "a key is deleted after 7 to 30 days");
}

#[test]
fn key_when_rotated_then_has_another_material_and_keeps_the_old_ones() {
    let mut world = World::new();
    let arn = world.create(here());
    let first = world.keyring.keys[&arn].materials.clone();
    for _ in 0..3 {
        world.rotate(&arn, NOW).unwrap();
    }
    let materials = &world.keyring.keys[&arn].materials;
    assert_eq!(materials[..1], first);
    let numbers: Vec<u32> = materials.iter().map(|material| material.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    for (at, material) in materials.iter().enumerate() {
        let is_same = |other: &Material| other.secret == material.secret;
        assert!(!materials[at + 1..].iter().any(is_same));
    }
}

#[test]
fn alias_when_given_to_another_key_of_its_place_then_moves_and_elsewhere_is_another_one() {
    let mut world = World::new();
    let [first, second] = [(); 2].map(|()| world.create(here()));
    let elsewhere = place("111122223333", "us-east-1");
    let third = world.create(elsewhere.clone());
    for (arn, alias) in [(&first, "orders"), (&second, "orders"), (&third, "orders")] {
        world.keyring.set_alias(arn, alias, NOW).unwrap();
    }
    assert_eq!(world.keyring.aliased(&here(), "orders", NOW), Some(&second));
    assert_eq!(
        world.keyring.aliased(&elsewhere, "orders", NOW),
        Some(&third)
    );

    let parse = |text: &str| KeyId::parse(text).unwrap();
    let ambiguous = world.keyring.meant(&parse("alias/orders"), NOW);
    let said = "alias/orders is in several accounts or regions: give its ARN";
    assert_eq!(ambiguous.unwrap_err().to_string(), said);
    let own = parse("arn:aws:kms:eu-west-1:111122223333:alias/orders");
    for (name, arn) in [
        (own.clone(), &second),
        (parse(first.id()), &first),
        (parse(&third.to_string()), &third),
    ] {
        assert_eq!(world.keyring.meant(&name, NOW).as_ref(), Ok(arn));
    }
    assert_eq!(world.keyring.remove_alias(&own, NOW), Ok(second.clone()));
    assert_eq!(
        world.keyring.remove_alias(&own, NOW),
        Err(ChangeError::NoSuchAlias(
            "arn:aws:kms:eu-west-1:111122223333:alias/orders".to_owned()
        ))
    );
    assert_eq!(world.keyring.meant(&parse("alias/orders"), NOW), Ok(third));
    assert_eq!(
        world.keyring.set_alias(&first, "aws/s3", NOW),
        Err(ChangeError::Reserved("aws/s3".to_owned()))
    );
    world
        .keyring
        .set_alias(&first, BUILT_IN_ALIAS, NOW)
        .unwrap();
}

#[test]
fn keyring_when_full_then_takes_no_more_of_the_kind() {
    let mut world = World::new();
    let arn = world.create(here());
    let key = world.keyring.keys.get_mut(&arn).unwrap();
    let material = key.materials[0].clone();
    key.materials.resize(MATERIALS_MAX, material);
    let full = |max, what| Err(ChangeError::Full { max, what });
    let before = world.keyring.clone();
    assert_eq!(
        world.rotate(&arn, NOW),
        full(MATERIALS_MAX, "materials of the key")
    );
    assert_eq!(world.keyring, before);
    for alias in 0..ALIASES_MAX {
        world
            .keyring
            .set_alias(&arn, &alias.to_string(), NOW)
            .unwrap();
    }
    world.keyring.set_alias(&arn, "1", NOW).unwrap();
    let refused = world.keyring.set_alias(&arn, "more", NOW);
    assert_eq!(refused, full(ALIASES_MAX, "aliases of the key"));
    for _ in 1..KEYS_MAX {
        world.create(here());
    }
    let change = Change {
        now: NOW,
        random: &world.random,
    };
    let refused = world.keyring.create(here(), change).map(drop);
    assert_eq!(refused, full(KEYS_MAX, "keys"));
}

#[test]
fn keys_when_printed_for_debugging_then_show_no_material() {
    let mut world = World::new();
    let arn = world.create(here());
    let secret = world.keyring.keys[&arn].materials[0].secret.expose();
    let bytes: Vec<String> = secret.iter().map(u8::to_string).collect();
    let said = format!("{:?} {:#?}", world.keyring, world.keyring);
    assert!(said.contains("***"), "{said}");
    assert!(!said.contains(&bytes.join(", ")), "{said}");
}
